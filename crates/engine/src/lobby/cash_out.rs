//! Cash-outs: by click, judged by its stamp, and by cap, whatever the ticks did.

use kernel::planted::{self, Bug};
use kernel::{BetId, Multiplier, PlayerId, Timestamp};

use super::bets::Name;
use super::{Lobby, Phase};
use crate::{BetState, Event, Notice, Rejection, Write};

impl Lobby {
    /// Cashes out one bet of the player or all, judged by the stamp `at`.
    pub(super) fn cash_out(
        &mut self,
        at: Timestamp,
        (player, bet): (PlayerId, Option<BetId>),
        round: Option<u32>,
        events: &mut Vec<Event>,
    ) -> Result<(), Rejection> {
        if round.is_some_and(|round| round != self.round.number) {
            return Err(Rejection::WrongRound);
        }
        let meant: Vec<usize> = match bet {
            Some(bet) => self.round.bets.find((player, bet)).into_iter().collect(),
            None => self.round.bets.of_player(player).collect(),
        };
        let mut rejection = Rejection::NoOpenBet;
        let (mut taken, mut paid) = (Vec::new(), Vec::new());
        for place in meant {
            let key = self.round.bets.get(place).key;
            match self.price(at, place) {
                Ok(Some(state)) => {
                    taken.push(key);
                    paid.push((place, state));
                }
                // Its cap's instant came first and is being stored: that is the answer.
                Ok(None) => taken.push(key),
                Err(reason) if bet.is_some() || reason != Rejection::AlreadyCashedOut => {
                    rejection = reason;
                }
                Err(_) => {}
            }
        }
        if taken.is_empty() {
            return Err(rejection);
        }
        for (place, state) in paid {
            self.pay(place, state, events);
        }
        events.push(Event::Tell(Notice::CashOutTaken { player, bets: taken }));
        Ok(())
    }

    /// What the bet at `place` is paid by a click stamped `at`; `None` if its cap is paying it.
    fn price(&self, at: Timestamp, place: usize) -> Result<Option<BetState>, Rejection> {
        let bet = self.round.bets.get(place);
        match bet.state {
            BetState::Accepted => {}
            BetState::CashingOut { auto: true, .. } => return Ok(None),
            BetState::CashingOut { .. } | BetState::CashedOut { .. } => {
                return Err(Rejection::AlreadyCashedOut);
            }
            BetState::Lost => return Err(Rejection::TooLate),
            _ => return Err(Rejection::NoOpenBet),
        }
        let climb = self.round.climb.as_ref().ok_or(Rejection::NoOpenBet)?;
        let end_ms = climb.end_ms(&self.rules);
        let started_at = match self.phase {
            Phase::Running { started_at } => started_at,
            Phase::Crashed { at, .. } => at.minus_ms(end_ms),
            Phase::Open { .. } | Phase::Locked { .. } => return Err(Rejection::NoOpenBet),
            _ => return Err(Rejection::TooLate),
        };
        let elapsed_ms = at.ms_since(started_at);
        let too_old = at + self.rules.late_ms < self.clock;
        let slept = self.slept(at) && matches!(self.phase, Phase::Running { .. });
        if too_old || slept || elapsed_ms > climb.stall_limit_ms(&self.rules) {
            return Err(Rejection::TooLate);
        }
        let cap_ms = self.rules.curve.first_ms(bet.cap);
        if reaches(self.crash_point(), bet.cap) && elapsed_ms >= cap_ms {
            return Ok(Some(BetState::CashingOut {
                multiplier: bet.cap,
                stamped_ms: cap_ms,
                auto: true,
            }));
        }
        let multiplier = self.rules.curve.multiplier_at(elapsed_ms);
        if elapsed_ms >= end_ms || !reaches(self.crash_point(), multiplier) {
            Err(Rejection::TooLate)
        } else if at < started_at || multiplier < Multiplier::CASH_OUT_MIN {
            Err(Rejection::TooEarly)
        } else {
            let state = BetState::CashingOut { multiplier, stamped_ms: elapsed_ms, auto: false };
            Ok(Some(state))
        }
    }

    /// Pays every open bet whose cap was reached, lowest first, exactly its cap.
    pub(super) fn pay_caps(&mut self, elapsed_ms: u64, events: &mut Vec<Event>) {
        let crash_point = self.crash_point();
        while let Some(climb) = self.round.climb.as_mut()
            && let Some(&(cap, place)) = climb.by_cap.get(climb.past_cap)
        {
            let cap_ms = self.rules.curve.first_ms(cap);
            if cap > crash_point || cap_ms > elapsed_ms {
                return;
            }
            climb.past_cap += 1;
            let is_open = self.round.bets.get(place).state == BetState::Accepted;
            if is_open && reaches(crash_point, cap) {
                let multiplier = if planted::is(Bug::TickRoundedAuto) {
                    // What the next tick shows, when a loop over ticks would notice.
                    self.rules.curve.multiplier_at(cap_ms.next_multiple_of(self.rules.tick_ms))
                } else {
                    cap
                };
                let state = BetState::CashingOut { multiplier, stamped_ms: cap_ms, auto: true };
                self.pay(place, state, events);
            }
        }
    }

    /// Sends a cash-out to be stored.
    fn pay(&mut self, place: usize, state: BetState, events: &mut Vec<Event>) {
        self.round.bets.set(place, state);
        if let Some(cash_out) = self.round.bets.get(place).cash_out() {
            self.round.totals.payout_sum += cash_out.payout;
            events.push(Event::Store(Write::CashOut(cash_out)));
        }
    }

    /// The cash-out is durable: it may be acknowledged and shown.
    pub(super) fn cash_out_stored(&mut self, name: Name, events: &mut Vec<Event>) {
        let Some(place) = self.round.bets.find(name) else { return };
        let bet = self.round.bets.get(place);
        if let BetState::CashingOut { multiplier, stamped_ms, auto } = bet.state
            && let Some(cash_out) = bet.cash_out()
        {
            let state = BetState::CashedOut { multiplier, stamped_ms, auto };
            self.round.bets.set(place, state);
            events.push(Event::Tell(Notice::CashedOut(cash_out)));
        }
    }
}

/// Whether a climb to `crash_point` comes to a cash-out at `multiplier`. Equal wins.
fn reaches(crash_point: Multiplier, multiplier: Multiplier) -> bool {
    multiplier < crash_point || (multiplier == crash_point && !planted::is(Bug::TieLost))
}
