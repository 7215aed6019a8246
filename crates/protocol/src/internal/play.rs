//! What a gateway asks of the owner of a lobby: lines of JSON on one HTTP/2 stream each way.
//!
//! Asks go in the order in which they are to count; a reply names the ask that it answers. A
//! reply that never came leaves the outcome unknown. Stakes in steps of 0.01, money in units of
//! 0.0001, multipliers in hundredths.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::wire::{WireBetId, WireLobbyId, WirePlayerId};

/// One line to the owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Counts up on each stream; the reply bears it.
    pub id: u64,
    /// What is asked.
    pub call: PlayCall,
    /// Where in a trace it is asked from, in the form of a `traceparent`; only if it is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// One line back.
#[derive(Debug, Serialize, Deserialize)]
pub struct AskReply {
    /// The ask it answers.
    pub id: u64,
    /// What was answered.
    pub answer: PlayAnswer,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayCall {
    /// Place a bet.
    PlaceBet(PlaceBetCall),
    /// Take one back.
    CancelBet(CancelBetCall),
    /// Cash out. Stamped when the owner has read its whole line.
    CashOut(CashOutCall),
    /// The lobby as it stands.
    Snapshot(SnapshotCall),
}

/// A lobby and, where the caller knows it, its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The lobby.
    pub lobby: WireLobbyId,
    /// The round meant, or the one now played.
    pub round: Option<u32>,
}

/// A bet as the player asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceBetCall {
    /// Who.
    pub player: WirePlayerId,
    /// The name shown beside the bet.
    pub username: String,
    /// Where.
    pub place: Place,
    /// Its id, made before the first sending.
    pub bet: WireBetId,
    /// How much, more than zero.
    pub stake_steps: u32,
    /// The auto cash-out's target.
    pub auto_centi: Option<u32>,
}

/// A bet to be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelBetCall {
    /// Whose.
    pub player: WirePlayerId,
    /// Where.
    pub place: Place,
    /// Which.
    pub bet: WireBetId,
}

/// A bet, or all of a player's, to be cashed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashOutCall {
    /// Whose.
    pub player: WirePlayerId,
    /// Where.
    pub place: Place,
    /// Which, or all.
    pub bet: Option<WireBetId>,
}

/// Somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotCall {
    /// At what.
    pub lobby: WireLobbyId,
    /// Whose own bets are wanted with it.
    pub player: Option<WirePlayerId>,
}

/// What the owner says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayAnswer {
    /// The bet stands.
    Accepted(AcceptedBet),
    /// The stake is on its way back.
    Returned(ReturnedBet),
    /// Cashed out.
    CashedOut(Vec<CashedOutBet>),
    /// The lobby, a `protocol::Snapshot`.
    Snapshot(Box<RawValue>),
    /// Nothing was changed.
    Refused(PlayRefused),
    /// The outcome is unknown: ask the same again.
    Unavailable,
}

/// An accepted bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedBet {
    /// The bet.
    pub bet: WireBetId,
    /// Where.
    pub lobby: WireLobbyId,
    /// In which round.
    pub round: u32,
    /// The stake held.
    pub stake_steps: u32,
    /// The target asked for.
    pub auto_centi: Option<u32>,
    /// Where it is paid at the latest.
    pub cap_centi: u32,
    /// What the player could stake once this stake was held.
    pub balance_units: i64,
}

/// A bet taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedBet {
    /// The bet.
    pub bet: WireBetId,
    /// Where it was.
    pub lobby: WireLobbyId,
    /// In which round.
    pub round: u32,
    /// The stake.
    pub stake_steps: u32,
}

/// A bet cashed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashedOutBet {
    /// The bet.
    pub bet: WireBetId,
    /// Where it was.
    pub lobby: WireLobbyId,
    /// In which round.
    pub round: u32,
    /// What was risked.
    pub stake_steps: u32,
    /// At what.
    pub multiplier_centi: u32,
    /// Stake × multiplier.
    pub payout_units: i64,
    /// When it was stamped, in milliseconds of the climb.
    pub stamped_ms: u64,
}

/// Why a player was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the refusal of its name in `contracts::PlayRefusal`")]
pub enum PlayRefused {
    UnknownLobby,
    BettingClosed,
    WrongRound,
    BelowMin { min_steps: u32 },
    AboveMax { max_steps: u32 },
    InvalidTarget,
    BetLimit { limit: u32 },
    InsufficientFunds,
    ExposureFull { fits_steps: Option<u32> },
    BetIdReused,
    NoOpenBet,
    TooEarly,
    TooLate,
    AlreadyCashedOut,
    Overloaded,
    Draining,
    SeedsExhausted,
    NotOwner,
}
