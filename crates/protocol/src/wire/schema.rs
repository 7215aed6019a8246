//! How the wire types look in the OpenAPI document.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};

/// The greatest whole number that a browser holds exactly.
const ID_MAX: i64 = 9_007_199_254_740_991;

/// What one kind of decimal number looks like.
struct Decimal {
    description: &'static str,
    example: &'static str,
    /// Of the text.
    pattern: &'static str,
    minimum: f64,
    maximum: f64,
    step: f64,
}

/// A JSON number, or the same number as a string.
fn decimal(kind: &Decimal) -> RefOr<Schema> {
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(kind.minimum))
        .maximum(Some(kind.maximum))
        .multiple_of(Some(kind.step));
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(kind.pattern));
    OneOfBuilder::new()
        .description(Some(kind.description))
        .item(number)
        .item(text)
        .examples([serde_json::json!(kind.example)])
        .into()
}

/// A positive integer that a browser can hold.
fn id(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(1))
        .maximum(Some(ID_MAX))
        .description(Some(description))
        .into()
}

/// A lobby's number where a client may leave it out: null, 0 and `""` are none, digits are read.
pub(crate) fn lobby_or_none_schema() -> RefOr<Schema> {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .maximum(Some(ID_MAX));
    let text =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^(0|[1-9][0-9]{0,14})?$"));
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .item(number)
        .item(text)
        .into()
}

macro_rules! schema {
    ($name:ident, $label:literal, $schema:expr) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($label)
            }
        }
    };
}

schema!(
    WireAmount,
    "Amount",
    decimal(&Decimal {
        description: "An amount of at most four decimals; answered as a number.",
        example: "100.5",
        pattern: r"^-?(0|[1-9][0-9]{0,10})(\.[0-9]{1,4})?$",
        minimum: -100_000_000_000.0,
        maximum: 100_000_000_000.0,
        step: 0.000_1,
    })
);
schema!(
    WireStake,
    "Stake",
    decimal(&Decimal {
        description: "A stake of at most two significant decimals; answered as a number.",
        example: "10.00",
        pattern: r"^(0|[1-9][0-9]{0,7})(\.[0-9]{1,2}0{0,2})?$",
        minimum: 0.01,
        maximum: 42_949_672.95,
        step: 0.01,
    })
);
schema!(
    WireMultiplier,
    "Multiplier",
    decimal(&Decimal {
        description: "A multiplier of at most two significant decimals; answered as a number.",
        example: "1.5",
        pattern: r"^[1-9][0-9]{0,7}(\.[0-9]{1,2}0{0,2})?$",
        minimum: 1.0,
        maximum: 42_949_672.95,
        step: 0.01,
    })
);
schema!(WirePlayerId, "PlayerId", id("A player."));
schema!(WireLobbyId, "LobbyId", id("A lobby."));
schema!(
    WireBetId,
    "BetId",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())))
        .pattern(Some(r"^(?![0-]+$)[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"))
        .description(Some("A bet, unique for one player."))
        .into()
);
