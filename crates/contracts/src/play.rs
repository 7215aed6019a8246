//! What a gateway asks of the owner of a lobby on behalf of a player.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::{Amount, BetId, LobbyId, Multiplier, PlayerId, RoundId, Stake, Timestamp};

/// Playing, as the gateway sees it. An answer means stored: what was accepted, cancelled or paid
/// is durable before it returns.
#[async_trait]
pub trait Play: Send + Sync {
    /// Places a bet in the round now open, or in `round` if it is named.
    ///
    /// The same bet sent again gets its first answer.
    ///
    /// # Errors
    /// [`PlayError::Refused`] with the reason; [`PlayError::Unavailable`]: outcome unknown, send
    /// the same bet id again.
    async fn place_bet(&self, bet: BetRequest) -> Result<Accepted, PlayError>;

    /// Takes an accepted bet back before the lock.
    ///
    /// # Errors
    /// As for [`Play::place_bet`].
    async fn cancel_bet(&self, cancel: CancelRequest) -> Result<Returned, PlayError>;

    /// Cashes out one bet, or all open bets of the player in the lobby.
    ///
    /// # Errors
    /// As for [`Play::place_bet`].
    async fn cash_out(&self, cash_out: CashOutRequest) -> Result<Vec<CashedOut>, PlayError>;

    /// The lobby as it stands, a `protocol` snapshot in JSON, with `player`'s own bets in it.
    ///
    /// # Errors
    /// [`PlayRefusal::UnknownLobby`], or [`PlayError::Unavailable`].
    async fn snapshot(&self, lobby: LobbyId, player: Option<PlayerId>) -> Result<Bytes, PlayError>;
}

/// Names a lobby and, where the caller knows it, its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LobbyRef {
    /// The lobby.
    pub lobby: LobbyId,
    /// The round meant, or the one now played.
    pub round: Option<u32>,
}

/// A bet as the player asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BetRequest {
    /// Who.
    pub player: PlayerId,
    /// The name shown beside the bet.
    pub username: String,
    /// Where.
    pub at: LobbyRef,
    /// Its id, made before the first sending.
    pub bet: BetId,
    /// How much.
    pub stake: Stake,
    /// The auto cash-out's target.
    pub auto_cash_out: Option<Multiplier>,
}

/// Takes back a bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// Whose.
    pub player: PlayerId,
    /// Where.
    pub at: LobbyRef,
    /// Which.
    pub bet: BetId,
}

/// Leaves a round with stake × multiplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashOutRequest {
    /// Whose.
    pub player: PlayerId,
    /// Where.
    pub at: LobbyRef,
    /// Which bet, or all of the player's in the lobby.
    pub bet: Option<BetId>,
    /// When its complete frame was read, by the clock of the process that plays the lobby.
    pub stamp: Timestamp,
}

/// An accepted bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The bet.
    pub bet: BetId,
    /// The round it is in.
    pub round: RoundId,
    /// The stake held.
    pub stake: Stake,
    /// The target asked for.
    pub auto_cash_out: Option<Multiplier>,
    /// Where the bet is paid at the latest: the target, or the lobby's caps.
    pub cap: Multiplier,
    /// What the player could stake once this stake was held. Stored with the bet: the same in
    /// every answer to it.
    pub balance: Amount,
}

/// A cancelled bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The bet.
    pub bet: BetId,
    /// The round it was in.
    pub round: RoundId,
    /// The stake on its way back.
    pub stake: Stake,
}

/// A bet cashed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashedOut {
    /// The bet.
    pub bet: BetId,
    /// The round it was in.
    pub round: RoundId,
    /// What was risked.
    pub stake: Stake,
    /// At what.
    pub multiplier: Multiplier,
    /// Stake × multiplier.
    pub payout: Amount,
    /// When the cash-out was stamped, in milliseconds of the climb.
    pub stamped_ms: u64,
}

/// Why a player was refused. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayRefusal {
    /// There is no such lobby.
    #[error("Lobby does not exist")]
    UnknownLobby,
    /// Bets are not taken now.
    #[error("Cannot place a bet. The game is already in progress.")]
    BettingClosed,
    /// The round named is not the one now played.
    #[error("The lobby plays another round")]
    WrongRound,
    /// The stake is below the lobby's least.
    #[error("The least stake here is {min}")]
    BelowMin {
        /// The lobby's least stake.
        min: Stake,
    },
    /// The stake is above the lobby's most, or so high that its cap is below 1.01x.
    #[error("The most that can be staked here is {max}")]
    AboveMax {
        /// The most that is taken.
        max: Stake,
    },
    /// The auto cash-out's target is below 1.01x.
    #[error("An auto cash-out must be at least 1.01")]
    InvalidTarget,
    /// The player has as many bets in this round as are allowed.
    #[error("At most {limit} bets a round")]
    BetLimit {
        /// How many are allowed.
        limit: u32,
    },
    /// The balance does not cover the stake.
    #[error("Insufficient funds")]
    InsufficientFunds,
    /// The house has no room for what the bet could win.
    #[error("The house cannot cover this bet now")]
    ExposureFull {
        /// The largest stake that would fit with the same target, if any does.
        fits: Option<Stake>,
    },
    /// The id stands for another bet.
    #[error("This bet id was used for another bet")]
    BetIdReused,
    /// The player has no open bet that is meant.
    #[error("No active bet found to withdraw")]
    NoOpenBet,
    /// The climb has not reached 1.01x.
    #[error("The multiplier has not reached 1.01 yet")]
    TooEarly,
    /// The crash, or the end of the round, came first.
    #[error("The round ended before the cash-out")]
    TooLate,
    /// The bet is already cashed out.
    #[error("The bet is already cashed out")]
    AlreadyCashedOut,
    /// Too many of this lobby's commands wait to be stored.
    #[error("The lobby is busy, try again")]
    Overloaded,
    /// The lobby is being handed over or the process stops.
    #[error("The lobby takes no bets while it is handed over")]
    Draining,
    /// Another process plays the lobby, or may by now: ask there. Nothing was done here.
    #[error("Another process plays this lobby")]
    NotOwner,
    /// The lobby's seed chain is used up and has no successor.
    #[error("The lobby has no seeds left")]
    SeedsExhausted,
}

/// Why a call had no answer, or which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// Refused; nothing was changed.
    #[error(transparent)]
    Refused(#[from] PlayRefusal),
    /// The outcome is unknown: send the same again.
    #[error("the lobby's owner did not answer")]
    Unavailable,
}
