//! How rounds end: decided, voided, or interrupted; and how a lobby is told to stop.

use kernel::Timestamp;

use super::{Ending, Lobby, Phase};
use crate::{
    Bet, BetState, CashOut, Event, Interruption, Notice, Outcome, Reason, Rejection, Settlement,
    StoredBet, StoredRound, Write, decide_interruption, would_have_paid,
};

impl Lobby {
    /// The late window has passed and nothing is on its way: whoever is still in has lost.
    pub(super) fn decide(&mut self, events: &mut Vec<Event>) {
        let mut lost = Vec::new();
        for place in 0..self.round.bets.as_slice().len() {
            let Bet { key, state, .. } = *self.round.bets.get(place);
            if state == BetState::Accepted {
                self.round.bets.set(place, BetState::Lost);
                lost.push(key);
            }
        }
        self.phase = Phase::Deciding;
        self.round_ended();
        let (round, totals) = (self.round.number, self.round.totals);
        events.push(Event::Store(Write::Outcome { round, lost, totals }));
    }

    /// The outcome is durable: losses are told and the seed may be shown.
    pub(super) fn outcome_stored(&mut self, at: Timestamp, events: &mut Vec<Event>) {
        if self.phase != Phase::Deciding {
            return;
        }
        let bets = self.round.bets.as_slice().iter();
        let lost = bets.filter(|bet| bet.state == BetState::Lost).copied().collect();
        let (round, totals) = (self.round.number, self.round.totals);
        events.push(Event::Tell(Notice::Settled { round, lost, totals }));
        self.over(at, events);
    }

    /// Ends a round that was not locked: every stake goes back by the round's close.
    pub(super) fn void(&mut self, reason: Reason, events: &mut Vec<Event>) {
        self.refuse_requested(Rejection::Draining, events);
        self.phase = Phase::Voiding { reason };
        self.round_ended();
        let round = self.round.number;
        events.push(Event::Store(Write::Void { round, reason }));
    }

    /// The void is durable.
    pub(super) fn void_stored(&mut self, at: Timestamp, events: &mut Vec<Event>) {
        let Phase::Voiding { reason } = self.phase else { return };
        for place in 0..self.round.bets.as_slice().len() {
            if self.round.bets.get(place).state == BetState::Accepted {
                self.round.bets.set(place, BetState::Released);
            }
        }
        events.push(Event::Tell(Notice::Voided { round: self.round.number, reason }));
        self.over(at, events);
    }

    /// Stops a locked round. It is told at once, without a multiplier; the end waits until every
    /// write under way is definite.
    pub(super) fn interrupt(&mut self, reason: Reason, events: &mut Vec<Event>) {
        self.phase = Phase::Interrupted { reason, storing: false };
        events.push(Event::Tell(Notice::Interrupted { round: self.round.number, reason }));
    }

    /// Every write is definite: computes `m_d` from what is durable and stores the end. A climb
    /// whose crash point lies at or below `m_d` was over, and is settled as it was played.
    pub(super) fn settle_interruption(&mut self, reason: Reason, events: &mut Vec<Event>) {
        let places: Vec<usize> = self.places_in_round().collect();
        let stored = self.stored_round(&places);
        let climb_end = stored.crash_point.min(stored.multiplier_max);
        let (told, multiplier, outcomes) = match decide_interruption(&stored) {
            Interruption::Settled { outcomes } => (None, Some(climb_end), outcomes),
            Interruption::Stopped { multiplier, outcomes } => {
                (Some(reason), Some(multiplier), outcomes)
            }
            Interruption::Voided | Interruption::Released => {
                (Some(reason), None, vec![Outcome::Released; places.len()])
            }
        };
        let mut settlements = Vec::with_capacity(places.len());
        let mut untold = Vec::new();
        for (&place, &outcome) in places.iter().zip(&outcomes) {
            let bet = *self.round.bets.get(place);
            settlements.push(Settlement { key: bet.key, outcome });
            self.end_bet(place, bet, outcome);
            let ended = *self.round.bets.get(place);
            if ended.state != bet.state {
                untold.push(ended);
            }
        }
        self.phase = Phase::Interrupted { reason, storing: true };
        self.round_ended();
        let (round, totals) = (self.round.number, self.round.totals);
        let would_have_paid = would_have_paid(&stored);
        let (reason, ends) = (told, settlements.clone());
        let ending = Ending { reason, multiplier, settlements: ends, untold, would_have_paid };
        self.round.interruption = Some(ending);
        events.push(Event::Store(Write::Interruption {
            round,
            reason,
            multiplier,
            settlements,
            totals,
        }));
    }

    /// The end of a stopped round is durable: it may be told.
    pub(super) fn interruption_stored(&mut self, at: Timestamp, events: &mut Vec<Event>) {
        let Phase::Interrupted { storing: true, .. } = self.phase else { return };
        let Some(ending) = self.round.interruption.take() else { return };
        let Ending { reason, multiplier, settlements, untold, would_have_paid } = ending;
        let Some(reason) = reason else {
            self.tell_played(&untold, events);
            self.over(at, events);
            return;
        };
        let (round, totals) = (self.round.number, self.round.totals);
        events.push(Event::Tell(Notice::InterruptionSettled {
            round,
            reason,
            multiplier,
            settlements,
            totals,
            would_have_paid,
        }));
        self.over(at, events);
    }

    /// Tells a stopped round whose climb was over as if it had not been stopped: `untold` are the
    /// bets whose end nobody knows yet.
    fn tell_played(&self, untold: &[Bet], events: &mut Vec<Event>) {
        let mut lost = Vec::new();
        for bet in untold {
            let BetState::CashedOut { multiplier, stamped_ms, auto } = bet.state else {
                lost.push(*bet);
                continue;
            };
            let (key, stake) = (bet.key, bet.stake);
            let payout = stake.payout_at(multiplier);
            let cash_out = CashOut { key, stake, multiplier, payout, stamped_ms, auto };
            events.push(Event::Tell(Notice::CashedOut(cash_out)));
        }
        let (round, totals) = (self.round.number, self.round.totals);
        self.tell_crash(events);
        events.push(Event::Tell(Notice::Settled { round, lost, totals }));
    }

    /// Whether nobody plays and nothing is on its way: [`crate::Command::Rest`] would be obeyed.
    #[must_use]
    pub fn may_rest(&self) -> bool {
        let over = |bet: &Bet| matches!(bet.state, BetState::Cancelled | BetState::Released);
        self.phase == Phase::Open { closes_at: None }
            && !self.stopping
            && self.round.bets.as_slice().iter().all(over)
    }

    /// Told that nobody plays. A round that was asked for a bet may be known to the wallet, which
    /// must then be told of its end.
    pub(super) fn rest(&mut self, events: &mut Vec<Event>) {
        if !self.may_rest() {
            return;
        }
        self.stopping = true;
        if self.round.bets.as_slice().is_empty() {
            events.push(Event::Store(Write::Forget { round: self.round.number }));
            self.stopped(events);
        } else {
            self.void(Reason::Quiet, events);
        }
    }

    /// Told to finish: a round that nobody plays ends at once, another is played out.
    pub(super) fn drain(&mut self, events: &mut Vec<Event>) {
        self.stopping = true;
        let nobody_plays = self.places_in_round().next().is_none();
        match self.phase {
            Phase::Open { .. } if nobody_plays => self.void(Reason::Shutdown, events),
            Phase::Locked { .. } | Phase::Running { .. } if nobody_plays => {
                self.interrupt(Reason::Shutdown, events);
            }
            Phase::Over { .. } => self.stopped(events),
            _ => {}
        }
    }

    /// Told to stop now. What has crashed is decided; everything else is voided or interrupted.
    pub(super) fn stop_now(&mut self, events: &mut Vec<Event>) {
        self.stopping = true;
        match self.phase {
            Phase::Open { .. } => self.void(Reason::Shutdown, events),
            Phase::Locked { .. } | Phase::Running { .. } => {
                self.interrupt(Reason::Shutdown, events);
            }
            Phase::Over { .. } => self.stopped(events),
            _ => {}
        }
    }

    /// The round's exposure stays reserved until the wallet has closed it.
    fn round_ended(&mut self) {
        self.bankroll.ended(self.round.number, self.round.bets.exposure());
    }

    fn over(&mut self, at: Timestamp, events: &mut Vec<Event>) {
        if self.stopping {
            self.stopped(events);
        } else {
            self.phase = Phase::Over { until: at + self.rules.pause_ms };
        }
    }

    fn places_in_round(&self) -> impl Iterator<Item = usize> + '_ {
        let bets = self.round.bets.as_slice().iter().enumerate();
        bets.filter(|(_, bet)| bet.is_in_round()).map(|(place, _)| place)
    }

    /// What is durable of the round now, as a successor would read it.
    fn stored_round(&self, places: &[usize]) -> StoredRound {
        let bets = places.iter().map(|&place| {
            let bet = self.round.bets.get(place);
            let cashed_out = match bet.state {
                BetState::CashedOut { multiplier, .. } => Some(multiplier),
                _ => None,
            };
            StoredBet { key: bet.key, stake: bet.stake, cap: bet.cap, cashed_out }
        });
        StoredRound {
            locked: true,
            crashed: false,
            heartbeat: self.round.climb.as_ref().and_then(super::Climb::durable),
            crash_point: self.crash_point(),
            multiplier_max: self.rules.multiplier_max,
            bets: bets.collect(),
        }
    }

    fn end_bet(&mut self, place: usize, bet: Bet, outcome: Outcome) {
        match (bet.state, outcome) {
            (BetState::Accepted, Outcome::CashedOut { multiplier, payout }) => {
                self.round.totals.payout_sum += payout;
                let stamped_ms = self.rules.curve.first_ms(multiplier);
                let state = BetState::CashedOut { multiplier, stamped_ms, auto: true };
                self.round.bets.set(place, state);
            }
            (BetState::Accepted, Outcome::Lost) => self.round.bets.set(place, BetState::Lost),
            (BetState::Accepted, Outcome::Released) => {
                self.round.totals.payout_sum += bet.stake.amount();
                self.round.bets.set(place, BetState::Released);
            }
            _ => {}
        }
    }
}
