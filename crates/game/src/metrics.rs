//! What the game service counts. Names are `waxwing_game_<name>`.

use platform::metrics::Registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// The game's numbers. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Lobbies with a task in this process.
    pub lobbies: Gauge,
    /// Lobbies that lost their task and were taken over again.
    pub lobbies_lost: Counter,
    /// Rounds that ended by their crash.
    pub rounds_settled: Counter,
    /// Rounds that ended before their lock.
    pub rounds_voided: Counter,
    /// Locked rounds that were stopped.
    pub rounds_interrupted: Counter,
    /// Bets accepted.
    pub bets_accepted: Counter,
    /// Bets refused, for any reason.
    pub bets_refused: Counter,
    /// Cash-outs paid, by click or cap.
    pub cash_outs: Counter,
    /// Cash-outs that came too late.
    pub cash_outs_too_late: Counter,
    /// How long after its grid point a tick left.
    pub tick_lateness_seconds: Histogram,
    /// Calls to the wallet that were sent again.
    pub wallet_retries: Counter,
    /// Batches that were applied again.
    pub store_retries: Counter,
    /// Resolves that the wallet parked.
    pub resolve_conflicts: Counter,
    /// Closes that did not agree with the holds resolved.
    pub close_disagreements: Counter,
    /// Lobbies that stopped for want of seeds.
    pub seeds_exhausted: Counter,
}

impl Metrics {
    /// Registers everything.
    #[must_use]
    pub fn register(registry: &Registry) -> Self {
        let game = registry.sub_registry_with_prefix("waxwing_game");
        let counter = |name: &str, help: &str| {
            let counter = Counter::default();
            game.register(name, help, counter.clone());
            counter
        };
        let lobbies = Gauge::default();
        game.register("lobbies", "Lobbies with a task in this process", lobbies.clone());
        let tick_lateness_seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 12));
        game.register(
            "tick_lateness_seconds",
            "Time from a tick's grid point to its sending",
            tick_lateness_seconds.clone(),
        );
        Self {
            lobbies,
            tick_lateness_seconds,
            lobbies_lost: counter("lobbies_lost", "Lobbies lost and taken over again"),
            rounds_settled: counter("rounds_settled", "Rounds that ended by their crash"),
            rounds_voided: counter("rounds_voided", "Rounds that ended before their lock"),
            rounds_interrupted: counter("rounds_interrupted", "Locked rounds that were stopped"),
            bets_accepted: counter("bets_accepted", "Bets accepted"),
            bets_refused: counter("bets_refused", "Bets refused"),
            cash_outs: counter("cash_outs", "Cash-outs paid"),
            cash_outs_too_late: counter("cash_outs_too_late", "Cash-outs that came too late"),
            wallet_retries: counter("wallet_retries", "Calls to the wallet sent again"),
            store_retries: counter("store_retries", "Batches applied again"),
            resolve_conflicts: counter("resolve_conflicts", "Resolves that the wallet parked"),
            close_disagreements: counter("close_disagreements", "Closes that did not agree"),
            seeds_exhausted: counter("seeds_exhausted", "Lobbies that ran out of seeds"),
        }
    }
}
