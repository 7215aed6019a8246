//! What sockets count. Names are `waxwing_realtime_<name>`; labels are closed sets, never players.

use platform::metrics::Registry;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use protocol::close::CloseCode;

use crate::Dialect;

/// How many bytes there are of something.
pub(crate) type ByteGauge = Gauge;

/// The counters of this crate; a clone counts into the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Sessions now, by dialect.
    pub sockets: Family<Dialects, Gauge>,
    /// Connections refused for want of room, or because the handshake was not ours.
    pub connections_refused: Family<Reason, Counter>,
    /// Messages taken, by event.
    pub messages: Family<Event, Counter>,
    /// Messages refused before a role saw them, by code.
    pub messages_refused: Family<Reason, Counter>,
    /// Frames of plain sockets that broke a rule, by which.
    pub frames_refused: Family<Reason, Counter>,
    /// Events handed to transports.
    pub events_sent: Counter,
    /// Those of them that went to the kernel together with others.
    pub events_batched: Counter,
    /// How events for many reach the kernel: 1 for what is in use.
    pub delivery: Family<Means, Gauge>,
    /// Ticks that a slow reader missed.
    pub ticks_skipped: Counter,
    /// Sessions closed by us, by why.
    pub closed: Family<Reason, Counter>,
    /// Bytes that wait for slow readers, those of frames that many wait for counted at each.
    pub bytes_queued: Gauge,
}

/// How a socket speaks.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Dialects {
    /// The dialect's name.
    pub dialect: &'static str,
}

impl Dialects {
    /// The label of `dialect`.
    #[must_use]
    pub const fn of(dialect: Dialect) -> Self {
        Self { dialect: dialect.as_str() }
    }
}

/// How something is done.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Means {
    /// `io_uring` or `write`.
    pub by: &'static str,
}

/// Which event.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Event {
    /// The event's name.
    pub event: &'static str,
}

/// Why.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Reason {
    /// A code of the contract, or the name of a rule.
    pub reason: &'static str,
}

impl Metrics {
    /// Adds everything to `registry`.
    pub fn register(&self, registry: &Registry) {
        let registry = registry.sub_registry_with_prefix("waxwing_realtime");
        registry.register("sockets", "Sessions now, by dialect", self.sockets.clone());
        registry.register(
            "connections_refused",
            "Connections refused for want of room",
            self.connections_refused.clone(),
        );
        registry.register("messages", "Messages taken, by event", self.messages.clone());
        registry.register(
            "messages_refused",
            "Messages refused before a role saw them, by code",
            self.messages_refused.clone(),
        );
        registry.register(
            "frames_refused",
            "Frames of plain sockets that broke a rule, by which",
            self.frames_refused.clone(),
        );
        registry.register("events_sent", "Events handed to transports", self.events_sent.clone());
        registry.register(
            "events_batched",
            "Events handed to the kernel together with others",
            self.events_batched.clone(),
        );
        registry.register(
            "delivery",
            "How events for many reach the kernel, 1 for what is in use",
            self.delivery.clone(),
        );
        registry.register(
            "ticks_skipped",
            "Ticks that a slow reader missed",
            self.ticks_skipped.clone(),
        );
        // An alert watches it: the first to be closed must be one more than before.
        let _zero = self.closed.get_or_create(&Reason { reason: CloseCode::Slow.as_str() });
        registry.register("closed", "Sessions closed by the server, by why", self.closed.clone());
        registry.register(
            "bytes_queued",
            "Bytes that wait for slow readers",
            self.bytes_queued.clone(),
        );
    }
}
