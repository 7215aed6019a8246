//! What a lobby is told: by players, by its stores, by its operator.

use kernel::{Amount, BetId, Multiplier, PlayerId, Sealed, Stake};

/// One input. Those of players may be rejected; answers of the stores never are.
#[derive(Clone, Debug)]
pub enum Command {
    /// A player wants to stake. Answered by `Notice::BetAccepted` or `Notice::BetRefused`.
    PlaceBet(PlaceBet),
    /// A player takes an accepted bet back. Answered by `Notice::BetCancelled`.
    CancelBet { player: PlayerId, bet: BetId, round: Option<u32> },
    /// A player leaves, with one bet or with all. Answered by `Notice::CashOutTaken` at once and
    /// by `Notice::CashedOut` for each of those bets.
    CashOut { player: PlayerId, bet: Option<BetId>, round: Option<u32> },

    /// `Write::Round` is durable.
    RoundStored { round: u32 },
    /// `Write::Bet` is durable: the stake is held, which left the player `balance` to stake, and
    /// the bet's row is written.
    BetStored { player: PlayerId, bet: BetId, balance: Amount },
    /// The wallet refused the stake; nothing was stored.
    BetRefused { player: PlayerId, bet: BetId, rejection: Rejection },
    /// `Write::Cancel` is durable.
    CancelStored { player: PlayerId, bet: BetId },
    /// `Write::Lock` is durable, and the round's seed was opened for it.
    LockStored { round: u32, crash_point: Sealed<Multiplier> },
    /// `Write::Heartbeat` is durable.
    HeartbeatStored { round: u32 },
    /// `Write::CashOut` is durable.
    CashOutStored { player: PlayerId, bet: BetId },
    /// `Write::Crash` is durable.
    CrashStored { round: u32 },
    /// `Write::Outcome` is durable.
    OutcomeStored { round: u32 },
    /// `Write::Void` is durable.
    VoidStored { round: u32 },
    /// `Write::Interruption` is durable.
    InterruptionStored { round: u32 },
    /// The wallet closed a round. Where it did not agree, the round's exposure stays reserved.
    RoundClosed { round: u32, house_balance: Amount, agreed: bool },

    /// Stop if nobody plays, until somebody does: of the round nothing, or nothing but bets that
    /// went back, is left.
    Rest,
    /// Finish the round if anybody plays it, then stop.
    Drain,
    /// Stop now: an unlocked round is voided, a locked one interrupted.
    Interrupt,
}

/// A bet as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceBet {
    /// Who stakes.
    pub player: PlayerId,
    /// The bet's id, unique for this player.
    pub bet: BetId,
    /// The round meant, or the one now open.
    pub round: Option<u32>,
    /// How much.
    pub stake: Stake,
    /// The auto cash-out's target.
    pub auto_cash_out: Option<Multiplier>,
}

/// Why a player's command was refused. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The round takes no bets, or no cancellations, any more.
    #[error("betting is closed")]
    BettingClosed,
    /// Another round's number.
    #[error("the lobby plays another round")]
    WrongRound,
    /// Below the lobby's least stake.
    #[error("the stake is below {min}")]
    BelowMin { min: Stake },
    /// Above the lobby's most, or so high that its cap would be below 1.01x.
    #[error("the stake is above {max}")]
    AboveMax { max: Stake },
    /// An auto cash-out below 1.01x.
    #[error("the target is below 1.01x")]
    InvalidTarget,
    /// As many bets as a player may have in a round.
    #[error("at most {limit} bets a round")]
    BetLimit { limit: u32 },
    /// The house, or this player's share of it, cannot cover the bet.
    #[error("the house cannot cover this bet")]
    ExposureFull { fits: Option<Stake> },
    /// The id stands for another bet of this round.
    #[error("this bet id was used for another bet")]
    BetIdReused,
    /// No open bet is meant, or the climb has not begun.
    #[error("no open bet")]
    NoOpenBet,
    /// The climb is below 1.01x.
    #[error("the climb is below 1.01x")]
    TooEarly,
    /// The crash came first, or the stamp is too old, or the round was stopped.
    #[error("the round ended before the cash-out")]
    TooLate,
    /// The bet is cashed out.
    #[error("the bet is already cashed out")]
    AlreadyCashedOut,
    /// The lobby is stopping.
    #[error("the lobby is stopping")]
    Draining,
    /// The wallet: the balance does not cover the stake.
    #[error("insufficient funds")]
    InsufficientFunds,
    /// The wallet or the store could not take the bet; it was given back.
    #[error("the bet could not be stored")]
    NotStored,
}
