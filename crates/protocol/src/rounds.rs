//! A finished or running round as anyone may see it, and as `waxwing verify --round` reads it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::lobby::CurveName;
use crate::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};

/// How far a round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Bets are taken; a resting lobby is open without a time of closing.
    Open,
    /// The accepted set is fixed.
    Locked,
    /// The multiplier climbs.
    Running,
    /// The climb is over, nobody has lost yet.
    Crashed,
    /// Decided.
    Settled,
    /// Ended before its lock; every stake went back.
    Voided,
    /// Stopped after its lock.
    Interrupted,
}

/// Where a bet stands, in history and in a player's own list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BetState {
    /// In the round.
    Accepted,
    /// Paid.
    CashedOut,
    /// The crash came first.
    Lost,
    /// Taken back by its player; the stake was returned.
    Cancelled,
    /// The round was not played; the stake was returned.
    Released,
}

impl BetState {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::CashedOut => "cashed_out",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
            Self::Released => "released",
        }
    }
}

/// Why a round did not end by its crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Nobody played: its bets had all gone back.
    Quiet,
    /// The process stopped.
    Shutdown,
    /// The owner or its store stood still too long.
    Stalled,
    /// An earlier owner died.
    OwnerLost,
}

/// Where a public seed comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicSeedKind {
    /// Drawn by this server after the commitment was stored.
    Local,
    /// The output of a round of drand's quicknet that the commitment names.
    Drand,
}

/// The signed promise about a seed chain, published before its public seed is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommitmentView {
    /// Whose chain.
    pub lobby_id: WireLobbyId,
    /// Which of the lobby's chains, counted from 1.
    pub chain: u32,
    /// `s_0`, 64 hex digits: every seed hashes down to it.
    pub terminal: String,
    /// How many rounds the chain can play.
    pub length: u32,
    /// The house edge of its rounds in basis points.
    pub house_edge_bps: u32,
    /// The version of the formula of the crash point.
    pub formula: u32,
    /// The round of drand's quicknet whose output is the public seed; absent where the operator
    /// draws it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon_round: Option<u64>,
    /// The key that signed it, 64 hex digits.
    pub public_key: String,
    /// The signature, 128 hex digits.
    pub signature: String,
}

/// One bet of a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundBet {
    /// Who.
    pub user_id: WirePlayerId,
    /// The name shown.
    pub name: String,
    /// Which.
    pub bet_id: WireBetId,
    /// How much.
    pub stake: WireStake,
    /// The target, shown from the crash on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_cash_out: Option<WireMultiplier>,
    /// How it ended, or that it has not.
    pub state: BetState,
    /// At what it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<WireMultiplier>,
    /// What it was paid, gross.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<WireAmount>,
}

/// `GET …/lobby/{id}/rounds/{n}`.
///
/// Absent fields are not known yet, or never will be: the crash point is told from `crashed` on,
/// the seed from `settled` or `interrupted` on, and a voided round has neither. Times are Unix
/// milliseconds, for display only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundExport {
    /// Where it was played.
    pub lobby_id: WireLobbyId,
    /// Which of that lobby's rounds.
    pub round: u32,
    /// How far it is.
    pub state: Phase,
    /// Which seed of the chain it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed_index: Option<u32>,
    /// The house edge in basis points.
    pub house_edge_bps: u32,
    /// The climb.
    pub curve: CurveName,
    /// Where every climb of the lobby ends at the latest.
    pub multiplier_max: WireMultiplier,
    /// The promise it was played under.
    pub commitment: CommitmentView,
    /// The public seed as text; its UTF-8 bytes are the key of the HMAC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_seed: Option<String>,
    /// Where the public seed comes from.
    pub public_seed_kind: PublicSeedKind,
    /// Whether the public seed was out of the operator's hands.
    pub anchored: bool,
    /// What the beacon signed, 96 hex digits: its SHA-256 is the public seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon_signature: Option<String>,
    /// The seed's own crash point, also where the climb ended earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash_point: Option<WireMultiplier>,
    /// Where the climb ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<WireMultiplier>,
    /// The revealed seed, 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// Where an interrupted climb was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted_at: Option<WireMultiplier>,
    /// What an interrupted round would have paid, gross, had it run to its crash point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_have_paid: Option<WireAmount>,
    /// Bets in the accepted set.
    pub count: u32,
    /// What they staked.
    pub stake_sum: WireAmount,
    /// What was paid out, gross.
    pub payout_sum: WireAmount,
    /// SHA-256 over the accepted set, 64 hex digits, stored at the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bets_hash: Option<String>,
    /// The accepted set.
    pub bets: Vec<RoundBet>,
    /// When bets were first taken.
    pub opened_at: i64,
    /// When the accepted set was fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_at: Option<i64>,
    /// When it ended, whichever way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}
