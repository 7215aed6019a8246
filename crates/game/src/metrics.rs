//! What the game service counts. Names are `waxwing_game_<name>`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::Totals;
use kernel::{Amount, LobbyId};
use parking_lot::Mutex;
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
    /// What was staked in them, in units of 0.0001.
    pub settled_staked_units: Counter,
    /// What they paid, gross, likewise.
    pub settled_paid_units: Counter,
    /// Rounds that ended before their lock.
    pub rounds_voided: Counter,
    /// Locked rounds that were stopped.
    pub rounds_interrupted: Counter,
    /// What stopped rounds paid, gross, in units of 0.0001.
    pub interrupted_paid_units: Counter,
    /// What they would have paid had they run, likewise.
    pub interrupted_would_have_paid_units: Counter,
    /// Lobbies that a newer owner plays, as the wallet's fence says.
    pub lobbies_fenced: Counter,
    /// Lobbies that ended here because another node owns them by now, or may.
    pub lobbies_not_owned: Counter,
    /// Lobbies that had no owner when this node looked last.
    pub lobbies_without_owner: Gauge,
    /// Lobbies given up between two rounds, for another node to play.
    pub lobbies_handed_over: Counter,
    /// Times that the node's lease lapsed: it stopped all its lobbies.
    pub leases_lapsed: Counter,
    /// Lobbies closed for want of visitors.
    pub lobbies_closed: Counter,
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
    /// For how long the wallet has not answered for what is queued; 0 while it does.
    pub outbox_stuck_seconds: Gauge,
    /// How long ago the round ended that has waited longest for the wallet, whoever owns it.
    pub settlement_age_seconds: Gauge,
    /// Batches that were applied again.
    pub store_retries: Counter,
    /// Resolves that the wallet parked.
    pub resolve_conflicts: Counter,
    /// Closes that did not agree with the holds resolved.
    pub close_disagreements: Counter,
    /// Times that a lobby had to wait for seeds.
    pub seeds_exhausted: Counter,
    /// Seeds left to the lobby that has the fewest: the number to be alarmed by.
    pub seeds_left: SeedsLeft,
    /// Lobbies that wait for seeds now.
    pub lobbies_without_seeds: Gauge,
    /// Seed chains given up.
    pub chains_abandoned: Counter,
}

/// Seeds left, by lobby; what is shown is the least. Clones share it.
#[derive(Clone, Debug)]
pub struct SeedsLeft {
    /// What is shown.
    pub least: Gauge,
    lobbies: Arc<Mutex<Lobbies>>,
}

#[derive(Debug, Default)]
struct Lobbies {
    left: BTreeMap<LobbyId, u32>,
    order: BTreeSet<(u32, LobbyId)>,
}

impl SeedsLeft {
    /// A lobby can play so many more rounds.
    pub(crate) fn note(&self, lobby: LobbyId, left: u32) {
        self.replace(lobby, Some(left));
    }

    /// A lobby is not played here any more.
    pub(crate) fn forget(&self, lobby: LobbyId) {
        self.replace(lobby, None);
    }

    fn replace(&self, lobby: LobbyId, left: Option<u32>) {
        let mut lobbies = self.lobbies.lock();
        if let Some(before) = lobbies.left.remove(&lobby) {
            lobbies.order.remove(&(before, lobby));
        }
        if let Some(left) = left {
            lobbies.left.insert(lobby, left);
            lobbies.order.insert((left, lobby));
        }
        let least = lobbies.order.first().map_or(0, |(left, _)| *left);
        self.least.set(least.into());
    }
}

impl Metrics {
    /// Counts a round that was played to its end.
    pub(crate) fn settled(&self, totals: &Totals) {
        self.rounds_settled.inc();
        self.settled_staked_units.inc_by(totals.stake_sum.units().unsigned_abs());
        self.settled_paid_units.inc_by(totals.payout_sum.units().unsigned_abs());
    }

    /// Counts a stopped round: what it paid, and what it would have paid had it run.
    pub(crate) fn interrupted(&self, paid: Amount, would_have_paid: Amount) {
        self.rounds_interrupted.inc();
        self.interrupted_paid_units.inc_by(paid.units().unsigned_abs());
        self.interrupted_would_have_paid_units.inc_by(would_have_paid.units().unsigned_abs());
    }

    /// Registers everything.
    #[must_use]
    pub fn register(registry: &Registry) -> Self {
        let game = registry.sub_registry_with_prefix("waxwing_game");
        let counter = |name: &str, help: &str| {
            let counter = Counter::default();
            game.register(name, help, counter.clone());
            counter
        };
        let gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            game.register(name, help, gauge.clone());
            gauge
        };
        let tick_lateness_seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 12));
        game.register(
            "tick_lateness_seconds",
            "Time from a tick's grid point to its sending",
            tick_lateness_seconds.clone(),
        );
        Self {
            lobbies: gauge("lobbies", "Lobbies with a task in this process"),
            tick_lateness_seconds,
            lobbies_lost: counter("lobbies_lost", "Lobbies lost and taken over again"),
            rounds_settled: counter("rounds_settled", "Rounds that ended by their crash"),
            settled_staked_units: counter(
                "settled_staked_units",
                "What was staked in settled rounds, in units of 0.0001",
            ),
            settled_paid_units: counter(
                "settled_paid_units",
                "What settled rounds paid, in units of 0.0001",
            ),
            rounds_voided: counter("rounds_voided", "Rounds that ended before their lock"),
            rounds_interrupted: counter("rounds_interrupted", "Locked rounds that were stopped"),
            interrupted_paid_units: counter(
                "interrupted_paid_units",
                "What interrupted rounds paid, in units of 0.0001",
            ),
            interrupted_would_have_paid_units: counter(
                "interrupted_would_have_paid_units",
                "What interrupted rounds would have paid, in units of 0.0001",
            ),
            lobbies_fenced: counter("lobbies_fenced", "Lobbies that a newer owner plays"),
            lobbies_not_owned: counter(
                "lobbies_not_owned",
                "Lobbies that another node owns by now",
            ),
            lobbies_without_owner: gauge("lobbies_without_owner", "Lobbies that no node plays"),
            lobbies_handed_over: counter("lobbies_handed_over", "Lobbies given to other nodes"),
            leases_lapsed: counter("leases_lapsed", "Times that the node's lease lapsed"),
            lobbies_closed: counter("lobbies_closed", "Lobbies closed for want of visitors"),
            bets_accepted: counter("bets_accepted", "Bets accepted"),
            bets_refused: counter("bets_refused", "Bets refused"),
            cash_outs: counter("cash_outs", "Cash-outs paid"),
            cash_outs_too_late: counter("cash_outs_too_late", "Cash-outs that came too late"),
            wallet_retries: counter("wallet_retries", "Calls to the wallet sent again"),
            outbox_stuck_seconds: gauge(
                "outbox_stuck_seconds",
                "For how long the wallet has not answered for what is queued",
            ),
            settlement_age_seconds: gauge("settlement_age_seconds", "Age of the oldest settlement"),
            store_retries: counter("store_retries", "Batches applied again"),
            resolve_conflicts: counter("resolve_conflicts", "Resolves that the wallet parked"),
            close_disagreements: counter("close_disagreements", "Closes that did not agree"),
            seeds_exhausted: counter("seeds_exhausted", "Lobbies that ran out of seeds"),
            seeds_left: SeedsLeft {
                least: gauge("seeds_left", "Seeds left to the lobby that has the fewest"),
                lobbies: Arc::default(),
            },
            lobbies_without_seeds: gauge("lobbies_without_seeds", "Lobbies that wait for seeds"),
            chains_abandoned: counter("chains_abandoned", "Seed chains given up"),
        }
    }
}
