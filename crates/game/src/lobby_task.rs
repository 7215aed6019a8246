//! Drives one lobby: the only task that touches its engine, so there is no lock.
//!
//! It never awaits a database or the wallet: writes leave as events, answers come back as
//! commands. On any wake-up it empties its inbox, handles it in order of stamp, then advances.

mod failpoints;
mod waiting;

use std::sync::Arc;

use engine::{Bet, Command, Event, Lobby, Notice, Phase, Rejection, Write};
use fairness::BetEntry;
use kernel::Timestamp;
use kernel::planted::{self, Bug};
use platform::clock::Clock;
use platform::failpoint;
use protocol::Snapshot;

use crate::live::{Ended, Inbox, LiveLobby, Look, Request, Stamped, Told};
use crate::metrics::Metrics;
use crate::outbound::{Besides, Outbound};
use crate::ownership::Ownership;
use crate::pictures::{Pictures, own_bets};

use waiting::{Waiting, refusal};

/// The most inputs handled between two looks at the clock.
const BATCH: usize = 4_096;
/// The most looks answered between two looks at the clock; each copies the lobby.
const LOOKS: usize = 16;

/// One lobby with everything its task needs.
pub(crate) struct LobbyTask {
    pub(crate) lobby: Lobby,
    pub(crate) live: Arc<LiveLobby>,
    pub(crate) inbox: Inbox,
    pub(crate) outbound: Outbound,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pictures: Pictures,
    pub(crate) metrics: Metrics,
    pub(crate) ownership: Arc<Ownership>,
    /// How long nobody plays before the lobby rests, in milliseconds.
    pub(crate) rest_ms: u64,
}

/// What the inbox held.
enum Input {
    Told(Told),
    Asked(Request),
}

struct Running {
    task: LobbyTask,
    waiting: Waiting,
    events: Vec<Event>,
    looks: Vec<Look>,
    /// Since when nobody plays.
    quiet_since: Option<Timestamp>,
    /// What the wall clock showed at the instant zero: for [`Bug::WallClockPricing`] alone.
    wall_ms: i64,
}

impl LobbyTask {
    /// Plays until the lobby stops.
    pub(crate) async fn run(self) {
        let live = Arc::clone(&self.live);
        let (waiting, events, looks) = (Waiting::default(), Vec::new(), Vec::new());
        let (quiet_since, now) = (None, self.clock.now().as_ms());
        let wall_ms = self.clock.unix_ms().saturating_sub_unsigned(now);
        let mut running = Running { task: self, waiting, events, looks, quiet_since, wall_ms };
        let mut batch = Vec::new();
        while running.step(&mut batch) {
            running.wait(&mut batch).await;
        }
        live.note_end(Ended::Stopped);
        live.set_open_round(None);
    }
}

impl Running {
    /// Waits for the first of: an answer, a request, the engine's deadline, the time to rest.
    async fn wait(&mut self, batch: &mut Vec<(Timestamp, Input)>) {
        let inbox = &mut self.task.inbox;
        let rest_at = self.quiet_since.map(|since| since + self.task.rest_ms);
        let deadlines = [self.task.lobby.next_deadline(), self.task.pictures.next_deadline()];
        let deadline = deadlines.into_iter().chain([rest_at]).flatten().min();
        let clock = &self.task.clock;
        let due = async move {
            match deadline {
                Some(deadline) => clock.sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(Stamped { at, command }) = inbox.answers.recv() => {
                batch.push((at, Input::Told(command)));
            }
            Some(request) = inbox.requests.recv() => {
                batch.push((stamp(&request), Input::Asked(request)));
            }
            () = due => {}
            Some(look) = inbox.looks.recv() => self.looks.push(look),
        }
        while self.looks.len() < LOOKS
            && let Ok(look) = inbox.looks.try_recv()
        {
            self.looks.push(look);
        }
        while batch.len() < BATCH
            && let Ok(Stamped { at, command }) = inbox.answers.try_recv()
        {
            batch.push((at, Input::Told(command)));
        }
        while batch.len() < BATCH
            && let Ok(request) = inbox.requests.try_recv()
        {
            batch.push((stamp(&request), Input::Asked(request)));
        }
        batch.sort_by_key(|(at, _)| *at);
    }

    /// Handles what came and advances; whether the lobby goes on.
    fn step(&mut self, batch: &mut Vec<(Timestamp, Input)>) -> bool {
        if self.is_fenced() {
            return false;
        }
        for (at, input) in batch.drain(..) {
            match input {
                Input::Told(Told::Command(command)) => {
                    if matches!(command, Command::BetStored { .. }) {
                        failpoint::reach("bet.before_handled");
                    }
                    let answered = self.task.lobby.handle(at, command, &mut self.events);
                    debug_assert_eq!(answered, Ok(()), "answers are never rejected");
                }
                Input::Told(Told::End(why)) => {
                    self.task.live.note_end(why);
                    return false;
                }
                Input::Asked(request) => self.ask(at, request),
            }
        }
        let now = self.task.clock.now();
        self.task.lobby.advance(now, &mut self.events);
        self.rest(now);
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            match event {
                Event::Store(write) => self.store(write),
                Event::Tell(_) if self.is_fenced() => return false,
                Event::Tell(notice) => self.tell(&notice, now),
            }
        }
        self.events = events;
        self.task.pictures.advance(now);
        self.show(now);
        !self.task.lobby.is_stopped()
    }

    /// Whether another node may own the lobby by now. Asked before anything is told or answered:
    /// what a paused process wakes up with is not true any more.
    fn is_fenced(&self) -> bool {
        let fenced = !self.task.ownership.holds();
        if fenced {
            self.task.live.note_end(Ended::Fenced);
        }
        fenced
    }

    /// Lets a lobby that nobody plays rest. Who asks from now on asks its next owner.
    fn rest(&mut self, now: Timestamp) {
        if !self.task.lobby.may_rest() {
            self.quiet_since = None;
            return;
        }
        let since = *self.quiet_since.get_or_insert(now);
        if now >= since + self.task.rest_ms {
            self.task.live.note_end(Ended::Rested);
            let told = self.task.lobby.handle(now, Command::Rest, &mut self.events);
            debug_assert_eq!(told, Ok(()), "orders are never rejected");
        }
    }

    /// Answers those who look. What all of them see is drawn once.
    fn show(&mut self, now: Timestamp) {
        if self.looks.is_empty() {
            return;
        }
        let lobby = &self.task.lobby;
        // The snapshot has them: nobody is to be told of them after it.
        self.task.pictures.tell_bets();
        let shared = self.task.pictures.snapshot(lobby, now);
        for Look { player, reply } in self.looks.drain(..) {
            let mine = player.map(|player| own_bets(lobby, player)).unwrap_or_default();
            let _gone = reply.send(Snapshot { mine, ..shared.clone() });
        }
    }

    /// A player's command: refused at once, or answered by a notice.
    fn ask(&mut self, at: Timestamp, request: Request) {
        let priced_at = self.priced_at(at);
        let (lobby, events) = (&mut self.task.lobby, &mut self.events);
        match request {
            Request::PlaceBet { bet, username, reply, place, .. } => {
                match lobby.handle(at, Command::PlaceBet(bet), events) {
                    Ok(()) => {
                        self.task.pictures.name(bet.player, username);
                        self.waiting.for_bet((bet.player, bet.bet), reply, place);
                    }
                    Err(rejection) => {
                        self.task.metrics.bets_refused.inc();
                        let _gone = reply.send(Err(refusal(rejection)));
                    }
                }
            }
            Request::CancelBet { player, bet, round, reply, .. } => {
                match lobby.handle(at, Command::CancelBet { player, bet, round }, events) {
                    Ok(()) => self.waiting.for_cancel((player, bet), reply),
                    Err(rejection) => {
                        let _gone = reply.send(Err(refusal(rejection)));
                    }
                }
            }
            Request::CashOut { player, bet, round, reply, .. } => {
                match lobby.handle(priced_at, Command::CashOut { player, bet, round }, events) {
                    Ok(()) => self.waiting.for_cash_out(events.last(), reply),
                    Err(rejection) => {
                        if rejection == Rejection::TooLate {
                            self.task.metrics.cash_outs_too_late.inc();
                        }
                        let _gone = reply.send(Err(refusal(rejection)));
                    }
                }
            }
        }
    }

    /// The instant by which a cash-out is judged: its stamp.
    fn priced_at(&self, stamp: Timestamp) -> Timestamp {
        if planted::is(Bug::WallClockPricing) {
            let wall_ms = self.task.clock.unix_ms().saturating_sub(self.wall_ms);
            return Timestamp::from_ms(wall_ms.unsigned_abs());
        }
        stamp
    }

    /// Hands a write to those who make it durable.
    fn store(&mut self, write: Write) {
        let task = &mut self.task;
        let mut besides = Besides::default();
        match &write {
            Write::Round { .. } => task.pictures.begin_round(),
            Write::Bet(Bet { key, .. }) => {
                besides.name = Some(task.pictures.name_of(key.player));
                besides.place = self.waiting.place_of(&(key.player, key.bet));
            }
            Write::Lock { .. } => {
                task.live.set_open_round(None);
                besides.locked =
                    task.lobby.bets().iter().filter(|bet| bet.is_in_round()).map(entry).collect();
            }
            Write::Void { .. } | Write::Forget { .. } => task.live.set_open_round(None),
            _ => {}
        }
        task.outbound.submit(&task.live, write, besides);
    }

    /// Tells whom it concerns: who waits for it, and everyone who watches.
    fn tell(&mut self, notice: &Notice, now: Timestamp) {
        failpoints::before_told(notice);
        let task = &mut self.task;
        match notice {
            Notice::BettingOpened { round, .. } => {
                task.live.set_playing(Some(*round));
                task.live.set_open_round(Some(*round));
            }
            Notice::BetAccepted(_) => {
                task.metrics.bets_accepted.inc();
            }
            Notice::BetRefused { .. } => {
                task.metrics.bets_refused.inc();
            }
            Notice::RoundStarted { round, .. } => task.live.set_running(*round),
            Notice::CashedOut(_) => {
                task.metrics.cash_outs.inc();
            }
            Notice::Settled { totals, .. } => {
                task.live.set_playing(None);
                task.metrics.settled(totals);
            }
            Notice::Voided { .. } => {
                task.live.set_playing(None);
                task.metrics.rounds_voided.inc();
            }
            Notice::Interrupted { .. } | Notice::Stopped => task.live.set_playing(None),
            Notice::InterruptionSettled { totals, would_have_paid, .. } => {
                task.metrics.interrupted(totals.payout_sum, *would_have_paid);
            }
            Notice::Ticked { elapsed_ms, .. } => {
                if let Phase::Running { started_at } = task.lobby.phase() {
                    observe_lateness(&task.metrics, now.ms_since(started_at + *elapsed_ms));
                }
            }
            _ => {}
        }
        let asked = self.waiting.answer(notice, task.live.id());
        task.pictures.draw(notice, &task.lobby, now, asked);
        task.live.set_crowd(task.pictures.crowd());
        failpoints::after_told(notice);
    }
}

fn observe_lateness(metrics: &Metrics, late_ms: u64) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of lateness are few")]
    metrics.tick_lateness_seconds.observe(late_ms as f64 / 1_000.0);
}

/// When the request counts as made.
const fn stamp(request: &Request) -> Timestamp {
    match request {
        Request::PlaceBet { at, .. }
        | Request::CancelBet { at, .. }
        | Request::CashOut { at, .. } => *at,
    }
}

/// A bet as the hash over the accepted set takes it.
fn entry(bet: &Bet) -> BetEntry {
    let Bet { key, stake, auto_cash_out, .. } = *bet;
    BetEntry { player: key.player, bet: key.bet, stake, auto_cash_out }
}
