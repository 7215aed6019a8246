//! Lists over HTTP, newest first, and how they are paged.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rounds::{BetState, Phase};
use crate::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WireStake};
use crate::{Code, Problem};

/// How many lines a list has if nobody says.
const LINES: u32 = 50;
/// The most lines of a list.
const LINES_MAX: u32 = 200;

/// A round in a lobby's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoundLine {
    /// Which.
    pub round: u32,
    /// How far it is.
    pub state: Phase,
    /// The seed's own crash point, from `crashed` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash_point: Option<WireMultiplier>,
    /// Where the climb ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<WireMultiplier>,
    /// Bets in the accepted set.
    pub count: u32,
    /// What they staked.
    pub stake_sum: WireAmount,
    /// What was paid out, gross.
    pub payout_sum: WireAmount,
    /// When it ended, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

/// One of a player's bets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BetLine {
    /// Which.
    pub bet_id: WireBetId,
    /// Where.
    pub lobby_id: WireLobbyId,
    /// In which of its rounds.
    pub round: u32,
    /// How much.
    pub stake: WireStake,
    /// The target asked for.
    pub auto_cash_out: Option<WireMultiplier>,
    /// Where it stands.
    pub state: BetState,
    /// At what it was paid.
    pub multiplier: Option<WireMultiplier>,
    /// What it was paid, gross.
    pub payout: Option<WireAmount>,
    /// When it was placed, in Unix milliseconds.
    pub placed_at: i64,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Only what is older than this: a round's number, or a bet's id.
    #[serde(default)]
    pub before: Option<String>,
    /// At most so many lines, 1 to 200; 50 if absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

impl Page {
    /// The number of lines wanted.
    ///
    /// # Errors
    /// `malformed` if it is out of bounds.
    pub fn lines(&self) -> Result<u32, Problem> {
        let limit = self.limit.unwrap_or(LINES);
        if (1..=LINES_MAX).contains(&limit) {
            return Ok(limit);
        }
        Err(Problem::new(Code::Malformed, format!("`limit` is 1 to {LINES_MAX}")))
    }
}
