//! The bets of one round: found by name, walked in the order of their asking.

use std::collections::BTreeMap;

use kernel::{Amount, BetId, PlayerId};

use crate::{Bet, BetState};

/// What names a bet within its round.
pub(super) type Name = (PlayerId, BetId);

/// All bets asked for in a round. Refused ones keep their place but lose their name.
#[derive(Debug, Default)]
pub(super) struct Bets {
    all: Vec<Bet>,
    by_name: BTreeMap<Name, usize>,
    /// Exposure of every bet that is in the round or may still come into it.
    exposure: Amount,
    /// Bets that are accepted or on their way.
    live: usize,
    cash_outs_pending: usize,
}

impl Bets {
    pub(super) fn as_slice(&self) -> &[Bet] {
        &self.all
    }

    pub(super) fn get(&self, place: usize) -> &Bet {
        &self.all[place]
    }

    pub(super) fn find(&self, name: Name) -> Option<usize> {
        self.by_name.get(&name).copied()
    }

    /// The places of a player's bets, in the order of their ids.
    pub(super) fn of_player(&self, player: PlayerId) -> impl Iterator<Item = usize> + '_ {
        let first = (player, BetId::from_bytes([0; 16]));
        let last = (player, BetId::from_bytes([0xff; 16]));
        self.by_name.range(first..=last).map(|(_, &place)| place)
    }

    pub(super) fn push(&mut self, bet: Bet) {
        self.by_name.insert((bet.key.player, bet.key.bet), self.all.len());
        self.exposure += bet.exposure();
        self.live += 1;
        self.all.push(bet);
    }

    /// Changes a bet's state, keeping the sums.
    pub(super) fn set(&mut self, place: usize, state: BetState) {
        let bet = &mut self.all[place];
        let (was, exposure) = (bet.state, bet.exposure());
        bet.state = state;
        let name = (bet.key.player, bet.key.bet);
        if is_live(was) && !is_live(state) {
            self.live -= 1;
        }
        if reserves(was) && !reserves(state) {
            self.exposure -= exposure;
        }
        if matches!(state, BetState::CashingOut { .. }) {
            self.cash_outs_pending += 1;
        }
        if matches!(was, BetState::CashingOut { .. }) {
            self.cash_outs_pending -= 1;
        }
        if state == BetState::Released {
            self.by_name.remove(&name);
        }
    }

    /// Notes what the player had left once the stake was held.
    pub(super) fn set_balance(&mut self, place: usize, balance: Amount) {
        self.all[place].balance = balance;
    }

    pub(super) const fn exposure(&self) -> Amount {
        self.exposure
    }

    /// Whether any bet is accepted or on its way.
    pub(super) const fn any_live(&self) -> bool {
        self.live > 0
    }

    pub(super) const fn cash_outs_pending(&self) -> usize {
        self.cash_outs_pending
    }
}

/// Whether the bet is accepted or may become so.
pub(super) const fn is_live(state: BetState) -> bool {
    matches!(
        state,
        BetState::Requested
            | BetState::Accepted
            | BetState::CashingOut { .. }
            | BetState::CashedOut { .. }
            | BetState::Lost
    )
}

/// Whether the house must still be able to pay the bet. Until its cancellation is durable it must.
const fn reserves(state: BetState) -> bool {
    is_live(state) || matches!(state, BetState::Cancelling)
}
