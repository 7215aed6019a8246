//! What the wallet counts. Names are `waxwing_wallet_<name>`; units are in the name.

use ledger::{Answer, ResolveAnswer};
use platform::metrics::Registry;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// The handles; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Commands answered, by verb and verdict.
    pub commands: Family<CommandLabels, Counter>,
    /// Commands a batch held.
    pub batch_commands: Histogram,
    /// Time to decide and store a batch.
    pub batch_seconds: Histogram,
    /// Commands waiting for a batch or in one.
    pub waiting: Gauge,
    /// Calls turned away because too many commands waited.
    pub overloaded: Counter,
    /// Batches whose outcome stayed unknown.
    pub failed_batches: Counter,
    /// Calls that the store itself refused: nothing changed, and a person must look.
    pub refused_batches: Counter,
    /// Resolves and closes that were parked: each wants a person's look.
    pub parked: Counter,
    /// What closed rounds still hold in escrow, of all lobbies, in units of 0.0001.
    pub escrow_kept_units: Gauge,
}

/// One kind of answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CommandLabels {
    /// What was asked.
    pub verb: Verb,
    /// How it was answered.
    pub verdict: Verdict,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Verb {
    /// An owner took a lobby over.
    Fence,
    /// A stake was to be held.
    Reserve,
    /// A stake was to be given back.
    Release,
    /// A hold was to be decided.
    Resolve,
    /// A round was to be closed.
    Close,
    /// A player moved their own money.
    Funds,
}

/// How it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Verdict {
    /// Done, now or before.
    Done,
    /// Refused; nothing moved.
    Refused,
    /// Parked, or closed without agreement.
    Conflict,
}

impl Metrics {
    /// Registers all of them.
    #[must_use]
    pub fn register(registry: &Registry) -> Self {
        let metrics = Self {
            commands: Family::default(),
            batch_commands: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            batch_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
            waiting: Gauge::default(),
            overloaded: Counter::default(),
            failed_batches: Counter::default(),
            refused_batches: Counter::default(),
            parked: Counter::default(),
            escrow_kept_units: Gauge::default(),
        };
        let wallet = registry.sub_registry_with_prefix("waxwing_wallet");
        wallet.register("commands", "Commands by verb and verdict", metrics.commands.clone());
        wallet.register("batch_commands", "Commands a batch held", metrics.batch_commands.clone());
        wallet.register("batch_seconds", "Time of a batch", metrics.batch_seconds.clone());
        wallet.register("waiting", "Commands not yet answered", metrics.waiting.clone());
        wallet.register("overloaded", "Calls turned away", metrics.overloaded.clone());
        wallet.register("failed_batches", "Batches in doubt", metrics.failed_batches.clone());
        let refused = metrics.refused_batches.clone();
        wallet.register("refused_batches", "Calls the store cannot do", refused);
        wallet.register("parked", "Conflicts to be looked at", metrics.parked.clone());
        let kept = metrics.escrow_kept_units.clone();
        wallet.register("escrow_kept_units", "Held for closed rounds, in units of 0.0001", kept);
        metrics
    }

    /// Counts an answer.
    pub(crate) fn count(&self, answer: &Answer) {
        let (verb, verdict) = match answer {
            Answer::Fence(answer) => (Verb::Fence, verdict(answer.is_ok())),
            Answer::Reserve(answer) => (Verb::Reserve, verdict(answer.is_ok())),
            Answer::Release(answer) => (Verb::Release, verdict(answer.is_ok())),
            Answer::Resolve(Ok(ResolveAnswer::Conflict)) => (Verb::Resolve, Verdict::Conflict),
            Answer::Resolve(answer) => (Verb::Resolve, verdict(answer.is_ok())),
            Answer::Close(Ok(closed)) if !closed.agreed => (Verb::Close, Verdict::Conflict),
            Answer::Close(answer) => (Verb::Close, verdict(answer.is_ok())),
            Answer::Funds(answer) => (Verb::Funds, verdict(answer.is_ok())),
        };
        self.commands.get_or_create(&CommandLabels { verb, verdict }).inc();
    }
}

const fn verdict(done: bool) -> Verdict {
    if done { Verdict::Done } else { Verdict::Refused }
}
