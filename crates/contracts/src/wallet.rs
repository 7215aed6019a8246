//! What the game role asks of the wallet.
//!
//! Every verb is batched, and idempotent by the ids it carries.

use async_trait::async_trait;
use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};

/// Holds that one call may resolve.
pub const RESOLVES_MAX: usize = 1_000;

/// The wallet as the game role sees it.
///
/// Every verb may also fail with [`WalletError::Failed`]: nothing was changed, and a person must
/// look. Answers stand in the order of the batch. Each item carries its sender's current epoch,
/// also on what an earlier owner queued: the epoch fences, it never identifies.
#[async_trait]
pub trait Wallet: Send + Sync {
    /// An owner's first act for a lobby, before it reads its rounds. The first fence of a lobby
    /// makes its row and moves `funding` from `cashier` to its house, in one transaction.
    ///
    /// # Errors
    /// [`WalletError::Fenced`] if a newer owner was here, or another under this epoch;
    /// [`WalletError::Unavailable`]: outcome unknown, send the same again.
    async fn fence(&self, fence: Fence) -> Result<Fenced, WalletError>;

    /// Moves each stake from its player's available balance into a hold named (player, bet).
    /// Answers what the player can stake now; sent again, a hold moves nothing.
    ///
    /// # Errors
    /// [`WalletError::Unavailable`]: outcome unknown, send the same holds again.
    async fn reserve(&self, holds: &[Reserve])
    -> Result<Vec<Result<Amount, Refusal>>, WalletError>;

    /// Returns reserved stakes; what was not reserved yet is refused when it comes (a tombstone).
    ///
    /// # Errors
    /// [`WalletError::Unavailable`]: outcome unknown, send the same again.
    async fn release(&self, holds: &[Release]) -> Result<Vec<Result<(), Refusal>>, WalletError>;

    /// Decides holds, at most [`RESOLVES_MAX`] a call, any time after the lock of their round.
    ///
    /// # Errors
    /// [`WalletError::Unavailable`]: outcome unknown, send the same again;
    /// [`WalletError::Failed`] also if there are too many.
    async fn resolve(
        &self,
        holds: &[Resolve],
    ) -> Result<Vec<Result<ResolveAnswer, Refusal>>, WalletError>;

    /// Closes a round, in order of rounds, after all its resolves were answered. Idempotent: a
    /// round at or below the closed one is answered with the current house balance.
    ///
    /// # Errors
    /// [`WalletError::Fenced`]; [`WalletError::Unavailable`]: outcome unknown, send it again.
    async fn close(&self, close: Close) -> Result<Closed, WalletError>;
}

/// Takes a lobby over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The lobby.
    pub lobby: LobbyId,
    /// The new owner's fencing number, higher than every earlier one's.
    pub epoch: Epoch,
    /// What its house is given if this is the lobby's first fence.
    pub funding: Amount,
    /// How many rounds and seeds beyond those closed the game's store may have lost: 3 for one
    /// that can lose its tail, 0 otherwise. Closed round and seed index are raised by so much.
    pub raise: u32,
    /// Names this take-over: sent again it raises nothing again, and another take-over under the
    /// same epoch is refused. Zeros where no two owners can come to the same epoch.
    pub request: [u8; 16],
}

/// What the wallet knows of a lobby when it was fenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// The fence as it stands now.
    pub epoch: Epoch,
    /// The last round closed, 0 if none, or what a fence raised it to: nothing at or below it is
    /// ever opened, what was opened can still be resolved and closed.
    pub closed_round: u32,
    /// The last seed that a closed round used up, or what a fence raised it to.
    pub seed_index: SeedIndex,
    /// The highest round that a close named, 0 if none: a store that does not know it is behind.
    pub seen_round: u32,
    /// The highest seed that a close named, likewise.
    pub seen_seed: SeedIndex,
    /// What the house can lose.
    pub house_balance: Amount,
    /// Holds still reserved: round and how many. Empty rounds are not listed.
    pub open_holds: Vec<(u32, u64)>,
}

/// Holds a stake for a bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Who stakes.
    pub player: PlayerId,
    /// The bet; (player, bet) names the hold.
    pub bet: BetId,
    /// Where and when it is played.
    pub round: RoundId,
    /// The sender's fencing number.
    pub epoch: Epoch,
    /// How much.
    pub stake: Stake,
}

/// Gives a reserved stake back before its round was locked.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Cashed out: the gross payout goes to the player.
    Won {
        /// Stake × multiplier, exact.
        payout: Amount,
    },
    /// The stake goes to the house.
    Lost,
    /// The stake goes back to the player.
    Released,
}

/// What became of a resolve. Both count as answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveAnswer {
    /// Done, now or by an earlier sending.
    Done,
    /// The hold is unknown or was decided otherwise: parked and alarmed, nothing moved.
    Conflict,
}

/// Ends a round at the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    /// The round.
    pub round: RoundId,
    /// The sender's fencing number.
    pub epoch: Epoch,
    /// How many bets its lock record holds; 0 without a lock.
    pub count: u32,
    /// What they staked together; zero without a lock.
    pub stake_sum: Amount,
    /// The last seed used up, this round's included if it was locked.
    pub seed_index: SeedIndex,
}

/// The wallet's answer to a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// What the house can lose now.
    pub house_balance: Amount,
    /// Whether count and sum agreed with the holds resolved. If not, its reserved holds are kept
    /// and the round's exposure stays reserved.
    pub agreed: bool,
}

/// Why one hold was refused, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The sender's epoch is behind the fence.
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
    /// The player's available balance does not cover the stake.
    #[error("insufficient funds")]
    InsufficientFunds,
}

/// Why a whole call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// The outcome is unknown: the same call must be sent again until it is answered.
    #[error("the wallet did not answer")]
    Unavailable,
    /// The wallet cannot do it and changed nothing. A person must look; until then the same call
    /// fails again, so it is sent seldom. What money depends on is still never given up.
    #[error("the wallet cannot do this; nothing was changed")]
    Failed,
    /// A newer owner plays this lobby: stop, nothing was changed.
    #[error("a newer owner plays this lobby")]
    Fenced,
}
