//! Makes the writes of all lobbies durable, one transaction a flush, and answers each lobby.
//!
//! While one flush commits, the next one gathers: the commit's own time sets the batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Bet, Command, Outcome, Rejection, Write};
use kernel::planted::{self, Bug};
use kernel::{Multiplier, Sealed, Timestamp};
use platform::clock::Clock;
use platform::tasks::Spawner;
use platform::traces::Span;
use tokio::sync::{Notify, mpsc};

use crate::live::Ended;
use crate::metrics::Metrics;
use crate::outbound::{Besides, Job, Outbound};
use crate::seeds::{Opened, SeedError};
use crate::store::{
    Applied, Batch, Done, LockRecord, NodeId, RoundEnd, Store, StoreCommand, StoreError,
};

/// The most writes in one transaction.
const BATCH: usize = 1_024;
/// How often a lobby without seeds looks whether it must stop, in milliseconds.
const SEEDS_LOOK_MS: u64 = 500;
/// How soon a batch of unknown outcome is applied again, in milliseconds.
const RETRY_MS: u64 = 100;

/// The one task that records.
pub(crate) struct Recorder {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) node: NodeId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spawner: Arc<dyn Spawner>,
    pub(crate) outbound: Outbound,
    /// Rung when rows for the wallet were queued.
    pub(crate) outbox: Arc<Notify>,
    pub(crate) metrics: Metrics,
}

/// A write on its way, with what was opened for it.
struct Entry {
    job: Job,
    opened: Option<Opened>,
}

impl Recorder {
    /// Works until nobody can send to it any more.
    pub(crate) async fn run(self, mut queue: mpsc::UnboundedReceiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut jobs, BATCH).await > 0 {
            self.record(jobs.drain(..)).await;
        }
    }

    async fn record(&self, jobs: impl Iterator<Item = Job>) {
        let (mut entries, mut commands, mut beats) = (Vec::new(), Vec::new(), Vec::new());
        let (mut beating, mut owned) = (Vec::new(), BTreeMap::new());
        for job in jobs {
            // One epoch a lobby: an earlier owner's write among a later one's is not taken.
            if *owned.entry(job.lobby.id()).or_insert(job.lobby.epoch) != job.lobby.epoch {
                self.refused(&job, &StoreError::NotOwner, self.clock.now());
                continue;
            }
            match self.command(&job).await {
                Ok((StoreCommand::Heartbeats(beat), opened)) => {
                    beats.extend(beat);
                    beating.push(Entry { job, opened });
                }
                Ok((command, opened)) => {
                    commands.push(command);
                    entries.push(Entry { job, opened });
                }
                Err(SeedError::Exhausted) => self.await_seeds(job),
                Err(error) => self.give_up(&job, &error),
            }
        }
        // Last, so that a crash in the same batch is stored before its round's last heartbeat.
        if !beats.is_empty() {
            commands.push(StoreCommand::Heartbeats(beats));
        }
        if commands.is_empty() {
            return;
        }
        let batch = Arc::new(Batch { node: self.node, owned, commands });
        if planted::is(Bug::EarlyAcknowledgement) {
            let answers = batch.commands.iter().map(|_| Ok(Done::Stored)).collect();
            self.answer_all(entries, beating, Applied { answers, ..Applied::default() });
            self.apply(batch).await;
            return self.outbox.notify_one();
        }
        let places = entries.iter().map(|entry| &entry.job.besides.place);
        let followed = Span::of_batch(places, || "game.record".to_owned());
        followed.note("waxwing.bets", || bets(&entries).into());
        let applied = followed.within(self.apply(batch)).await;
        self.outbox.notify_one();
        self.answer_all(entries, beating, applied);
    }

    /// Tells each lobby what became of its writes. `beating` are those of the last answer.
    fn answer_all(&self, entries: Vec<Entry>, beating: Vec<Entry>, applied: Applied) {
        let Applied { mut answers, not_owned } = applied;
        let now = self.clock.now();
        // One statement for all heartbeats, so one answer for all of them.
        let beaten = if beating.is_empty() { None } else { answers.pop() };
        for (entry, answer) in entries.into_iter().zip(answers) {
            self.answer(&entry, answer, now);
        }
        for entry in beating {
            let missing = || Err(StoreError::Failed("no answer".into()));
            let answer = if not_owned.contains(&entry.job.lobby.id()) {
                Err(StoreError::NotOwner)
            } else {
                beaten.clone().unwrap_or_else(missing)
            };
            self.answer(&entry, answer, now);
        }
    }

    fn answer(&self, entry: &Entry, answer: Result<Done, StoreError>, now: Timestamp) {
        match answer {
            Ok(done) => answer_lobby(entry, done, now),
            Err(error) => self.refused(&entry.job, &error, now),
        }
    }

    /// Applies the batch; if all of it is refused, each command alone, so that one that cannot be
    /// stored stops no other.
    async fn apply(&self, batch: Arc<Batch>) -> Applied {
        let refused = match self.apply_until_definite(Arc::clone(&batch)).await {
            Ok(applied) => return applied,
            Err(error) => error,
        };
        if batch.commands.len() == 1 {
            return Applied { answers: vec![Err(refused)], ..Applied::default() };
        }
        tracing::error!(error = %refused, "a batch was refused and is applied piece by piece");
        let mut all = Applied::default();
        for command in &batch.commands {
            let applied = self.apply_until_definite(batch.alone(command).into()).await;
            match applied {
                Ok(mut one) => {
                    all.answers.push(one.answers.pop().unwrap_or(Ok(Done::Stored)));
                    all.not_owned.append(&mut one.not_owned);
                }
                Err(error) => all.answers.push(Err(error)),
            }
        }
        all
    }

    /// Applies until the outcome is definite: nothing is acknowledged before.
    async fn apply_until_definite(&self, batch: Arc<Batch>) -> Result<Applied, StoreError> {
        loop {
            match self.store.apply(Arc::clone(&batch)).await {
                Err(StoreError::Unavailable) => {
                    self.metrics.store_retries.inc();
                    self.clock.sleep_until(self.clock.now() + RETRY_MS).await;
                }
                definite => return definite,
            }
        }
    }

    /// What the write means to the store. Opens the seed of a round that is being locked.
    async fn command(&self, job: &Job) -> Result<(StoreCommand, Option<Opened>), SeedError> {
        let (live, at) = (&job.lobby, self.clock.unix_ms());
        let lobby = live.id();
        let command = match &job.write {
            Write::Round { round } => StoreCommand::OpenRound {
                round: live.round(*round),
                epoch: live.epoch,
                chain: live.seeds.begin_round()?,
                at,
            },
            Write::Bet(bet) => {
                let name = job.besides.name.clone().unwrap_or_default();
                let bet = Bet { balance: job.besides.balance, ..*bet };
                StoreCommand::AcceptBet { lobby, bet, name, at }
            }
            Write::Cancel(key) => StoreCommand::CancelBet { lobby, key: *key, at },
            Write::Release(key) => StoreCommand::ReleaseBet { lobby, key: *key, at },
            Write::Lock { .. } => return self.lock(job, at).await,
            Write::Heartbeat { round, multiplier } => {
                StoreCommand::Heartbeats(vec![(live.round(*round), *multiplier)])
            }
            Write::CashOut(cash_out) => StoreCommand::CashOut { lobby, cash_out: *cash_out, at },
            Write::Crash { round, crash_point, multiplier } => StoreCommand::Crash {
                round: live.round(*round),
                crash_point: *crash_point,
                multiplier: *multiplier,
                at,
            },
            Write::Outcome { .. } | Write::Interruption { .. } => Self::end(job, at)?,
            Write::Forget { round } => StoreCommand::ForgetRound { round: live.round(*round) },
            Write::Void { round, reason } => {
                StoreCommand::VoidRound { round: live.round(*round), reason: *reason, at }
            }
        };
        Ok((command, None))
    }

    async fn lock(&self, job: &Job, at: i64) -> Result<(StoreCommand, Option<Opened>), SeedError> {
        let Write::Lock { round, bets, totals, start_at } = &job.write else {
            return Err(SeedError::Unreadable);
        };
        let round = job.lobby.round(*round);
        let opened = job.lobby.seeds.open(round).await?;
        let bets_hash = fairness::bets_hash(&job.besides.locked);
        job.lobby.set_bets_hash(round.number, bets_hash);
        let lead = start_at.ms_since(self.clock.now());
        let record = LockRecord {
            round,
            bets: bets.clone(),
            totals: *totals,
            seed_index: opened.index,
            bets_hash,
            start_at: at.saturating_add_unsigned(lead),
            at,
        };
        Ok((StoreCommand::Lock(Box::new(record)), Some(opened)))
    }

    /// A locked round's end: its seed may be shown once this is stored.
    fn end(job: &Job, at: i64) -> Result<StoreCommand, SeedError> {
        let (round, interrupted, multiplier, settlements, totals) = match &job.write {
            Write::Outcome { round, lost, totals } => {
                let lost =
                    lost.iter().map(|key| engine::Settlement { key: *key, outcome: Outcome::Lost });
                (*round, None, None, lost.collect(), totals)
            }
            Write::Interruption { round, reason, multiplier, settlements, totals } => {
                (*round, *reason, *multiplier, settlements.clone(), totals)
            }
            _ => return Err(SeedError::Unreadable),
        };
        let opened = job.lobby.seeds.opened(round).ok_or(SeedError::Unreadable)?;
        let crash_point = *opened.crash_point.expose();
        let climb_end = crash_point.min(job.lobby.record.rules.multiplier_max);
        let multiplier = if interrupted.is_some() { multiplier } else { Some(climb_end) };
        Ok(StoreCommand::EndRound(Box::new(RoundEnd {
            round: job.lobby.round(round),
            interrupted,
            crash_point,
            multiplier,
            settlements,
            payout_sum: totals.payout_sum,
            seed: *opened.seed.as_bytes(),
            at,
        })))
    }

    /// No seed, no round: it is opened once there is a chain that may be played. Until then the
    /// lobby is seen, and refuses bets.
    fn await_seeds(&self, job: Job) {
        self.metrics.seeds_exhausted.inc();
        self.metrics.lobbies_without_seeds.inc();
        tracing::warn!(lobby.id = %job.lobby.id(), "the lobby waits for seeds");
        job.lobby.set_without_seeds(true);
        let (clock, outbound) = (Arc::clone(&self.clock), self.outbound.clone());
        let waiting = self.metrics.lobbies_without_seeds.clone();
        self.spawner.spawn(Box::pin(async move {
            let live = Arc::clone(&job.lobby);
            loop {
                tokio::select! {
                    biased;
                    () = live.seeds.ready() => break,
                    () = clock.sleep_until(clock.now() + SEEDS_LOOK_MS) => {}
                }
                if live.is_stopping() {
                    break;
                }
            }
            waiting.dec();
            live.set_without_seeds(false);
            if live.is_stopping() {
                live.end(clock.now(), Ended::Stopped);
            } else {
                outbound.record_again(job);
            }
        }));
    }

    /// No seed, no round.
    fn give_up(&self, job: &Job, error: &SeedError) {
        tracing::error!(%error, lobby.id = %job.lobby.id(), "the lobby stops");
        job.lobby.end(self.clock.now(), Ended::Lost);
    }

    /// The store refused one command for good: a bet goes back, anything else stops the lobby.
    fn refused(&self, job: &Job, error: &StoreError, now: Timestamp) {
        if *error == StoreError::NotOwner {
            tracing::error!(lobby.id = %job.lobby.id(), "another node owns this lobby");
            job.lobby.end(now, Ended::Fenced);
            return;
        }
        tracing::error!(%error, lobby.id = %job.lobby.id(), "a write was refused by the store");
        let Write::Bet(bet) = &job.write else {
            job.lobby.end(now, Ended::Lost);
            return;
        };
        let (player, id) = (bet.key.player, bet.key.bet);
        let rejection = Rejection::NotStored;
        job.lobby.tell(now, Command::BetRefused { player, bet: id, rejection });
        self.outbound.submit(&job.lobby, Write::Release(bet.key), Besides::default());
    }
}

/// How many of them are bets: of all else in the batch no trace tells.
fn bets(entries: &[Entry]) -> usize {
    entries.iter().filter(|entry| matches!(entry.job.write, Write::Bet(_))).count()
}

/// The command that says that the write is durable.
fn answer_lobby(entry: &Entry, done: Done, now: Timestamp) {
    let live = &entry.job.lobby;
    let answer = match &entry.job.write {
        Write::Round { round } => Command::RoundStored { round: *round },
        Write::Bet(bet) => {
            let (player, bet) = (bet.key.player, bet.key.bet);
            match done {
                Done::Stored => {
                    let balance = entry.job.besides.balance;
                    Command::BetStored { player, bet, balance }
                }
                Done::Missed => {
                    Command::BetRefused { player, bet, rejection: Rejection::BettingClosed }
                }
            }
        }
        Write::Cancel(key) => Command::CancelStored { player: key.player, bet: key.bet },
        Write::Release(_) | Write::Forget { .. } => return,
        Write::Lock { round, .. } => {
            live.seeds.used(*round);
            let crash_point = entry.opened.as_ref().map(|opened| opened.crash_point.clone());
            let crash_point = crash_point.unwrap_or(Sealed::new(Multiplier::ONE));
            Command::LockStored { round: *round, crash_point }
        }
        Write::Heartbeat { round, .. } => Command::HeartbeatStored { round: *round },
        Write::CashOut(paid) => {
            Command::CashOutStored { player: paid.key.player, bet: paid.key.bet }
        }
        Write::Crash { round, .. } => Command::CrashStored { round: *round },
        Write::Outcome { round, .. } => Command::OutcomeStored { round: *round },
        Write::Void { round, .. } => Command::VoidStored { round: *round },
        Write::Interruption { round, .. } => Command::InterruptionStored { round: *round },
    };
    live.tell(now, answer);
}

/// Used by take-over, which records without a living lobby.
pub(crate) async fn apply_until_definite(
    store: &dyn Store,
    clock: &dyn Clock,
    batch: Batch,
) -> Result<(), StoreError> {
    let batch = Arc::new(batch);
    loop {
        match store.apply(Arc::clone(&batch)).await {
            Ok(applied) => {
                return applied.answers.into_iter().find_map(Result::err).map_or(Ok(()), Err);
            }
            Err(StoreError::Unavailable) => clock.sleep_until(clock.now() + RETRY_MS).await,
            Err(error) => return Err(error),
        }
    }
}
