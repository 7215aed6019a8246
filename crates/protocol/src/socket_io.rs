//! The original's Socket.IO events, both ways, as part A of the contract has them.
//!
//! What comes in is read leniently: numbers may be strings, unknown fields are ignored, and a
//! foreign `user_id` is neither believed nor compared.
//!
//! Numbers go out as JSON numbers in their shortest form (`1.5`, `2`, `40`). The Socket.IO library
//! wraps every serializer in one of its own; a [`serde_json::Number`] survives it as text, and so
//! does a piece of ready JSON. Nothing here relies on that: [`ServerEvent::json`] makes the JSON
//! of an event once, and `realtime` hands it on as it is, byte for byte (a test over a real socket
//! says so).

use std::borrow::Cow;

use kernel::{BetId, LobbyId, Multiplier, Sealed, Stake};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Problem;
use crate::picture::BetOutcome;
use crate::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};

mod catalogue;
mod read;

pub use read::token_of_auth;

pub use catalogue::{Catalogue, catalogue};

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// `joinRoom`
    JoinRoom(JoinRoom),
    /// `place_bet`
    PlaceBet(PlaceBet),
    /// `withdraw`
    Withdraw(Withdraw),
}

/// `joinRoom`: from now on this socket follows the lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRoom {
    /// The token, where a client sends one along; watching needs none.
    pub token: Option<Sealed<String>>,
    /// The lobby; none where the text names none that can exist.
    pub lobby: Option<LobbyId>,
}

/// `place_bet`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceBet {
    /// The token; without it the handshake's counts. Either must be good now: what the socket
    /// proved before is not enough to bet.
    pub token: Option<Sealed<String>>,
    /// The lobby; none is the one joined.
    pub lobby: Option<LobbyId>,
    /// `amount`
    pub stake: Stake,
    /// `coefficient`: where the bet cashes out by itself.
    pub auto_cash_out: Option<Multiplier>,
    /// The bet's id, where the client made one; without it each message is a new bet.
    pub bet: Option<BetId>,
    /// The round meant, where the client names one.
    pub round: Option<u32>,
}

/// `withdraw`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdraw {
    /// The token; without it what the socket proved before counts, or the handshake's.
    pub token: Option<Sealed<String>>,
    /// The lobby; none is the one joined.
    pub lobby: Option<LobbyId>,
    /// Which bet; none is all open ones.
    pub bet: Option<BetId>,
}

/// What the server tells.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerEvent {
    /// `connected`: the first event of every socket.
    Connected,
    /// An event whose name is `Joined room: 4`, without data.
    JoinedRoom(WireLobbyId),
    /// `joined`: `lobby_id`, then the snapshot's own fields.
    Joined {
        /// The lobby joined.
        lobby: WireLobbyId,
        /// Its snapshot, a JSON object.
        snapshot: Value,
    },
    /// `bet_placed`: the bet is stored.
    BetPlaced(BetPlaced),
    /// `withdraw_requested`: the request was understood; what became of it follows.
    WithdrawRequested(WirePlayerId),
    /// `bet_result`
    BetResult(BetResult),
    /// `coefficient_update`, many times a second; the only event that may be skipped.
    CoefficientUpdate(WireMultiplier),
    /// `round_opened`
    RoundOpened(RoundOpened),
    /// `round_started`
    RoundStarted(RoundName),
    /// `crashed`
    Crashed(RoundCrashed),
    /// `error`
    Error(Problem),
}

/// Data of `bet_placed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BetPlaced {
    /// Whose bet.
    pub user_id: WirePlayerId,
    /// The stake.
    pub amount: WireStake,
    /// The auto cash-out asked for, or null.
    pub coefficient: Option<WireMultiplier>,
    /// The bet.
    pub bet_id: WireBetId,
    /// Where.
    pub lobby_id: WireLobbyId,
    /// In which round.
    pub round: u32,
}

/// Data of `bet_result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BetResult {
    /// Whose bet.
    pub user_id: WirePlayerId,
    /// How it ended.
    pub result: BetOutcome,
    /// What was paid, gross; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payout: Option<WireAmount>,
    /// At what; absent if nothing was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coefficient: Option<WireMultiplier>,
    /// The bet.
    pub bet_id: WireBetId,
    /// Where.
    pub lobby_id: WireLobbyId,
    /// In which round.
    pub round: u32,
}

/// Data of `round_opened`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoundOpened {
    /// Where.
    pub lobby_id: WireLobbyId,
    /// Which round.
    pub round: u32,
    /// How long bets are still taken; null in a lobby that rests until its first bet.
    pub closes_in_ms: Option<u64>,
}

/// Data of `round_started`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoundName {
    /// Where.
    pub lobby_id: WireLobbyId,
    /// Which round.
    pub round: u32,
}

/// Data of `crashed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoundCrashed {
    /// Where.
    pub lobby_id: WireLobbyId,
    /// Which round.
    pub round: u32,
    /// The crash point.
    pub coefficient: WireMultiplier,
}

/// An acknowledgement that refuses.
#[derive(Serialize)]
struct RefusedAcknowledgement<'a> {
    error: &'a str,
    code: &'a str,
}

/// Data of `error`.
#[derive(Serialize)]
struct ErrorData<'a> {
    message: &'a str,
    code: &'a str,
}

impl ServerEvent {
    /// The event's name on the wire.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Connected => "connected",
            Self::JoinedRoom(lobby) => return Cow::Owned(format!("Joined room: {}", lobby.0)),
            Self::Joined { .. } => "joined",
            Self::BetPlaced(_) => "bet_placed",
            Self::WithdrawRequested(_) => "withdraw_requested",
            Self::BetResult(_) => "bet_result",
            Self::CoefficientUpdate(_) => "coefficient_update",
            Self::RoundOpened(_) => "round_opened",
            Self::RoundStarted(_) => "round_started",
            Self::Crashed(_) => "crashed",
            Self::Error(_) => "error",
        })
    }

    /// The event's data as JSON text, or `None` for an event without data.
    #[must_use]
    pub fn json(&self) -> Option<String> {
        Some(match self {
            Self::Connected => text_of(&json!({ "message": "WebSocket connection established" })),
            Self::JoinedRoom(_) => return None,
            Self::Joined { lobby, snapshot } => text_of(&joined(*lobby, snapshot)),
            Self::BetPlaced(placed) => text_of(placed),
            Self::WithdrawRequested(player) => {
                text_of(&json!({ "user_id": player, "message": "Withdraw requested" }))
            }
            Self::BetResult(result) => text_of(result),
            Self::CoefficientUpdate(multiplier) => text_of(&json!({ "coefficient": multiplier })),
            Self::RoundOpened(opened) => text_of(opened),
            Self::RoundStarted(round) => text_of(round),
            Self::Crashed(crashed) => text_of(crashed),
            Self::Error(problem) => {
                text_of(&ErrorData { message: &problem.detail, code: problem.code.as_str() })
            }
        })
    }

    /// What an acknowledgement callback gets where this event is the answer, as JSON text: the
    /// event's object, the name of `Joined room: 4`, or `{"error","code"}`.
    #[must_use]
    pub fn acknowledgement(&self) -> String {
        match self {
            Self::Error(problem) => text_of(&RefusedAcknowledgement {
                error: &problem.detail,
                code: problem.code.as_str(),
            }),
            event => event.json().unwrap_or_else(|| text_of(&event.name())),
        }
    }

    /// Whether a slow reader may miss this event: the next one says the same, later.
    #[must_use]
    pub const fn is_tick(&self) -> bool {
        matches!(self, Self::CoefficientUpdate(_))
    }
}

/// `{"lobby_id", …snapshot}`.
fn joined(lobby: WireLobbyId, snapshot: &Value) -> Value {
    let mut fields = serde_json::Map::new();
    fields.insert("lobby_id".to_owned(), json!(lobby));
    if let Value::Object(snapshot) = snapshot {
        fields.extend(snapshot.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    Value::Object(fields)
}

/// JSON of something that has no way to fail: string keys and finite numbers only.
fn text_of(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
mod tests;
