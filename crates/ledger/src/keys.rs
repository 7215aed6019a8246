//! Which rows a batch may read or change, in the order in which a store locks them.

use std::collections::BTreeSet;

use kernel::{LobbyId, PlayerId, RoundId};

use crate::{Account, Command, HoldId, RequestId};

/// Rows to load before a batch is decided. Each set is in key order; the fields too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Fences.
    pub fences: BTreeSet<LobbyId>,
    /// Lobbies of which every round that still has reserved holds is needed.
    pub open_rounds: BTreeSet<LobbyId>,
    /// Tallies.
    pub rounds: BTreeSet<RoundId>,
    /// Rounds of which every reserved hold is needed. Pass each found to [`Keys::add_reserved`].
    pub closing: BTreeSet<RoundId>,
    /// Holds, and the tombstones of the same names.
    pub holds: BTreeSet<HoldId>,
    /// Top-ups and take-outs already made.
    pub requests: BTreeSet<(PlayerId, RequestId)>,
    /// Days of top-ups.
    pub top_up_days: BTreeSet<PlayerId>,
    /// Balances; a player's with what the player holds.
    pub accounts: BTreeSet<Account>,
}

/// The rows that `batch` touches, but for the holds that its closes will find.
#[must_use]
pub fn touches(batch: &[Command]) -> Keys {
    let mut keys = Keys::default();
    for command in batch {
        keys.add(command);
    }
    keys
}

impl Keys {
    /// Adds what deciding a hold found reserved in a closing round touches: its player's account.
    pub fn add_reserved(&mut self, hold: HoldId) {
        self.accounts.insert(Account::Player(hold.player));
    }

    fn add(&mut self, command: &Command) {
        match command {
            Command::Fence(fence) => {
                self.open_rounds.insert(fence.lobby);
                self.add_lobby(fence.lobby);
                self.accounts.insert(Account::Cashier);
            }
            Command::Reserve(reserve) => self.add_hold(reserve.hold(), reserve.round),
            Command::Release(release) => self.add_hold(release.hold(), release.round),
            Command::Resolve(resolve) => self.add_hold(resolve.hold(), resolve.round),
            Command::Settle(resolve) => {
                self.add_hold(resolve.hold(), resolve.round);
                self.accounts.insert(Account::Cashier);
            }
            Command::Close(close) => {
                self.closing.insert(close.round);
                self.add_round(close.round);
            }
            Command::Funds(funds) => {
                self.requests.insert((funds.player, funds.request));
                self.top_up_days.insert(funds.player);
                self.accounts.insert(Account::Cashier);
                self.accounts.insert(Account::Player(funds.player));
            }
        }
    }

    fn add_hold(&mut self, hold: HoldId, round: RoundId) {
        self.holds.insert(hold);
        self.accounts.insert(Account::Player(hold.player));
        self.add_round(round);
    }

    fn add_round(&mut self, round: RoundId) {
        self.rounds.insert(round);
        self.add_lobby(round.lobby);
    }

    fn add_lobby(&mut self, lobby: LobbyId) {
        self.fences.insert(lobby);
        self.accounts.insert(Account::House(lobby));
        self.accounts.insert(Account::Escrow(lobby));
    }
}
