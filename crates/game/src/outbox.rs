//! Sends what was queued for the wallet: in order within a lobby, in batches across lobbies, again
//! and again until it is answered.
//!
//! A close goes out only after everything before it in its lobby was answered.

mod age;
mod closes;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use contracts::{Refusal, Resolve, ResolveAnswer, Wallet, WalletError};
use engine::Command;
use kernel::{LobbyId, RoundId, Timestamp};
use parking_lot::Mutex;
use platform::clock::Clock;
use platform::failpoint;
use tokio::sync::{Notify, RwLock};

use crate::live::{Ended, LiveLobby};
use crate::metrics::Metrics;
use crate::outbound::HOLDS_MAX;
use crate::ownership::Ownership;
use crate::store::{
    Acknowledgement, AnsweredRow, ClosedRound, OutboxRow, PRUNED_MAX, Store, StoreError,
};

use rows::{before_first_close, releases_of, resolves_of};

/// How many rows are read at once.
const ROWS: u32 = 2_048;
/// How often that is done in one flush while lobbies that are stuck fill what was read.
const READS: usize = 8;
/// After so many flushes with an unanswered call each lobby's rows go out alone, so that one call
/// that can never succeed holds no other lobby back.
const ALONE_AFTER: u32 = 3;
/// From the begin of one flush to that of the next, in milliseconds, while there is something to
/// send: rows that end meanwhile go out together.
const PACE_MS: u64 = 10;
/// How soon what was not answered is sent again, in milliseconds, doubling up to the last.
const BACKOFF_MS: (u64, u64) = (50, 2_000);
/// How often the store is looked at though nobody rang, in milliseconds.
const LOOK_MS: u64 = 5_000;
/// How long acknowledged rows are kept, in milliseconds: 7 days.
const KEEP_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// How often they are pruned, in milliseconds.
const PRUNE_MS: u64 = 3_600 * 1_000;
/// How soon the next ones are pruned while there are more, in milliseconds.
const PRUNE_MORE_MS: u64 = 1_000;

/// Living lobbies by number, shared with the registry.
pub(crate) type LiveLobbies = Arc<Mutex<BTreeMap<LobbyId, Arc<LiveLobby>>>>;

/// Keeps sending and taking over apart: no close may be answered between the fence that told a
/// new owner the house's balance and the moment at which its lobby can be told of closes.
pub(crate) type Gate = Arc<RwLock<()>>;

/// The one task of the node that sends.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) ownership: Arc<Ownership>,
    pub(crate) wallet: Arc<dyn Wallet>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) live: LiveLobbies,
    pub(crate) gate: Gate,
    pub(crate) bell: Arc<Notify>,
    pub(crate) metrics: Metrics,
    /// Flushes in a row with a call that was not answered.
    pub(crate) failures: Arc<AtomicU32>,
}

/// What happened to a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    /// Nothing was left to send.
    Empty,
    /// Something was answered; there may be more.
    Sent,
    /// Something could not be sent now.
    Stuck,
}

/// What one flush learned.
#[derive(Default)]
struct Answers {
    rows: Vec<AnsweredRow>,
    closed: Vec<(RoundId, contracts::Closed)>,
    /// Lobbies with a row that was not answered: nothing after it may be closed.
    stuck: BTreeSet<LobbyId>,
    /// Whether a call was not answered.
    failed: bool,
}

/// Rows whose holds go out in one call.
type Call<'a, T> = (Vec<&'a OutboxRow>, Vec<T>);

impl Sender {
    /// Sends until the process ends.
    pub(crate) async fn run(self) {
        let mut backoff_ms = BACKOFF_MS.0;
        let mut prune_at = self.clock.now();
        let mut stuck_since = None;
        loop {
            let begun = self.clock.now();
            let flush = self.flush().await;
            self.note_stuck(&mut stuck_since, flush);
            if self.clock.now() >= prune_at {
                prune_at = self.clock.now() + self.prune().await;
            }
            let pause_ms = match flush {
                Flush::Sent => {
                    backoff_ms = BACKOFF_MS.0;
                    self.clock.sleep_until(begun + PACE_MS).await;
                    continue;
                }
                Flush::Empty => LOOK_MS,
                Flush::Stuck => {
                    self.metrics.wallet_retries.inc();
                    backoff_ms = (backoff_ms * 2).min(BACKOFF_MS.1);
                    backoff_ms
                }
            };
            tokio::select! {
                biased;
                () = self.bell.notified() => {}
                () = self.clock.sleep_until((self.clock.now() + pause_ms).min(prune_at)) => {}
            }
        }
    }

    /// Shows for how long nothing that is queued was answered.
    fn note_stuck(&self, since: &mut Option<Timestamp>, flush: Flush) {
        let now = self.clock.now();
        *since = (flush == Flush::Stuck).then(|| since.unwrap_or(now));
        let stuck_s = since.map_or(0, |since| now.ms_since(since) / 1_000);
        self.metrics.outbox_stuck_seconds.set(stuck_s.try_into().unwrap_or(i64::MAX));
    }

    /// Sends what is queued, once.
    pub(crate) async fn flush(&self) -> Flush {
        let _nobody_takes_over = self.gate.write().await;
        if !self.ownership.holds() {
            // Whatever is queued is another owner's to send by now.
            return Flush::Empty;
        }
        let node = self.ownership.node();
        let (mut stuck, mut sent) = (BTreeSet::new(), false);
        let mut failed = false;
        for _ in 0..READS {
            let except: Vec<LobbyId> = stuck.iter().copied().collect();
            let rows = match self.store.unsent(node, ROWS, &except).await {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read");
                    return Flush::Stuck;
                }
            };
            let full = rows.len() as u64 == u64::from(ROWS);
            let answers = self.send(&rows).await;
            let more = full && !answers.stuck.is_empty();
            failed |= answers.failed;
            stuck.extend(&answers.stuck);
            if !answers.rows.is_empty() {
                sent = true;
                if let Err(error) = self.acknowledge(answers).await {
                    // Every verb is idempotent: what was answered is answered again.
                    tracing::error!(%error, "the wallet's answers were not stored");
                    return Flush::Stuck;
                }
            }
            // Rows of lobbies that are stuck must not hide those behind them.
            if !more {
                break;
            }
        }
        let failures = if failed { self.failures.load(Ordering::Relaxed) + 1 } else { 0 };
        self.failures.store(failures, Ordering::Relaxed);
        match (stuck.is_empty(), sent) {
            (false, _) => Flush::Stuck,
            (true, true) => Flush::Sent,
            (true, false) => Flush::Empty,
        }
    }

    async fn send(&self, rows: &[OutboxRow]) -> Answers {
        let mut answers = Answers::default();
        let before_closes = before_first_close(rows);
        self.release(&before_closes, &mut answers).await;
        self.resolve(&before_closes, &mut answers).await;
        self.close(rows, &mut answers).await;
        answers
    }

    /// Forgets what was answered long ago; in how many milliseconds to do so again.
    async fn prune(&self) -> u64 {
        match self.store.prune(self.clock.unix_ms() - KEEP_MS).await {
            Ok(pruned) if pruned as u64 >= u64::from(PRUNED_MAX) => PRUNE_MORE_MS,
            Ok(_) => PRUNE_MS,
            Err(error) => {
                tracing::warn!(%error, "the outbox was not pruned");
                PRUNE_MS
            }
        }
    }

    async fn release(&self, rows: &[&OutboxRow], answers: &mut Answers) {
        for (rows, call) in self.packed(rows, releases_of, answers) {
            failpoint::reach("release.before_send");
            match self.wallet.release(&call).await {
                Ok(answered) => {
                    for (row, answer) in rows.into_iter().zip(answered) {
                        self.released(row, answer, answers);
                    }
                }
                Err(error) => {
                    self.failed(&error, rows.iter().map(|row| row.round.lobby), answers);
                }
            }
        }
    }

    fn released(&self, row: &OutboxRow, answer: Result<(), Refusal>, answers: &mut Answers) {
        match answer {
            Err(Refusal::Fenced) => self.fenced(row.round.lobby, answers),
            // The round's close gave it back, or the hold belongs to another round: answered.
            Ok(()) | Err(Refusal::RoundClosed | Refusal::Tombstoned) => {
                answers.rows.push(AnsweredRow::of(row));
            }
            Err(refusal) => {
                tracing::warn!(%refusal, round = %row.round, "a release was refused");
                answers.rows.push(AnsweredRow::of(row));
            }
        }
    }

    async fn resolve(&self, rows: &[&OutboxRow], answers: &mut Answers) {
        for (rows, call) in self.packed(rows, resolves_of, answers) {
            failpoint::reach("resolve.before_send");
            match self.wallet.resolve(&call).await {
                Ok(answered) => self.resolved(&rows, &call, &answered, answers),
                Err(error) => {
                    self.failed(&error, rows.iter().map(|row| row.round.lobby), answers);
                }
            }
        }
    }

    /// Rows are packed into calls of at most [`HOLDS_MAX`] holds; a row is never split, none is
    /// larger. One that cannot be read holds its lobby's closes back: money depends on it.
    fn packed<'a, T>(
        &self,
        rows: &[&'a OutboxRow],
        read: fn(&OutboxRow) -> Option<Vec<T>>,
        answers: &mut Answers,
    ) -> Vec<Call<'a, T>> {
        let alone = self.failures.load(Ordering::Relaxed) >= ALONE_AFTER;
        let mut rows = rows.to_vec();
        if alone {
            rows.sort_by_key(|row| row.round.lobby);
        }
        let mut calls: Vec<Call<'a, T>> = Vec::new();
        for row in rows {
            let lobby = row.round.lobby;
            let Some(holds) = read(row) else {
                tracing::error!(row = row.id, round = %row.round, "a queued call cannot be read");
                answers.stuck.insert(lobby);
                continue;
            };
            if holds.is_empty() {
                continue;
            }
            match calls.last_mut() {
                Some((rows, call))
                    if call.len() + holds.len() <= HOLDS_MAX
                        && (!alone || rows.iter().all(|row| row.round.lobby == lobby)) =>
                {
                    rows.push(row);
                    call.extend(holds);
                }
                _ => calls.push((vec![row], holds)),
            }
        }
        calls
    }

    fn resolved(
        &self,
        rows: &[&OutboxRow],
        call: &[Resolve],
        answered: &[Result<ResolveAnswer, Refusal>],
        answers: &mut Answers,
    ) {
        failpoint::reach("resolve.after_answer");
        for (resolve, answer) in call.iter().zip(answered) {
            let Resolve { round, bet, .. } = resolve;
            match answer {
                Ok(ResolveAnswer::Done) => {}
                Err(Refusal::Fenced) => self.fenced(round.lobby, answers),
                Ok(ResolveAnswer::Conflict) | Err(_) => {
                    self.metrics.resolve_conflicts.inc();
                    tracing::error!(%round, %bet, "the wallet parked a resolve");
                }
            }
        }
        let done = rows.iter().filter(|row| !answers.stuck.contains(&row.round.lobby));
        let done: Vec<AnsweredRow> = done.map(|row| AnsweredRow::of(row)).collect();
        answers.rows.extend(done);
    }

    async fn acknowledge(&self, answers: Answers) -> Result<(), StoreError> {
        let closed = answers.closed.iter();
        let acknowledgement = Acknowledgement {
            node: self.ownership.node(),
            rows: answers.rows,
            closed: closed
                .map(|(round, closed)| ClosedRound { round: *round, agreed: closed.agreed })
                .collect(),
            at: self.clock.unix_ms(),
        };
        let noted = self.store.acknowledge(acknowledgement).await;
        // They are closed whether that could be noted or not: of an unknown outcome no row may be
        // left that would tell the lobby later.
        for (round, closed) in answers.closed {
            if !closed.agreed {
                self.metrics.close_disagreements.inc();
                tracing::error!(%round, "the wallet does not agree with a round's count or sum");
            }
            let live = self.live.lock().get(&round.lobby).cloned();
            if let Some(live) = live {
                let contracts::Closed { house_balance, agreed } = closed;
                let round = round.number;
                let told = Command::RoundClosed { round, house_balance, agreed };
                live.tell(self.clock.now(), told);
            }
        }
        noted
    }

    /// A call had no answer, or a newer owner's fence refused all of it.
    fn failed(
        &self,
        error: &WalletError,
        lobbies: impl Iterator<Item = LobbyId>,
        answers: &mut Answers,
    ) {
        for lobby in lobbies {
            match error {
                // What cannot be done now is sent again as well: money depends on it.
                WalletError::Unavailable | WalletError::Failed => {
                    answers.failed = true;
                    answers.stuck.insert(lobby);
                }
                WalletError::Fenced => self.fenced(lobby, answers),
            }
        }
    }

    /// A newer owner plays the lobby: its rows are that owner's to send.
    fn fenced(&self, lobby: LobbyId, answers: &mut Answers) {
        if answers.stuck.insert(lobby)
            && let Some(live) = self.live.lock().get(&lobby)
            && !live.is_ended()
        {
            tracing::error!(lobby.id = %lobby, "a newer owner plays this lobby");
            live.end(self.clock.now(), Ended::Fenced);
        }
    }
}

#[cfg(test)]
mod tests;
