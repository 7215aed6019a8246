//! The judge: sees every commit, every picture, every answer, and knows what must hold.
//!
//! It keeps books of its own, from transfers and commands alone; the first thing that does not
//! hold ends the world.

mod clicks;
mod ends;
mod fences;
mod finish;
mod money;
mod rounds;
mod shown;
mod sums;
mod told;
mod verdict;

use std::sync::{Arc, OnceLock, Weak};

use kernel::{Curve, CurveKind};
use parking_lot::Mutex;

use crate::book::Book;
use crate::database::Database;
use crate::executor::Executor;
use crate::records::Records;

use clicks::Clicks;
use fences::Fences;
use money::Money;
use rounds::Rounds;
use told::Told;
pub use verdict::Violation;

/// The judge of one world. Clones are the same.
#[derive(Clone)]
pub(crate) struct Judge(Arc<Inner>);

struct Inner {
    executor: Executor,
    curve: Curve,
    money: Mutex<Money>,
    rounds: Mutex<Rounds>,
    told: Mutex<Told>,
    fences: Mutex<Fences>,
    clicks: Mutex<Clicks>,
    violation: Mutex<Option<Violation>>,
    book: OnceLock<Weak<Database<Book>>>,
    records: OnceLock<Weak<Database<Records>>>,
}

/// How much a world did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rounds that ended, whichever way.
    pub rounds: u64,
    /// Of them, those stopped after their lock.
    pub interrupted: u64,
    /// Of them, those that ended before it.
    pub voided: u64,
    /// Bets that were stored.
    pub bets: u64,
    /// Cash-outs that were stored while their round ran.
    pub cash_outs: u64,
    /// Bets taken back.
    pub cancelled: u64,
    /// Answers that reached their player.
    pub acknowledged: u64,
    /// Commits that a failover lost.
    pub lost_commits: u64,
}

impl Tally {
    /// All counts, in the order of their fields.
    #[must_use]
    pub const fn numbers(&self) -> [u64; 8] {
        let Self { rounds, interrupted, voided, bets, cash_outs, .. } = *self;
        let Self { cancelled, acknowledged, lost_commits, .. } = *self;
        [rounds, interrupted, voided, bets, cash_outs, cancelled, acknowledged, lost_commits]
    }

    /// What [`Self::numbers`] gave.
    #[must_use]
    pub const fn from_numbers(numbers: [u64; 8]) -> Self {
        let [rounds, interrupted, voided, bets, cash_outs, cancelled, acknowledged, lost_commits] =
            numbers;
        Self { rounds, interrupted, voided, bets, cash_outs, cancelled, acknowledged, lost_commits }
    }

    /// Both together.
    pub const fn add(&mut self, other: &Self) {
        self.rounds += other.rounds;
        self.interrupted += other.interrupted;
        self.voided += other.voided;
        self.bets += other.bets;
        self.cash_outs += other.cash_outs;
        self.cancelled += other.cancelled;
        self.acknowledged += other.acknowledged;
        self.lost_commits += other.lost_commits;
    }
}

impl Judge {
    pub(crate) fn new(executor: Executor, curve: Curve) -> Self {
        Self(Arc::new(Inner {
            executor,
            curve,
            money: Mutex::default(),
            rounds: Mutex::default(),
            told: Mutex::default(),
            fences: Mutex::default(),
            clicks: Mutex::default(),
            violation: Mutex::default(),
            book: OnceLock::new(),
            records: OnceLock::new(),
        }))
    }

    /// Lets the judge read what is committed when something is shown.
    pub(crate) fn watch(&self, book: &Arc<Database<Book>>, records: &Arc<Database<Records>>) {
        let _once = self.0.book.set(Arc::downgrade(book));
        let _once = self.0.records.set(Arc::downgrade(records));
    }

    /// What broke, if anything did.
    pub(crate) fn violation(&self) -> Option<Violation> {
        self.0.violation.lock().clone()
    }

    pub(crate) fn is_content(&self) -> bool {
        self.0.violation.lock().is_none()
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.0.rounds.lock().tally;
        tally.acknowledged = self.0.told.lock().acknowledged;
        tally
    }

    /// Notes what does not hold; the first stands.
    pub(crate) fn fail(&self, rule: &'static str, what: String) {
        let violation = Violation {
            rule,
            what,
            step: self.0.executor.trace().steps(),
            at_ms: self.0.executor.now_ms(),
        };
        self.0.violation.lock().get_or_insert(violation);
    }

    /// `what` must hold.
    fn require(&self, holds: bool, rule: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.fail(rule, what());
        }
    }

    fn read_records<A>(&self, read: impl FnOnce(&Records) -> A) -> Option<A> {
        let records = self.0.records.get()?.upgrade()?;
        Some(records.read(read))
    }

    fn read_book<A>(&self, read: impl FnOnce(&Book) -> A) -> Option<A> {
        let book = self.0.book.get()?.upgrade()?;
        Some(book.read(read))
    }

    fn curve(&self, kind: CurveKind) -> Curve {
        match kind {
            CurveKind::Exponential => self.0.curve.clone(),
            CurveKind::Linear => Curve::linear(),
        }
    }
}
