//! One lobby: its rounds one after another, its bankroll, and the phase that says what is next.

mod bankroll;
mod bets;
mod betting;
mod cash_out;
mod climb;
mod ending;

use kernel::{Amount, Multiplier, Sealed, Timestamp};

use crate::{Bet, Command, Event, Notice, Reason, Rejection, Rules, Settlement, Totals, Write};

use bankroll::Bankroll;
pub use bankroll::{Resume, Unclosed};
use bets::Bets;
use climb::Climb;

/// The state machine of one lobby. Cheap when nothing happens, and never waits.
#[derive(Debug)]
pub struct Lobby {
    rules: Rules,
    /// The latest instant seen. Never runs back.
    clock: Timestamp,
    /// When the last wake-up asked for the next one.
    wake_due: Option<Timestamp>,
    phase: Phase,
    round: Round,
    bankroll: Bankroll,
    /// No further round is opened.
    stopping: bool,
}

/// What the lobby is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The round's row is being stored.
    Opening,
    /// Bets are taken; without a closing instant the lobby rests.
    Open {
        /// When the round locks.
        closes_at: Option<Timestamp>,
    },
    /// The accepted set is fixed; the lock record is being stored or the start awaited.
    Locked {
        /// When the climb starts, if the record is durable by then.
        start_at: Timestamp,
        /// Whether it is durable.
        stored: bool,
    },
    /// The climb.
    Running {
        /// When it started.
        started_at: Timestamp,
    },
    /// The climb is over; nobody has lost yet.
    Crashed {
        /// The crash instant, or the instant at which the highest multiplier was reached.
        at: Timestamp,
        /// Whether the crash is durable.
        stored: bool,
    },
    /// The outcome is being stored.
    Deciding,
    /// The end of an unlocked round is being stored.
    Voiding {
        /// Why.
        reason: Reason,
    },
    /// The climb was stopped; its end is awaited or being stored.
    Interrupted {
        /// Why.
        reason: Reason,
        /// Whether the end was handed to the store.
        storing: bool,
    },
    /// The round has ended; the next one opens at `until`, or when the wallet has caught up.
    Over {
        /// The earliest opening.
        until: Timestamp,
    },
    /// No more rounds are played here.
    Stopped,
}

/// The round now played, or the last one.
#[derive(Debug)]
struct Round {
    number: u32,
    bets: Bets,
    /// What the house could cover when the round opened.
    room_at_open: Amount,
    totals: Totals,
    climb: Option<Climb>,
    /// How a stopped round ends, while that is being stored.
    interruption: Option<Ending>,
}

/// How a stopped round ends, until that is stored.
#[derive(Debug)]
struct Ending {
    /// `None` where the climb turned out to be over.
    reason: Option<Reason>,
    multiplier: Option<Multiplier>,
    settlements: Vec<Settlement>,
    /// The bets that it ends, as they ended.
    untold: Vec<Bet>,
    would_have_paid: Amount,
}

impl Lobby {
    /// A lobby that opens its next round at the first [`Lobby::advance`].
    #[must_use]
    pub fn new(rules: Rules, resume: Resume, now: Timestamp) -> Self {
        Self {
            rules,
            clock: now,
            wake_due: None,
            phase: Phase::Over { until: now },
            round: Round::new(resume.next_round.saturating_sub(1)),
            bankroll: Bankroll::new(resume),
            stopping: false,
        }
    }

    /// Applies `command` as of its stamp `at`, appending what happened to `events`.
    ///
    /// # Errors
    /// The reason a player's command was refused. Nothing is then changed.
    pub fn handle(
        &mut self,
        at: Timestamp,
        command: Command,
        events: &mut Vec<Event>,
    ) -> Result<(), Rejection> {
        match command {
            Command::PlaceBet(bet) => return self.place_bet(at, bet, events),
            Command::CancelBet { player, bet, round } => {
                return self.cancel_bet(at, (player, bet), round, events);
            }
            Command::CashOut { player, bet, round } => {
                return self.cash_out(at, (player, bet), round, events);
            }
            answer => self.take_answer(at, answer, events),
        }
        Ok(())
    }

    /// Moves the lobby to `now`: opens, locks, starts, pays automatic cash-outs, crashes, and
    /// `late_ms` later decides.
    pub fn advance(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        self.clock = self.clock.max(now);
        let now = self.clock;
        if let Phase::Over { until } = self.phase {
            self.open_next(now, until, events);
        }
        if let Phase::Open { closes_at: Some(closes_at) } = self.phase
            && now >= closes_at
        {
            self.lock(now, events);
        }
        if let Phase::Locked { start_at, stored: true } = self.phase
            && now >= start_at
        {
            self.start(now, start_at, events);
        }
        if let Phase::Running { started_at } = self.phase {
            self.climb_to(now, started_at, events);
        }
        if let Phase::Crashed { at, stored: true } = self.phase
            && now >= at + self.rules.late_ms
            && !self.writes_pending()
        {
            self.decide(events);
        }
        if let Phase::Interrupted { reason, storing: false } = self.phase
            && !self.writes_pending()
        {
            self.settle_interruption(reason, events);
        }
        self.wake_due = self.next_deadline();
    }

    /// When [`Lobby::advance`] must be called next, if only time passes. It may lie in the past.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Open { closes_at } => closes_at,
            Phase::Locked { start_at, stored: true } => Some(start_at),
            Phase::Running { started_at } => {
                self.round.climb.as_ref().map(|climb| climb.next_instant(started_at, &self.rules))
            }
            Phase::Crashed { at, stored: true } if !self.writes_pending() => {
                Some(at + self.rules.late_ms)
            }
            Phase::Interrupted { storing: false, .. } if !self.writes_pending() => Some(self.clock),
            Phase::Over { until } if self.bankroll.may_open(&self.rules) => Some(until),
            _ => None,
        }
    }

    /// What the lobby is doing.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The number of the round now played, or of the last one.
    #[must_use]
    pub const fn round(&self) -> u32 {
        self.round.number
    }

    /// The bets of the round now played, in the order in which they were asked for.
    #[must_use]
    pub fn bets(&self) -> &[Bet] {
        self.round.bets.as_slice()
    }

    /// The sums of the round now played, complete from the lock on.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.round.totals
    }

    /// The rules of the lobby.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether the lobby plays no more rounds.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped)
    }

    /// Takes what the stores and the operator say. Answers of another round are history.
    fn take_answer(&mut self, at: Timestamp, answer: Command, events: &mut Vec<Event>) {
        self.clock = self.clock.max(at);
        let current = self.round.number;
        match answer {
            Command::RoundStored { round } if round == current => self.opened(at, events),
            Command::BetStored { player, bet, balance } => {
                self.bet_stored(at, (player, bet), balance, events);
            }
            Command::BetRefused { player, bet, rejection } => {
                self.bet_refused((player, bet), rejection, events);
            }
            Command::CancelStored { player, bet } => self.cancel_stored((player, bet), events),
            Command::LockStored { round, crash_point } if round == current => {
                self.lock_stored(at, crash_point, events);
            }
            Command::HeartbeatStored { round } if round == current => self.heartbeat_stored(),
            Command::CashOutStored { player, bet } => {
                self.cash_out_stored((player, bet), events);
            }
            Command::CrashStored { round } if round == current => self.crash_stored(events),
            Command::OutcomeStored { round } if round == current => {
                self.outcome_stored(at, events);
            }
            Command::VoidStored { round } if round == current => self.void_stored(at, events),
            Command::InterruptionStored { round } if round == current => {
                self.interruption_stored(at, events);
            }
            Command::RoundClosed { round, house_balance, agreed } => {
                self.bankroll.close(round, house_balance, agreed);
            }
            Command::Rest => self.rest(events),
            Command::Drain => self.drain(events),
            Command::Interrupt => self.stop_now(events),
            _ => {}
        }
    }

    /// Opens the next round when its time has come and the wallet is not too far behind.
    fn open_next(&mut self, now: Timestamp, until: Timestamp, events: &mut Vec<Event>) {
        if self.stopping {
            self.stopped(events);
        } else if now >= until && self.bankroll.may_open(&self.rules) {
            self.round = Round::new(self.round.number + 1);
            self.phase = Phase::Opening;
            events.push(Event::Store(Write::Round { round: self.round.number }));
        }
    }

    fn stopped(&mut self, events: &mut Vec<Event>) {
        self.phase = Phase::Stopped;
        events.push(Event::Tell(Notice::Stopped));
    }

    /// Whether anything whose end decides this round is still on its way to the store.
    fn writes_pending(&self) -> bool {
        self.round.climb.as_ref().is_some_and(Climb::writes_pending)
            || self.round.bets.cash_outs_pending() > 0
    }

    /// The crash point; only a locked round has one, and only this module looks at it.
    fn crash_point(&self) -> Multiplier {
        let sealed = self.round.climb.as_ref().and_then(|climb| climb.crash_point.as_ref());
        sealed.map_or(Multiplier::ONE, |sealed: &Sealed<Multiplier>| *sealed.expose())
    }
}

impl Round {
    fn new(number: u32) -> Self {
        Self {
            number,
            bets: Bets::default(),
            room_at_open: Amount::ZERO,
            totals: Totals::default(),
            climb: None,
            interruption: None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
