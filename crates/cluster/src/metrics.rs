//! What is counted of NATS. Names are `waxwing_nats_<name>`.

use platform::metrics::Registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// The numbers of one connection. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    /// 1 while NATS is there, 0 while it is away.
    pub(crate) connected: Gauge,
    /// Connections made: the first, and one after each time that NATS was away.
    pub(crate) connects: Counter,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Self {
        let metrics = Self::default();
        let nats = registry.sub_registry_with_prefix("waxwing_nats");
        nats.register("connected", "Whether NATS is there", metrics.connected.clone());
        nats.register("connects", "Connections to NATS made", metrics.connects.clone());
        metrics
    }
}
