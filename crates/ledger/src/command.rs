//! What can be asked of the book. Every command is idempotent by the ids it carries.

use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};

use crate::{HoldId, RequestId};

/// One line of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// An owner's first act for a lobby.
    Fence(OpenFence),
    /// Sets a stake aside.
    Reserve(Reserve),
    /// Gives a stake back before the lock.
    Release(Release),
    /// Decides a hold after the lock.
    Resolve(Resolve),
    /// Decides a hold at an operator's word: what the house lacks comes from the cashier.
    Settle(Resolve),
    /// Ends a round.
    Close(Close),
    /// A player's own money comes or goes.
    Funds(Funds),
}

/// Takes a lobby over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFence {
    /// The lobby.
    pub lobby: LobbyId,
    /// The new owner's fencing number.
    pub epoch: Epoch,
    /// What the house is given if this is the lobby's first fence.
    pub funding: Amount,
    /// How many rounds, and seeds, beyond those closed may have been shown and lost: the fence
    /// is raised by so much.
    pub raise: u32,
    /// Names the take-over: the same again raises nothing again, another one under the same epoch
    /// is refused. Zeros where no two owners can come to the same epoch.
    pub request: RequestId,
}

/// Moves a stake from its player into escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Who stakes.
    pub player: PlayerId,
    /// The bet.
    pub bet: BetId,
    /// The round it is for.
    pub round: RoundId,
    /// The sender's fencing number.
    pub epoch: Epoch,
    /// How much.
    pub stake: Stake,
}

/// Moves a stake back to its player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Who staked.
    pub player: PlayerId,
    /// The bet.
    pub bet: BetId,
    /// The round it was for.
    pub round: RoundId,
    /// The sender's fencing number.
    pub epoch: Epoch,
}

/// Decides a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// Who staked.
    pub player: PlayerId,
    /// The bet.
    pub bet: BetId,
    /// The round it was played in.
    pub round: RoundId,
    /// The sender's fencing number.
    pub epoch: Epoch,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Cashed out.
    Won {
        /// Gross: stake × multiplier.
        payout: Amount,
    },
    /// The stake goes to the house.
    Lost,
    /// The stake goes back to the player.
    Released,
}

/// Ends a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    /// The round.
    pub round: RoundId,
    /// The sender's fencing number.
    pub epoch: Epoch,
    /// How many bets the lock record holds; 0 without a lock.
    pub count: u32,
    /// What they staked together.
    pub stake_sum: Amount,
    /// The last seed used up.
    pub seed_index: SeedIndex,
}

/// Moves money between a player and the cashier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funds {
    /// Whose.
    pub player: PlayerId,
    /// Made by the sender; the same id again moves nothing.
    pub request: RequestId,
    /// What is asked.
    pub change: FundsChange,
    /// Days since 1970-01-01 UTC, for the bound of a day.
    pub day: u32,
    /// The bounds in force.
    pub bounds: Bounds,
}

/// What a player asks of the own balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FundsChange {
    /// Adds; negative takes out.
    Add(Amount),
    /// Makes what can be staked this much; holds stay as they are.
    Set(Amount),
    /// Adds at an operator's word, within no bounds of players and counted to no day; negative
    /// takes out.
    Credit(Amount),
}

/// How much a player may top up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most that top-ups may bring on one day.
    pub per_day: Amount,
    /// The most that a top-up may leave to be staked.
    pub balance: Amount,
}

impl Reserve {
    /// The hold's name.
    #[must_use]
    pub const fn hold(&self) -> HoldId {
        HoldId { player: self.player, bet: self.bet }
    }
}

impl Release {
    /// The hold's name.
    #[must_use]
    pub const fn hold(&self) -> HoldId {
        HoldId { player: self.player, bet: self.bet }
    }
}

impl Resolve {
    /// The hold's name.
    #[must_use]
    pub const fn hold(&self) -> HoldId {
        HoldId { player: self.player, bet: self.bet }
    }
}
