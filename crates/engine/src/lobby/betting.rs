//! Taking bets: what is refused, what is reserved, what the countdown does, and the lock.

use kernel::{Amount, Multiplier, Stake, Timestamp};

use super::bets::{Name, is_live};
use super::{Climb, Lobby, Phase};
use crate::{Bet, BetKey, BetState, Event, Mode, Notice, PlaceBet, Rejection, Totals, Write};

impl Lobby {
    /// The round's row is durable: bets may be reserved for it.
    pub(super) fn opened(&mut self, at: Timestamp, events: &mut Vec<Event>) {
        if self.phase != Phase::Opening {
            return;
        }
        self.round.room_at_open = self.bankroll.room();
        let closes_at = match self.rules.mode {
            Mode::Continuous => Some(at + self.rules.betting_ms),
            Mode::OnFirstBet => None,
        };
        self.open_until(closes_at, events);
        if self.stopping {
            self.void(crate::Reason::Shutdown, events);
        }
    }

    /// Checks a bet and sends it to be reserved and stored.
    pub(super) fn place_bet(
        &mut self,
        at: Timestamp,
        bet: PlaceBet,
        events: &mut Vec<Event>,
    ) -> Result<(), Rejection> {
        if bet.round.is_some_and(|round| round != self.round.number) {
            return Err(Rejection::WrongRound);
        }
        if let Some(place) = self.round.bets.find((bet.player, bet.bet)) {
            return self.repeat_bet(place, bet, events);
        }
        self.check_open(at)?;
        let cap = self.check_limits(bet)?;
        let key = BetKey { player: bet.player, bet: bet.bet, round: self.round.number };
        let PlaceBet { stake, auto_cash_out, .. } = bet;
        let (balance, state) = (Amount::ZERO, BetState::Requested);
        let bet = Bet { key, stake, auto_cash_out, cap, balance, state };
        self.round.bets.push(bet);
        events.push(Event::Store(Write::Bet(bet)));
        Ok(())
    }

    /// Marks an accepted bet as leaving.
    pub(super) fn cancel_bet(
        &mut self,
        at: Timestamp,
        name: Name,
        round: Option<u32>,
        events: &mut Vec<Event>,
    ) -> Result<(), Rejection> {
        if round.is_some_and(|round| round != self.round.number) {
            return Err(Rejection::WrongRound);
        }
        let place = self.round.bets.find(name).ok_or(Rejection::NoOpenBet)?;
        let bet = *self.round.bets.get(place);
        match bet.state {
            BetState::Cancelling => return Ok(()),
            BetState::Cancelled => {
                events.push(Event::Tell(Notice::BetCancelled(bet)));
                return Ok(());
            }
            BetState::Accepted => {}
            _ => return Err(Rejection::NoOpenBet),
        }
        self.check_open(at).map_err(|_| Rejection::BettingClosed)?;
        self.round.bets.set(place, BetState::Cancelling);
        events.push(Event::Store(Write::Cancel(bet.key)));
        self.rest_again(events);
        Ok(())
    }

    /// The bet is durable: it is in the round, unless the lock came first.
    pub(super) fn bet_stored(
        &mut self,
        at: Timestamp,
        name: Name,
        balance: Amount,
        events: &mut Vec<Event>,
    ) {
        let Some(place) = self.requested(name) else { return };
        self.round.bets.set_balance(place, balance);
        self.round.bets.set(place, BetState::Accepted);
        let bet = *self.round.bets.get(place);
        events.push(Event::Tell(Notice::BetAccepted(bet)));
        if (self.phase == Phase::Open { closes_at: None }) {
            self.open_until(Some(at + self.rules.betting_ms), events);
        }
    }

    /// The wallet or the store would not have the bet.
    pub(super) fn bet_refused(
        &mut self,
        name: Name,
        rejection: Rejection,
        events: &mut Vec<Event>,
    ) {
        let Some(place) = self.requested(name) else { return };
        let key = self.round.bets.get(place).key;
        self.round.bets.set(place, BetState::Released);
        events.push(Event::Tell(Notice::BetRefused { key, rejection }));
        self.rest_again(events);
    }

    /// The cancellation is durable.
    pub(super) fn cancel_stored(&mut self, name: Name, events: &mut Vec<Event>) {
        let Some(place) = self.round.bets.find(name) else { return };
        if self.round.bets.get(place).state == BetState::Cancelling {
            self.round.bets.set(place, BetState::Cancelled);
            let bet = *self.round.bets.get(place);
            events.push(Event::Tell(Notice::BetCancelled(bet)));
        }
    }

    /// Fixes the accepted set and sends the lock record to be stored.
    pub(super) fn lock(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        self.refuse_requested(Rejection::BettingClosed, events);
        let bets = self.round.bets.as_slice();
        let accepted = bets.iter().filter(|bet| bet.is_in_round());
        let count = u32::try_from(accepted.clone().count()).unwrap_or(u32::MAX);
        let stake_sum = accepted.clone().map(|bet| bet.stake.amount()).sum();
        self.round.totals = Totals { count, stake_sum, payout_sum: Amount::ZERO };
        self.round.climb = Some(Climb::new(bets));
        self.store_lock(now, events);
    }

    /// Hands the lock record to the store, with a start far enough ahead to be durable before it.
    pub(super) fn store_lock(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let lead_ms = self.round.climb.as_mut().map_or(0, |climb| climb.next_lead_ms(&self.rules));
        let start_at = now + lead_ms;
        self.phase = Phase::Locked { start_at, stored: false };
        let accepted = self.round.bets.as_slice().iter().filter(|bet| bet.is_in_round());
        events.push(Event::Store(Write::Lock {
            round: self.round.number,
            bets: accepted.map(|bet| bet.key).collect(),
            totals: self.round.totals,
            start_at,
        }));
    }

    /// Gives back every bet that is still on its way; whatever was held for it is released.
    pub(super) fn refuse_requested(&mut self, rejection: Rejection, events: &mut Vec<Event>) {
        for place in 0..self.round.bets.as_slice().len() {
            let Bet { key, state, .. } = *self.round.bets.get(place);
            if state == BetState::Requested {
                self.round.bets.set(place, BetState::Released);
                events.push(Event::Store(Write::Release(key)));
                events.push(Event::Tell(Notice::BetRefused { key, rejection }));
            }
        }
    }

    /// Clears the countdown of a lobby that nobody plays any more.
    fn rest_again(&mut self, events: &mut Vec<Event>) {
        let counting = matches!(self.phase, Phase::Open { closes_at: Some(_) });
        if counting && self.rules.mode == Mode::OnFirstBet && !self.round.bets.any_live() {
            self.open_until(None, events);
        }
    }

    fn open_until(&mut self, closes_at: Option<Timestamp>, events: &mut Vec<Event>) {
        self.phase = Phase::Open { closes_at };
        let round = self.round.number;
        events.push(Event::Tell(Notice::BettingOpened { round, closes_at }));
    }

    /// The place of a bet that is on its way, if the round still waits for it.
    fn requested(&self, name: Name) -> Option<usize> {
        let place = self.round.bets.find(name)?;
        (self.round.bets.get(place).state == BetState::Requested).then_some(place)
    }

    /// The same bet gets its first answer; another bet may not take its name.
    fn repeat_bet(
        &self,
        place: usize,
        again: PlaceBet,
        events: &mut Vec<Event>,
    ) -> Result<(), Rejection> {
        let first = *self.round.bets.get(place);
        if (first.stake, first.auto_cash_out) != (again.stake, again.auto_cash_out) {
            return Err(Rejection::BetIdReused);
        }
        if first.state != BetState::Requested {
            events.push(Event::Tell(Notice::BetAccepted(first)));
        }
        Ok(())
    }

    /// Bets and cancellations are taken until the closing instant, by their stamp.
    fn check_open(&self, at: Timestamp) -> Result<(), Rejection> {
        match self.phase {
            _ if self.stopping => Err(Rejection::Draining),
            Phase::Open { closes_at } if closes_at.is_none_or(|closes_at| at < closes_at) => Ok(()),
            _ => Err(Rejection::BettingClosed),
        }
    }

    /// What the lobby's rules and the house's room say; answers with the bet's cap.
    fn check_limits(&self, bet: PlaceBet) -> Result<Multiplier, Rejection> {
        let rules = &self.rules;
        if bet.auto_cash_out.is_some_and(|target| target < Multiplier::CASH_OUT_MIN) {
            return Err(Rejection::InvalidTarget);
        }
        if bet.stake < rules.stake_min {
            return Err(Rejection::BelowMin { min: rules.stake_min });
        }
        let max = self.stake_max();
        if bet.stake > max {
            return Err(Rejection::AboveMax { max });
        }
        let cap = rules.cap(bet.stake, bet.auto_cash_out).ok_or(Rejection::AboveMax { max })?;
        let (mut count, mut held) = (0, Amount::ZERO);
        for place in self.round.bets.of_player(bet.player) {
            let other = self.round.bets.get(place);
            if is_live(other.state) {
                count += 1;
                held += other.exposure();
            }
        }
        if count >= rules.bets_per_player {
            return Err(Rejection::BetLimit { limit: rules.bets_per_player });
        }
        self.check_room(bet, cap, held).map(|()| cap)
    }

    /// The highest stake here: the lobby's, or what still has a cap of 1.01x.
    fn stake_max(&self) -> Stake {
        let by_payout = self.rules.payout_max.units() / i64::from(Multiplier::CASH_OUT_MIN.centi());
        let by_payout = u32::try_from(by_payout).unwrap_or(u32::MAX);
        self.rules.stake_max.min(Stake::from_steps(by_payout).unwrap_or(Stake::MIN))
    }

    /// Whether the house, and this player's share of it, can cover one more bet.
    fn check_room(&self, bet: PlaceBet, cap: Multiplier, held: Amount) -> Result<(), Rejection> {
        let PlaceBet { stake, auto_cash_out, .. } = bet;
        let room = self.bankroll.room() - self.round.bets.exposure();
        // Up to 10^15 units times 10^4: beyond an i64.
        let share = i128::from(self.round.room_at_open.units())
            * i128::from(self.rules.room_per_player_bps)
            / 10_000;
        let share = Amount::from_units(i64::try_from(share).unwrap_or(i64::MAX)) - held;
        let left = room.min(share);
        if stake.payout_at(cap) <= left {
            return Ok(());
        }
        // Less is left than one bet may be paid, so what fits is not capped by its payout.
        let target = auto_cash_out.unwrap_or(self.rules.multiplier_max);
        let target = target.min(self.rules.multiplier_max);
        let fits = u32::try_from(left.units() / i64::from(target.centi())).unwrap_or(0);
        let fits = Stake::from_steps(fits).filter(|fits| *fits >= self.rules.stake_min);
        Err(Rejection::ExposureFull { fits })
    }
}
