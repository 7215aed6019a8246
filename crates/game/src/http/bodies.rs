//! Lines of the game's lists, and how they are paged.

use platform::http::ApiError;
use protocol::Code;
use protocol::lobby::{CurveName, LobbyMode};
use protocol::rounds::{BetState, Phase};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WireStake};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many lines a list has if nobody says.
const LINES: u32 = 50;
/// The most lines of a list.
const LINES_MAX: u32 = 200;

/// A lobby in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LobbyLine {
    /// Which.
    pub(crate) lobby_id: WireLobbyId,
    /// Its name.
    pub(crate) name: String,
    /// When its rounds follow each other.
    pub(crate) mode: LobbyMode,
    /// Its climb.
    pub(crate) curve: CurveName,
    /// Bets in the round now played.
    pub(crate) bets: u32,
}

/// A round in a lobby's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RoundLine {
    /// Which.
    pub(crate) round: u32,
    /// How far it is.
    pub(crate) state: Phase,
    /// The seed's own crash point, from `crashed` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crash_point: Option<WireMultiplier>,
    /// Where the climb ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) multiplier: Option<WireMultiplier>,
    /// Bets in the accepted set.
    pub(crate) count: u32,
    /// What they staked.
    pub(crate) stake_sum: WireAmount,
    /// What was paid out, gross.
    pub(crate) payout_sum: WireAmount,
    /// When it ended, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<i64>,
}

/// One of a player's bets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BetLine {
    /// Which.
    pub(crate) bet_id: WireBetId,
    /// Where.
    pub(crate) lobby_id: WireLobbyId,
    /// In which of its rounds.
    pub(crate) round: u32,
    /// How much.
    pub(crate) stake: WireStake,
    /// The target asked for.
    pub(crate) auto_cash_out: Option<WireMultiplier>,
    /// Where it stands.
    pub(crate) state: BetState,
    /// At what it was paid.
    pub(crate) multiplier: Option<WireMultiplier>,
    /// What it was paid, gross.
    pub(crate) payout: Option<WireAmount>,
    /// When it was placed, in Unix milliseconds.
    pub(crate) placed_at: i64,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Only what is older than this: a round's number, or a bet's id.
    #[serde(default)]
    pub(crate) before: Option<String>,
    /// At most so many lines, 1 to 200; 50 if absent.
    #[serde(default)]
    pub(crate) limit: Option<u32>,
}

impl Page {
    /// The number of lines wanted.
    ///
    /// # Errors
    /// `malformed` if it is out of bounds.
    pub(crate) fn lines(&self) -> Result<u32, ApiError> {
        let limit = self.limit.unwrap_or(LINES);
        if (1..=LINES_MAX).contains(&limit) {
            return Ok(limit);
        }
        Err(ApiError::new(Code::Malformed, format!("`limit` is 1 to {LINES_MAX}")))
    }
}
