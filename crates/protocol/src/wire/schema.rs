//! How the wire types look in the OpenAPI document.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    KnownFormat, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};

/// A JSON number, or the same number as a string.
fn decimal(description: &str, example: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r"^-?(0|[1-9][0-9]{0,10})(\.[0-9]{1,4})?$"));
    OneOfBuilder::new()
        .description(Some(description))
        .item(Object::with_type(Type::Number))
        .item(text)
        .examples([serde_json::json!(example)])
        .into()
}

/// A positive integer that a browser can hold.
fn id(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(1))
        .maximum(Some(9_007_199_254_740_991_i64))
        .description(Some(description))
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
    decimal("An amount of at most four decimals; answered as a number.", "100.5")
);
schema!(
    WireStake,
    "Stake",
    decimal("A stake of at most two significant decimals; answered as a number.", "10.00")
);
schema!(
    WireMultiplier,
    "Multiplier",
    decimal("A multiplier of at most two significant decimals; answered as a number.", "1.5")
);
schema!(WirePlayerId, "PlayerId", id("A player."));
schema!(WireLobbyId, "LobbyId", id("A lobby."));
schema!(
    WireBetId,
    "BetId",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())))
        .description(Some("A bet, unique for one player."))
        .into()
);
