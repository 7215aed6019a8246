//! Lobbies over HTTP, and the words that describe one.

use kernel::CurveKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::picture::Snapshot;
use crate::wire::{self, WireAmount, WireLobbyId, WireMultiplier, WireStake};

/// When rounds follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LobbyMode {
    /// One round after another, played or not.
    Continuous,
    /// A countdown begins with the first accepted bet; the lobby rests otherwise.
    OnFirstBet,
}

/// Who finds a lobby in the list; whoever knows its number may join either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everyone.
    Public,
    /// Nobody.
    Private,
}

/// The name of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CurveName {
    /// e^(0.00006·ms).
    Exponential,
    /// 0.01x every 50 ms.
    Linear,
}

/// `POST …/lobby`. Unknown fields are ignored, as the original does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct OpenLobby {
    /// Joins this lobby if it exists. A new one never gets this number.
    #[serde(default, deserialize_with = "lobby_or_none")]
    #[schema(schema_with = wire::lobby_or_none_schema)]
    pub lobby_id: Option<WireLobbyId>,
    /// The new lobby's name, 1 to 40 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    pub name: Option<String>,
    /// Whether the new lobby is listed.
    #[serde(default)]
    pub visibility: Option<Visibility>,
    /// When its rounds follow each other; `on_first_bet` if absent.
    #[serde(default)]
    pub mode: Option<LobbyMode>,
    /// Its climb; exponential if absent.
    #[serde(default)]
    pub curve: Option<CurveName>,
    /// How long bets are taken, 3,000 to 60,000 milliseconds.
    #[serde(default)]
    #[schema(minimum = 3_000, maximum = 60_000)]
    pub betting_ms: Option<u64>,
    /// The least stake.
    #[serde(default)]
    pub stake_min: Option<WireStake>,
    /// The highest stake.
    #[serde(default)]
    pub stake_max: Option<WireStake>,
}

/// The answer to [`OpenLobby`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LobbyOpened {
    /// The lobby joined or made.
    pub lobby_id: WireLobbyId,
    /// Where its Socket.IO lives: an origin without a path.
    pub websocket_url: String,
    /// Where its plain WebSocket lives.
    pub native_url: String,
}

/// `GET …/lobby/{id}`: where its sockets live, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LobbyView {
    /// Where its Socket.IO lives: an origin without a path.
    pub websocket_url: String,
    /// How the lobby stands, without anyone's own bets.
    #[serde(flatten)]
    pub snapshot: Snapshot,
}

/// A lobby in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LobbyLine {
    /// Which.
    pub lobby_id: WireLobbyId,
    /// Its name.
    pub name: String,
    /// When its rounds follow each other.
    pub mode: LobbyMode,
    /// Its climb.
    pub curve: CurveName,
    /// Open bets in the round now played.
    pub bets: u32,
    /// How many players they are of.
    pub players: u32,
    /// The sum of their stakes.
    pub stake_sum: WireAmount,
    /// The least stake.
    pub stake_min: WireStake,
    /// The highest stake.
    pub stake_max: WireStake,
}

/// What a lobby takes and pays at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// The least stake.
    pub stake_min: WireStake,
    /// The highest stake.
    pub stake_max: WireStake,
    /// The most that one bet is paid.
    pub payout_max: WireAmount,
    /// Where every climb ends at the latest.
    pub multiplier_max: WireMultiplier,
    /// How many bets a player may have in a round.
    pub bets_per_player: u32,
}

impl From<CurveKind> for CurveName {
    fn from(kind: CurveKind) -> Self {
        match kind {
            CurveKind::Exponential => Self::Exponential,
            CurveKind::Linear => Self::Linear,
        }
    }
}

impl From<CurveName> for CurveKind {
    fn from(name: CurveName) -> Self {
        match name {
            CurveName::Exponential => Self::Exponential,
            CurveName::Linear => Self::Linear,
        }
    }
}

/// Absent, null, 0 and `""` ask for no lobby in particular.
fn lobby_or_none<'de, D>(deserializer: D) -> Result<Option<WireLobbyId>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    if matches!(wire::text_of(&value), Some("" | "0")) {
        return Ok(None);
    }
    serde::Deserialize::deserialize(value).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::OpenLobby;

    #[test]
    fn a_lobby_may_be_asked_for_in_every_way_of_the_original() {
        let read = |json: &str| serde_json::from_str::<OpenLobby>(json).unwrap().lobby_id;
        for none in ["{}", r#"{"lobby_id":null}"#, r#"{"lobby_id":0}"#, r#"{"lobby_id":""}"#] {
            assert_eq!(read(none), None, "{none}");
        }
        for four in [r#"{"lobby_id":4}"#, r#"{"lobby_id":"4","foreign":[1]}"#] {
            assert_eq!(read(four).unwrap().0.get(), 4, "{four}");
        }
        assert!(serde_json::from_str::<OpenLobby>(r#"{"lobby_id":-1}"#).is_err());
    }
}
