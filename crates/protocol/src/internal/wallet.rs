//! The wallet's verbs. Money in units of 0.0001, stakes in steps of 0.01.

use serde::{Deserialize, Serialize};

use crate::wire::{WireBetId, WireLobbyId, WirePlayerId};

/// Holds to be made, returned or decided, one answer each in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<T> {
    /// What is asked for each.
    pub holds: Vec<T>,
}

/// The answers to a [`Batch`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers<T> {
    /// One for each hold.
    pub answers: Vec<Result<T, HoldRefusal>>,
}

/// Which hold, and who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldName {
    /// Who stakes.
    pub player: WirePlayerId,
    /// The bet.
    pub bet: WireBetId,
    /// Where it is played.
    pub lobby: WireLobbyId,
    /// Which round of it.
    pub round: u32,
    /// The sender's fencing number.
    pub epoch: u64,
}

/// A stake to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReserveBody {
    /// Which.
    pub hold: HoldName,
    /// How much, more than zero.
    pub stake_steps: u32,
}

/// A stake to be returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseBody {
    /// Which.
    pub hold: HoldName,
}

/// A hold to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveBody {
    /// Which.
    pub hold: HoldName,
    /// How it ended.
    pub outcome: HoldOutcome,
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldOutcome {
    /// Cashed out.
    Won {
        /// The gross payout.
        payout_units: i64,
    },
    /// The stake goes to the house.
    Lost,
    /// The stake goes back.
    Released,
}

/// A hold was made, or stood already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What the player can stake now.
    pub available_units: i64,
}

/// A stake is on its way back, or will be refused when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenBack {}

/// What became of a hold to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolved {
    /// Done, now or before.
    Done,
    /// Parked.
    Conflict,
}

/// Why one hold was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldRefusal {
    /// The sender's epoch is behind the fence.
    Fenced,
    /// The round is closed.
    RoundClosed,
    /// A release came first.
    Tombstoned,
    /// The id stands for another bet.
    IdReused,
    /// The balance does not cover the stake.
    InsufficientFunds,
}

/// A lobby to be fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FenceBody {
    /// Which.
    pub lobby: WireLobbyId,
    /// The new owner's fencing number.
    pub epoch: u64,
    /// What the house is given at the first fence.
    pub funding_units: i64,
    /// How many rounds and seeds the game's store may have lost.
    pub raise: u32,
    /// Names the take-over.
    pub request: [u8; 16],
}

/// What the wallet knows of a fenced lobby.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FencedBody {
    /// The fence as it stands.
    pub epoch: u64,
    /// The last round closed, 0 if none.
    pub closed_round: u32,
    /// The last seed that a closed round used up.
    pub seed_index: u32,
    /// The highest round that a close named, 0 if none.
    pub seen_round: u32,
    /// The highest seed that a close named.
    pub seen_seed: u32,
    /// What the house can lose.
    pub house_balance_units: i64,
    /// Rounds with holds still reserved.
    pub open_holds: Vec<OpenHolds>,
}

/// How many holds of a round are still reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHolds {
    /// The round.
    pub round: u32,
    /// How many.
    pub count: u64,
}

/// A round to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseBody {
    /// Where.
    pub lobby: WireLobbyId,
    /// Which.
    pub round: u32,
    /// The sender's fencing number.
    pub epoch: u64,
    /// Bets of the lock record.
    pub count: u32,
    /// What they staked together.
    pub stake_sum_units: i64,
    /// The last seed used up.
    pub seed_index: u32,
}

/// A round was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedBody {
    /// What the house can lose now.
    pub house_balance_units: i64,
    /// Whether count and sum agreed.
    pub agreed: bool,
}
