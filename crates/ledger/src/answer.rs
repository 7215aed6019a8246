//! What the book answers. The same command again gets the same answer, and moves nothing; a
//! balance in it is the one of the moment.

use kernel::{Amount, Epoch, SeedIndex};

/// The answer to one line of a batch, of the same kind as its command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a fence.
    Fence(Result<Fenced, Refusal>),
    /// To a reserve: what the player can stake now.
    Reserve(Result<Amount, Refusal>),
    /// To a release.
    Release(Result<(), Refusal>),
    /// To a resolve.
    Resolve(Result<ResolveAnswer, Refusal>),
    /// To a close.
    Close(Result<Closed, Refusal>),
    /// To a player's own money.
    Funds(Result<FundsTaken, FundsRefusal>),
}

/// What the wallet knows of a lobby when it was fenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// The fence as it stands now.
    pub epoch: Epoch,
    /// The last round closed, 0 if none, or what a fence raised it to.
    pub closed_round: u32,
    /// The last seed that a closed round used up, or what a fence raised it to.
    pub seed_index: SeedIndex,
    /// The highest round that a close named, 0 if none.
    pub seen_round: u32,
    /// The highest seed that a close named.
    pub seen_seed: SeedIndex,
    /// What the house can lose.
    pub house_balance: Amount,
    /// Holds still reserved: round and how many, ascending; empty rounds are not listed.
    pub open_holds: Vec<(u32, u64)>,
}

/// What became of a resolve. Both count as answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveAnswer {
    /// Done, now or by an earlier sending.
    Done,
    /// Parked and alarmed; nothing moved.
    Conflict,
}

/// The answer to a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// What the house can lose now.
    pub house_balance: Amount,
    /// Whether count and sum agreed with the holds resolved.
    pub agreed: bool,
}

/// The answer to a top-up, a take-out or a set balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundsTaken {
    /// What moved; negative if money was taken out.
    pub moved: Amount,
    /// What could be staked right after it.
    pub balance: Amount,
}

/// Why a hold was refused, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// The sender's epoch is behind the fence, or the lobby was never fenced.
    #[error("a newer owner plays this lobby")]
    Fenced,
    /// The round is at or below the closed one.
    #[error("the round is closed")]
    RoundClosed,
    /// A release came first.
    #[error("the bet was released before it was reserved")]
    Tombstoned,
    /// The same id stands for another stake, lobby or round, or the hold is already decided.
    #[error("this bet id was used for another bet")]
    IdReused,
    /// The player's balance does not cover the stake.
    #[error("insufficient funds")]
    InsufficientFunds,
}

/// Why a player's money did not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FundsRefusal {
    /// The id stands for another request.
    #[error("this request id was used for another request")]
    IdReused,
    /// More was to be taken out than can be staked, or a balance was to be negative.
    #[error("insufficient funds")]
    InsufficientFunds,
    /// The day's bound would be passed.
    #[error("at most {left} can be topped up today")]
    AboveDay {
        /// What the day still allows.
        left: Amount,
    },
    /// The balance's bound would be passed.
    #[error("a balance cannot be topped up beyond {max}")]
    AboveBalance {
        /// The bound.
        max: Amount,
    },
}
