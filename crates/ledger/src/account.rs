//! The rows of the book: who has money, what is held for a bet, what a lobby may not go behind.

use std::fmt;

use crate::RequestId;
use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};

/// Where money stands. Only `Cashier` may be negative: it is where money comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Top-ups and fundings come from here, take-outs go here.
    Cashier,
    /// What a lobby's house can lose.
    House(LobbyId),
    /// The stakes a lobby holds: always the sum of its reserved holds.
    Escrow(LobbyId),
    /// What a player can stake now.
    Player(PlayerId),
}

/// A hold's name, everywhere: bet ids are unique for one player only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId {
    /// Who staked.
    pub player: PlayerId,
    /// For which bet.
    pub bet: BetId,
}

/// A stake set aside for a bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The round it is for.
    pub round: RoundId,
    /// How much.
    pub stake: Stake,
    /// Whether it was decided, and how.
    pub state: HoldState,
}

/// A hold is reserved, then exactly once won, lost or released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    /// The stake stands in escrow.
    Reserved,
    /// The stake went to the house, and `payout` from the house to the player.
    Won {
        /// Gross: the stake is in it.
        payout: Amount,
    },
    /// The stake went to the house.
    Lost,
    /// The stake went back to the player.
    Released(Released),
}

/// What released a hold. A close counts only those that a resolve released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// `release`, before the lock.
    Early,
    /// `resolve`, after the lock.
    Resolved,
    /// `close`, as one that nobody had decided.
    Closed,
}

/// What the wallet refuses to go behind: one row a lobby. None of its numbers ever falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The newest owner's fencing number.
    pub epoch: Epoch,
    /// The last round closed, 0 if none, or what a fence raised it to: no bet is taken at or
    /// below it.
    pub closed_round: u32,
    /// The last seed that a closed round used up, or what a fence raised it to.
    pub seed_index: SeedIndex,
    /// The highest round that a close named: a game that does not know it has lost records.
    pub seen_round: u32,
    /// The highest seed that a close named, likewise.
    pub seen_seed: SeedIndex,
    /// Names the take-over that fenced last; zeros if it was not named.
    pub request: RequestId,
}

/// The tally of a round's holds: one row a round, only for rounds that had any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Holds still reserved.
    pub reserved_count: u32,
    /// Their stakes together.
    pub reserved_sum: Amount,
    /// Holds that `resolve` decided, released ones included.
    pub resolved_count: u32,
    /// Their stakes together.
    pub resolved_sum: Amount,
    /// Whether the round was closed, and whether it agreed.
    pub state: RoundState,
}

/// Where a round stands at the wallet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoundState {
    /// Not closed yet.
    #[default]
    Open,
    /// Closed; count and sum agreed, nothing is held.
    Agreed,
    /// Closed; count or sum did not agree, what was held is kept.
    Disagreed,
}

/// How much a player topped up on the day of the last top-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopUpDay {
    /// Days since 1970-01-01 UTC.
    pub day: u32,
    /// The day's top-ups together; take-outs do not lower it.
    pub sum: Amount,
}

/// `cashier`, `house:4`, `escrow:4`, `player:7`.
impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cashier => formatter.write_str("cashier"),
            Self::House(lobby) => write!(formatter, "house:{lobby}"),
            Self::Escrow(lobby) => write!(formatter, "escrow:{lobby}"),
            Self::Player(player) => write!(formatter, "player:{player}"),
        }
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.player, self.bet)
    }
}
