//! The open bets of a round, and how many players and how much money they are. The sums move with
//! each bet, so that the list of lobbies costs no walk over ten thousand of them.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoValues;

use engine::{Bet, BetKey};
use kernel::{Amount, PlayerId};

/// What a round holds as long as it is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Crowd {
    pub(crate) bets: u32,
    pub(crate) players: u32,
    /// In units of 0.0001.
    stakes: i64,
}

impl Crowd {
    pub(crate) const fn stake_sum(self) -> Amount {
        Amount::from_units(self.stakes)
    }
}

#[derive(Debug, Default)]
pub(crate) struct OpenBets {
    bets: BTreeMap<BetKey, Bet>,
    of_player: BTreeMap<PlayerId, u32>,
    stakes: i64,
}

impl OpenBets {
    pub(crate) fn crowd(&self) -> Crowd {
        let count = |size| u32::try_from(size).unwrap_or(u32::MAX);
        Crowd {
            bets: count(self.bets.len()),
            players: count(self.of_player.len()),
            stakes: self.stakes,
        }
    }

    /// Whether the bet is new; one that is not changes nothing.
    pub(crate) fn insert(&mut self, bet: Bet) -> bool {
        if self.bets.insert(bet.key, bet).is_some() {
            return false;
        }
        *self.of_player.entry(bet.key.player).or_default() += 1;
        self.stakes = self.stakes.saturating_add(bet.stake.amount().units());
        true
    }

    pub(crate) fn get(&self, key: &BetKey) -> Option<&Bet> {
        self.bets.get(key)
    }

    pub(crate) fn remove(&mut self, key: &BetKey) -> Option<Bet> {
        let bet = self.bets.remove(key)?;
        self.stakes = self.stakes.saturating_sub(bet.stake.amount().units());
        if let Some(left) = self.of_player.get_mut(&key.player) {
            *left -= 1;
            if *left == 0 {
                self.of_player.remove(&key.player);
            }
        }
        Some(bet)
    }

    /// All of them; none is left.
    pub(crate) fn take(&mut self) -> IntoValues<BetKey, Bet> {
        std::mem::take(self).bets.into_values()
    }
}

#[cfg(test)]
mod tests;
