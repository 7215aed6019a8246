//! A database as its clients meet it: what is committed stands, what is under way when it dies may
//! stand or not, a failover may lose the last commits.
//!
//! A change is atomic: it is applied as a whole at its commit, or never.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use kernel::planted::{self, Bug};
use parking_lot::Mutex;

use crate::dice::{Dice, SharedDice};
use crate::executor::Executor;

/// The longest tail that a failover may lose, in commits.
const TAIL_MAX: usize = 24;

/// What is kept, and how a change changes it.
pub(crate) trait Tables: Clone + Default + Send + 'static {
    /// One transaction.
    type Change: Clone + Send + Sync + 'static;
    /// What it is answered.
    type Answer: Send + 'static;

    /// Applies all of `change` at an instant of the database's own clock. The same change at the
    /// same instant on the same tables does the same.
    fn commit(&mut self, now_ms: u64, change: &Self::Change) -> Self::Answer;

    /// What `change` becomes if it reads now, unlocked, what it must hold until its commit: the
    /// mistake of [`Bug::UnlockedFence`].
    fn read_early(&self, change: Self::Change) -> Self::Change {
        change
    }

    /// What a failover that may have lost commits makes of what is left.
    fn begin_anew(&mut self) {}

    /// What the trace notes of a change.
    fn digest(change: &Self::Change) -> u64;
}

/// Sees every commit, while nobody else can come between.
pub(crate) trait Witness<T: Tables>: Send + Sync {
    /// `tables` are as `change` left them.
    fn committed(&self, tables: &T, change: &T::Change, answer: &T::Answer);
    /// A failover lost these changes; `tables` are what is left.
    fn lost(&self, tables: &T, changes: &[T::Change]);
}

/// Why a change was not made, as far as its client can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Nothing was changed.
    Failed(&'static str),
    /// It may be made or not.
    Unknown,
}

/// What happens to changes that were under way when the database died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// Some of the first were durable.
    Killed,
    /// None was synced.
    Unsynced,
    /// One was written in part, which the repair of the log undoes; those before it stand.
    Torn,
}

/// A database. Its process serves calls with clones of its handle.
pub(crate) struct Database<T: Tables> {
    executor: Executor,
    dice: SharedDice,
    state: Mutex<State<T>>,
    witness: Arc<dyn Witness<T>>,
}

/// Commits with their instants.
type Tail<T> = VecDeque<(u64, <T as Tables>::Change)>;

struct State<T: Tables> {
    tables: T,
    /// What a standby has, and the commits that it has not: only where failovers lose some.
    standby: Option<(T, Tail<T>)>,
    under_way: BTreeMap<u64, T::Change>,
    numbers: u64,
    full_until_ms: u64,
    unsynced_until_ms: u64,
    stalled_until_ms: u64,
    /// How far its clock went ahead of the world's.
    ahead_ms: u64,
}

impl<T: Tables> Database<T> {
    /// An empty database; `loses_tail` keeps what a failover needs.
    pub(crate) fn new(
        executor: Executor,
        dice: Dice,
        witness: Arc<dyn Witness<T>>,
        loses_tail: bool,
    ) -> Self {
        let state = State {
            tables: T::default(),
            standby: loses_tail.then(|| (T::default(), VecDeque::new())),
            under_way: BTreeMap::new(),
            numbers: 0,
            full_until_ms: 0,
            unsynced_until_ms: 0,
            stalled_until_ms: 0,
            ahead_ms: 0,
        };
        Self { executor, dice: SharedDice::new(dice), state: Mutex::new(state), witness }
    }

    /// Makes `change` durable, in the database's own process.
    pub(crate) async fn write(&self, change: T::Change) -> Result<T::Answer, Refused> {
        let number = {
            let mut state = self.state.lock();
            state.numbers += 1;
            let number = state.numbers;
            let unlocked = planted::is(Bug::UnlockedFence);
            let change = if unlocked { state.tables.read_early(change) } else { change };
            state.under_way.insert(number, change);
            number
        };
        self.wait().await;
        let now_ms = self.executor.now_ms();
        let mut state = self.state.lock();
        // A death has decided it.
        let Some(change) = state.under_way.remove(&number) else { return Err(Refused::Unknown) };
        if now_ms < state.full_until_ms {
            return Err(Refused::Failed("the disk is full"));
        }
        let unsynced = now_ms < state.unsynced_until_ms;
        if unsynced && self.dice.throw(|dice| dice.permille(500)) {
            return Err(Refused::Unknown);
        }
        let answer = self.commit(&mut state, &change);
        if unsynced { Err(Refused::Unknown) } else { Ok(answer) }
    }

    /// Commits `change` before anything runs.
    pub(crate) fn found(&self, change: &T::Change) {
        self.commit(&mut self.state.lock(), change);
    }

    /// No disk is full, no sync fails, nothing stalls any more.
    pub(crate) fn heal(&self) {
        let mut state = self.state.lock();
        (state.full_until_ms, state.unsynced_until_ms, state.stalled_until_ms) = (0, 0, 0);
    }

    /// Reads what is committed.
    pub(crate) fn read<A>(&self, read: impl FnOnce(&T) -> A) -> A {
        read(&self.state.lock().tables)
    }

    /// Reads what is committed as it is at this instant of the database's own clock.
    pub(crate) fn read_now<A>(&self, read: impl FnOnce(&T, u64) -> A) -> A {
        let state = self.state.lock();
        read(&state.tables, self.executor.now_ms() + state.ahead_ms)
    }

    /// Its clock goes ahead of the world's at once.
    pub(crate) fn skip_ms(&self, ms: u64) {
        self.state.lock().ahead_ms += ms;
    }

    /// What a commit takes, and a stall.
    async fn wait(&self) {
        let stalled_until_ms = self.state.lock().stalled_until_ms;
        let commit_ms = self.dice.throw(|dice| dice.below(3));
        let until_ms = stalled_until_ms.max(self.executor.now_ms()) + commit_ms;
        self.executor.sleep_until(until_ms).await;
    }

    fn commit(&self, state: &mut State<T>, change: &T::Change) -> T::Answer {
        self.executor.trace().note(&[3, T::digest(change)]);
        let now_ms = self.executor.now_ms() + state.ahead_ms;
        let answer = state.tables.commit(now_ms, change);
        self.witness.committed(&state.tables, change, &answer);
        if let Some((standby, behind)) = &mut state.standby {
            behind.push_back((now_ms, change.clone()));
            if behind.len() > TAIL_MAX
                && let Some((at_ms, oldest)) = behind.pop_front()
            {
                standby.commit(at_ms, &oldest);
            }
        }
        answer
    }

    /// The process dies: what was under way is decided, and nobody is answered.
    pub(crate) fn die(&self, death: Death) {
        let mut state = self.state.lock();
        let under_way: Vec<_> = std::mem::take(&mut state.under_way).into_values().collect();
        let some = |dice: &mut Dice| dice.place(under_way.len() + 1);
        let durable = match death {
            Death::Unsynced => 0,
            Death::Killed => self.dice.throw(some),
            // The one after these is in the log, but not whole.
            Death::Torn => self.dice.throw(some).saturating_sub(1),
        };
        for change in &under_way[..durable] {
            self.commit(&mut state, change);
        }
    }

    /// A standby takes over that lacks up to `most` of the last commits.
    pub(crate) fn fail_over(&self, most: usize) {
        let mut state = self.state.lock();
        state.under_way.clear();
        let Some((standby, behind)) = &mut state.standby else { return };
        let lost = most.min(behind.len());
        let kept = behind.len() - lost;
        for (at_ms, change) in behind.drain(..kept) {
            standby.commit(at_ms, &change);
        }
        let lost: Vec<_> = behind.drain(..).map(|(_, change)| change).collect();
        standby.begin_anew();
        state.tables = standby.clone();
        self.witness.lost(&state.tables, &lost);
    }

    /// Until then every change is refused for want of space.
    pub(crate) fn fill(&self, until_ms: u64) {
        self.state.lock().full_until_ms = until_ms;
    }

    /// Until then syncs fail: a change may be durable or not.
    pub(crate) fn fail_syncs(&self, until_ms: u64) {
        self.state.lock().unsynced_until_ms = until_ms;
    }

    /// Until then nothing is committed.
    pub(crate) fn stall(&self, until_ms: u64) {
        self.state.lock().stalled_until_ms = until_ms;
    }
}

#[cfg(test)]
mod tests;
