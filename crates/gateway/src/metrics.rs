//! What the gateway counts beside the requests, which the HTTP server counts itself.
//! Names are `waxwing_gateway_<name>`; labels are closed sets, never players or addresses.

use platform::metrics::Registry;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// The counters of the gateway; a clone counts into the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Requests refused because their address or player sent too many, by limit.
    pub rate_limited: Family<LimitLabels, Counter>,
    /// Socket messages that were refused, by code.
    pub refused: Family<CodeLabels, Counter>,
    /// Lobbies that somebody here listens to.
    pub feeds: Gauge,
    /// Snapshots asked for because pictures were lost.
    pub feed_repairs: Counter,
    /// Results of bets read from records after pictures were lost.
    pub results_made_up: Counter,
    /// Pictures that could not be read.
    pub feed_unreadable: Counter,
    /// Times that notices of players were lost.
    pub notices_lost: Counter,
    /// Notices of players that could not be read.
    pub notices_unreadable: Counter,
}

/// Which limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LimitLabels {
    /// Its name.
    pub limit: Limit,
}

/// The limits on an address, and on a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Limit {
    /// All requests.
    Requests,
    /// Signing in and up.
    SignIns,
    /// All requests of a player, whatever the address.
    Player,
}

/// Which refusal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CodeLabels {
    /// A code of the contract.
    pub code: &'static str,
}

impl Metrics {
    /// Counters that `registry` shows.
    #[must_use]
    pub fn register(registry: &Registry) -> Self {
        let metrics = Self::default();
        let gateway = registry.sub_registry_with_prefix("waxwing_gateway");
        let rate_limited = metrics.rate_limited.clone();
        gateway.register("rate_limited", "Requests over a limit", rate_limited);
        gateway.register("refused", "Socket messages refused, by code", metrics.refused.clone());
        gateway.register("feeds", "Lobbies somebody listens to", metrics.feeds.clone());
        let repairs = metrics.feed_repairs.clone();
        gateway.register("feed_repairs", "Snapshots asked for after lost pictures", repairs);
        let made_up = metrics.results_made_up.clone();
        gateway.register("results_made_up", "Results read after lost pictures", made_up);
        let unreadable = metrics.feed_unreadable.clone();
        gateway.register("feed_unreadable", "Pictures that could not be read", unreadable);
        let lost = metrics.notices_lost.clone();
        gateway.register("notices_lost", "Times that notices of players were lost", lost);
        let unreadable = metrics.notices_unreadable.clone();
        gateway.register("notices_unreadable", "Notices that could not be read", unreadable);
        metrics
    }
}
