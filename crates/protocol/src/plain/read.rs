//! Reading what a client sends: one flat JSON object, every field known and there once.

use std::borrow::Cow;
use std::fmt;

use kernel::{LobbyId, Multiplier, Sealed};
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Ask, Refused, Request};
use crate::wire::{WireBetId, WireLobbyId, WireMultiplier, WireStake};
use crate::{Code, Problem};

/// The first number of a client that a browser could not hold exactly: 2^53.
const ID_LIMIT: u64 = 1 << 53;

/// Everything but `type` and `id` of `authenticate`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Authenticate {
    /// The access token of `login`.
    token: String,
}

/// Everything but `type` and `id` of `join`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    /// The lobby to follow.
    #[serde(deserialize_with = "lobby")]
    lobby_id: WireLobbyId,
}

/// Everything but `type` and `id` of `leave`, `sync` and `ping`: nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Everything but `type` and `id` of `place_bet`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceBet {
    /// Where.
    #[serde(deserialize_with = "lobby")]
    lobby_id: WireLobbyId,
    /// The round that takes bets, as `betting_opened` or the snapshot named it.
    round: u32,
    /// Made by the client: the same id again is the same bet.
    bet_id: WireBetId,
    /// How much.
    stake: WireStake,
    /// Where it cashes out by itself, at least 1.01.
    #[serde(default)]
    auto_cash_out: Option<WireMultiplier>,
}

/// Everything but `type` and `id` of `cancel_bet`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBet {
    /// Where.
    #[serde(deserialize_with = "lobby")]
    lobby_id: WireLobbyId,
    /// The bet's round.
    round: u32,
    /// Which.
    bet_id: WireBetId,
}

/// Everything but `type` and `id` of `cash_out`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CashOut {
    /// Where.
    #[serde(deserialize_with = "lobby")]
    lobby_id: WireLobbyId,
    /// The round that climbs.
    round: u32,
    /// Which bet; absent or null is all of the player's open ones there.
    #[serde(default)]
    bet_id: Option<WireBetId>,
}

/// A message's fields in order, their values unread.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Request {
    /// Reads one text frame.
    ///
    /// # Errors
    /// The refusal to send: `malformed`, `unknown_type`, or what a field that cannot be read
    /// deserves.
    pub fn parse(frame: &[u8]) -> Result<Self, Refused> {
        let unreadable =
            |_| Refused::new(None, malformed("The message is not one flat JSON object"));
        let fields: Fields<'_> = serde_json::from_slice(frame).map_err(unreadable)?;
        let id = fields.id().map_err(|problem| Refused::new(None, problem))?;
        let ask = fields.ask().map_err(|problem| Refused::new(Some(id), problem))?;
        Ok(Self { id, ask })
    }
}

impl Fields<'_> {
    /// The field's value; it must be there once.
    fn only(&self, name: &str) -> Result<&RawValue, Problem> {
        let mut values = self.0.iter().filter(|(field, _)| field == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(value),
            (None, _) => Err(malformed(format!("The field {name} is missing"))),
            (Some(_), Some(_)) => Err(malformed(format!("The field {name} is there twice"))),
        }
    }

    fn id(&self) -> Result<u64, Problem> {
        let id = serde_json::from_str(self.only("id")?.get()).ok();
        let is_not = || malformed("The id is not an integer from 0 to 2^53 - 1");
        id.filter(|id| *id < ID_LIMIT).ok_or_else(is_not)
    }

    fn ask(&self) -> Result<Ask, Problem> {
        let kind: String = serde_json::from_str(self.only("type")?.get())
            .map_err(|_| malformed("The type is not a string"))?;
        match kind.as_str() {
            "authenticate" => self.read(|body: Authenticate| {
                Ok(Ask::Authenticate { token: Sealed::new(body.token) })
            }),
            "join" => self.read(|body: Join| Ok(Ask::Join { lobby: body.lobby_id.0 })),
            "leave" => self.read(|_: Nothing| Ok(Ask::Leave)),
            "place_bet" => self.read(|body| place_bet(&body)),
            "cancel_bet" => self.read(|body: CancelBet| {
                let CancelBet { lobby_id, round, bet_id } = body;
                Ok(Ask::CancelBet { lobby: lobby_id.0, round, bet: bet_id.0 })
            }),
            "cash_out" => self.read(|body: CashOut| {
                let CashOut { lobby_id, round, bet_id } = body;
                Ok(Ask::CashOut { lobby: lobby_id.0, round, bet: bet_id.map(|bet| bet.0) })
            }),
            "sync" => self.read(|_: Nothing| Ok(Ask::Sync)),
            "ping" => self.read(|_: Nothing| Ok(Ask::Ping)),
            _ => Err(Problem::new(Code::UnknownType, "There is no message of this type")),
        }
    }

    /// Reads everything but `type` and `id` as `T`, which refuses repeated and unknown fields.
    fn read<T: DeserializeOwned>(
        &self,
        ask: impl FnOnce(T) -> Result<Ask, Problem>,
    ) -> Result<Ask, Problem> {
        let own = self.0.iter().filter(|(name, _)| !matches!(&**name, "type" | "id"));
        let own = own.map(|(name, value)| (&**name, *value));
        let body = T::deserialize(MapDeserializer::new(own));
        ask(body.map_err(|error: serde_json::Error| Problem::from_json_error(&error))?)
    }
}

fn place_bet(body: &PlaceBet) -> Result<Ask, Problem> {
    let auto_cash_out = body.auto_cash_out.map(|target| target.0);
    if auto_cash_out.is_some_and(|target| target < Multiplier::CASH_OUT_MIN) {
        let detail = "An auto cash-out must be at least 1.01";
        return Err(Problem::new(Code::InvalidTarget, detail));
    }
    Ok(Ask::PlaceBet {
        lobby: body.lobby_id.0,
        round: body.round,
        bet: body.bet_id.0,
        stake: body.stake.0,
        auto_cash_out,
    })
}

/// A lobby's number, which part B takes as an integer only.
fn lobby<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WireLobbyId, D::Error> {
    let number = u64::deserialize(deserializer)?;
    let no_lobby = |_| serde::de::Error::custom("a lobby is a positive integer below 2^53");
    LobbyId::new(number).map(WireLobbyId).map_err(no_lobby)
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(Code::Malformed, detail)
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(Fields)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            // No field is an object or a list, so there is nothing to nest deeply.
            if value.get().starts_with(['{', '[']) {
                return Err(serde::de::Error::custom("a field is an object or a list"));
            }
            fields.push((name, value));
        }
        Ok(fields)
    }
}

/// A field's name, copied only where it is written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
