//! Numbers and ids as they stand in JSON.
//!
//! In: a JSON number or a string, read from its text by the grammar of [`kernel::Decimal`]. Out:
//! a JSON number without exponent or trailing zeros. `arbitrary_precision` of `serde_json` keeps
//! the text, so neither way passes through a float; other serializers are not supported.

use kernel::{Amount, BetId, DecimalError, LobbyId, Multiplier, PlayerId, Stake};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use crate::{Code, Problem};

mod schema;

pub(crate) use schema::lobby_or_none_schema;

/// An amount of at most four decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WireAmount(pub Amount);

/// A stake of at most two significant decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WireStake(pub Stake);

/// A multiplier of at most two significant decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WireMultiplier(pub Multiplier);

/// A bet's UUID, hyphenated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WireBetId(pub BetId);

/// A player's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WirePlayerId(pub PlayerId);

/// A lobby's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WireLobbyId(pub LobbyId);

impl WireAmount {
    /// Reads a number's text.
    ///
    /// # Errors
    /// `invalid_amount` or `too_precise`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Amount::parse(text)
            .map(Self)
            .map_err(|error| problem_with_number(Code::InvalidAmount, error))
    }
}

impl WireStake {
    /// Reads a number's text; more than zero.
    ///
    /// # Errors
    /// `invalid_amount` or `too_precise`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Stake::parse(text)
            .map(Self)
            .map_err(|error| problem_with_number(Code::InvalidAmount, error))
    }
}

impl WireMultiplier {
    /// Reads a number's text; 1 or more.
    ///
    /// # Errors
    /// `invalid_target` or `too_precise`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Multiplier::parse(text)
            .map(Self)
            .map_err(|error| problem_with_number(Code::InvalidTarget, error))
    }
}

impl WireBetId {
    /// Reads a hyphenated UUID; the nil one stands for no bet.
    ///
    /// # Errors
    /// `malformed`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let bet: Option<BetId> = text.parse().ok();
        let named = bet.filter(|bet| bet.as_bytes() != &[0; 16]);
        let problem =
            || Problem::new(Code::Malformed, "A bet id is a UUID of 36 characters, not all zero");
        named.map(Self).ok_or_else(problem)
    }
}

impl WirePlayerId {
    /// Reads digits.
    ///
    /// # Errors
    /// `malformed`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let problem = |_| Problem::new(Code::Malformed, "A player is a positive integer");
        text.parse().map(Self).map_err(problem)
    }
}

impl WireLobbyId {
    /// Reads digits.
    ///
    /// # Errors
    /// `malformed`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let problem = |_| Problem::new(Code::Malformed, "A lobby is a positive integer");
        text.parse().map(Self).map_err(problem)
    }
}

/// The text of a JSON number or string; `None` for anything else.
#[must_use]
pub fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Number(number) => Some(number.as_str()),
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Stands before the code in the message of an error that a type of this module made.
const MARK: &str = "refused as ";

/// Puts a problem into an error of serde, which carries nothing but text.
fn to_error<E: serde::de::Error>(problem: &Problem) -> E {
    E::custom(format_args!("{MARK}{}: {}", problem.code, problem.detail))
}

/// The problem that [`to_error`] put into this message, or `malformed`.
pub(crate) fn problem_in(message: &str) -> Problem {
    let marked = message.split_once(MARK).and_then(|(_, rest)| {
        let (code, detail) = rest.split_once(": ")?;
        let detail = detail.split_once(" at line ").map_or(detail, |(detail, _)| detail);
        Some(Problem::new(code.parse().ok()?, detail))
    });
    marked.unwrap_or_else(|| Problem::new(Code::Malformed, format!("Malformed JSON: {message}")))
}

/// The problem with a number that is not by the grammar; `otherwise` unless it is too precise.
fn problem_with_number(otherwise: Code, error: DecimalError) -> Problem {
    let code = if error == DecimalError::TooPrecise { Code::TooPrecise } else { otherwise };
    Problem::new(code, format!("The number {error}"))
}

/// Reads a JSON number or string with `parse`; anything else is what the empty text is.
fn read<'de, D, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    parse(text_of(&value).unwrap_or_default()).map_err(|problem| to_error(&problem))
}

/// Writes `text`, which is a JSON number, without its trailing zeros.
fn write_number<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let trimmed =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    trimmed.parse::<Number>().map_err(S::Error::custom)?.serialize(serializer)
}

macro_rules! wire {
    ($name:ident, $inner:ty, |$value:ident, $serializer:ident| $write:expr) => {
        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self(inner)
            }
        }

        impl From<$name> for $inner {
            fn from(wire: $name) -> Self {
                wire.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read(deserializer, Self::parse)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, $serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self.0;
                $write
            }
        }
    };
}

wire!(WireAmount, Amount, |amount, serializer| write_number(&amount.to_string(), serializer));
wire!(WireStake, Stake, |stake, serializer| write_number(&stake.to_string(), serializer));
wire!(WireMultiplier, Multiplier, |multiplier, serializer| {
    write_number(&multiplier.to_string(), serializer)
});
wire!(WireBetId, BetId, |bet, serializer| serializer.collect_str(&bet));
wire!(WirePlayerId, PlayerId, |player, serializer| serializer.serialize_u64(player.get()));
wire!(WireLobbyId, LobbyId, |lobby, serializer| serializer.serialize_u64(lobby.get()));

#[cfg(test)]
mod tests;
