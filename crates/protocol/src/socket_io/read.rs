//! Reading what clients of the original send: strings or numbers, with fields we do not know. Each
//! field is there once: two readers of one message must not see two bets.

use std::fmt;

use kernel::{BetId, LobbyId, Multiplier, Sealed};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{ClientMessage, JoinRoom, PlaceBet, Withdraw};
use crate::wire::{WireBetId, WireMultiplier, WireStake, text_of};
use crate::{Code, Problem};

impl ClientMessage {
    /// Reads the event `name` with the JSON text of its first argument.
    ///
    /// # Errors
    /// `unknown_type` for another event, `malformed` where the data is not an object or has a
    /// field twice, and what the first field that cannot be read deserves.
    pub fn read(name: &str, data: &str) -> Result<Self, Problem> {
        match name {
            "joinRoom" => Ok(Self::JoinRoom(read_join(&fields(data)?)?)),
            "place_bet" => Ok(Self::PlaceBet(read_bet(&fields(data)?)?)),
            "withdraw" => Ok(Self::Withdraw(read_withdraw(&fields(data)?)?)),
            _ => Err(Problem::new(Code::UnknownType, "There is no such event")),
        }
    }

    /// The lobby that the message names.
    #[must_use]
    pub const fn lobby(&self) -> Option<LobbyId> {
        match self {
            Self::JoinRoom(join) => join.lobby,
            Self::PlaceBet(bet) => bet.lobby,
            Self::Withdraw(withdraw) => withdraw.lobby,
        }
    }

    /// Puts `lobby` where the message names none.
    #[must_use]
    pub fn in_lobby(mut self, lobby: Option<LobbyId>) -> Self {
        let named = match &mut self {
            Self::JoinRoom(join) => &mut join.lobby,
            Self::PlaceBet(bet) => &mut bet.lobby,
            Self::Withdraw(withdraw) => &mut withdraw.lobby,
        };
        *named = named.or(lobby);
        self
    }
}

/// The token in the JSON text of a handshake's `auth`. What is not a text, or is there twice, is as
/// good as none.
#[must_use]
pub fn token_of_auth(auth: &str) -> Option<Sealed<String>> {
    match fields(auth).ok()?.remove("token") {
        Some(Value::String(token)) if !token.is_empty() => Some(Sealed::new(token)),
        _ => None,
    }
}

fn fields(data: &str) -> Result<Map<String, Value>, Problem> {
    if !data.trim_start().starts_with('{') {
        return Err(Problem::new(Code::Malformed, "The data is not an object"));
    }
    let fields = serde_json::from_str(data).map(|Fields(fields)| fields);
    fields.map_err(|error| Problem::from_json_error(&error))
}

/// The fields of an object that names each of them once.
struct Fields(Map<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(Fields)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if fields.insert(name, value).is_some() {
                return Err(A::Error::custom("a field is there twice"));
            }
        }
        Ok(fields)
    }
}

fn read_join(fields: &Map<String, Value>) -> Result<JoinRoom, Problem> {
    Ok(JoinRoom { token: read_token(fields)?, lobby: read_lobby(fields)? })
}

fn read_bet(fields: &Map<String, Value>) -> Result<PlaceBet, Problem> {
    let amount = given(fields, "amount").and_then(text_of);
    let missing = || Problem::new(Code::InvalidAmount, "The amount is missing");
    Ok(PlaceBet {
        token: read_token(fields)?,
        lobby: read_lobby(fields)?,
        stake: WireStake::parse(amount.ok_or_else(missing)?)?.0,
        auto_cash_out: read_target(fields)?,
        bet: read_bet_id(fields)?,
        round: read_round(fields)?,
    })
}

fn read_withdraw(fields: &Map<String, Value>) -> Result<Withdraw, Problem> {
    Ok(Withdraw {
        token: read_token(fields)?,
        lobby: read_lobby(fields)?,
        bet: read_bet_id(fields)?,
    })
}

/// The field's value; absent, null and blank text are the same.
fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    })
}

fn read_token(fields: &Map<String, Value>) -> Result<Option<Sealed<String>>, Problem> {
    match given(fields, "token") {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(Sealed::new(text.trim().to_owned()))),
        Some(_) => Err(Problem::new(Code::Unauthenticated, "Invalid token")),
    }
}

/// Zero is none, as a client says that leaves the number out.
fn read_lobby(fields: &Map<String, Value>) -> Result<Option<LobbyId>, Problem> {
    let Some(value) = given(fields, "lobby_id") else { return Ok(None) };
    let text = text_of(value).unwrap_or_default().trim();
    if text == "0" {
        return Ok(None);
    }
    let unknown = |_| Problem::new(Code::UnknownLobby, "Lobby does not exist");
    text.parse().map(Some).map_err(unknown)
}

fn read_target(fields: &Map<String, Value>) -> Result<Option<Multiplier>, Problem> {
    let Some(value) = given(fields, "coefficient") else { return Ok(None) };
    let target = WireMultiplier::parse(text_of(value).unwrap_or_default())?.0;
    if target < Multiplier::CASH_OUT_MIN {
        let detail = "An auto cash-out must be at least 1.01";
        return Err(Problem::new(Code::InvalidTarget, detail));
    }
    Ok(Some(target))
}

fn read_bet_id(fields: &Map<String, Value>) -> Result<Option<BetId>, Problem> {
    let Some(value) = given(fields, "bet_id") else { return Ok(None) };
    WireBetId::parse(text_of(value).unwrap_or_default()).map(|bet| Some(bet.0))
}

fn read_round(fields: &Map<String, Value>) -> Result<Option<u32>, Problem> {
    let Some(value) = given(fields, "round") else { return Ok(None) };
    let malformed = |_| Problem::new(Code::Malformed, "A round is a positive integer");
    text_of(value).unwrap_or_default().trim().parse().map(Some).map_err(malformed)
}
