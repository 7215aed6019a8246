//! What becomes of spans.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::{ReasonLabels, Registry};

/// What the exporter of spans counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct TraceMetrics {
    exported: Counter,
    dropped: Family<ReasonLabels, Counter>,
}

/// Why a span was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Too many waited.
    QueueFull,
    /// The receiver did not take the message.
    ReceiverAway,
    /// The receiver took the message and refused this span.
    Refused,
}

impl TraceMetrics {
    /// Registers as `waxwing_traces_...`.
    pub(crate) fn register(registry: &Registry) -> Self {
        let metrics = Self::default();
        let traces = registry.sub_registry_with_prefix("waxwing_traces");
        traces.register("spans_exported", "Spans the receiver took", metrics.exported.clone());
        traces.register("spans_dropped", "Spans dropped, by why", metrics.dropped.clone());
        metrics
    }

    pub(crate) fn exported(&self, count: u64) {
        self.exported.inc_by(count);
    }

    pub(crate) fn dropped(&self, why: Dropped, count: u64) {
        let reason = match why {
            Dropped::QueueFull => "queue_full",
            Dropped::ReceiverAway => "receiver_away",
            Dropped::Refused => "refused",
        };
        if count > 0 {
            self.dropped.get_or_create(&ReasonLabels { reason }).inc_by(count);
        }
    }
}
