//! Every event of the original's protocol in one list, for whoever documents or tests it.
//!
//! What clients send is described as leniently as it is read: numbers or text, and other fields.

use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Object, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{BetPlaced, BetResult, RoundCrashed, RoundName, RoundOpened};
use crate::Code;
use crate::close::CloseCode;
use crate::picture::Snapshot;
use crate::plain::Listed;
use crate::wire::{WireBetId, WireMultiplier, WirePlayerId, WireStake, lobby_or_none_schema};

/// All of the original's protocol.
#[derive(Clone)]
pub struct Catalogue {
    /// What a client sends: the data of each event.
    pub sent: Vec<Listed>,
    /// What the server tells: the data of each event. `joined_room` stands for the event whose
    /// name is `Joined room: 4`.
    pub told: Vec<Listed>,
    /// The schemas that those of the events refer to as `#/components/schemas/…`.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

/// All of the original's protocol.
#[must_use]
pub fn catalogue() -> Catalogue {
    let mut schemas = Vec::new();
    for collect in [
        BetPlaced::schemas,
        BetResult::schemas,
        RoundCrashed::schemas,
        RoundOpened::schemas,
        RoundName::schemas,
        Snapshot::schemas,
    ] {
        collect(&mut schemas);
    }
    for (name, schema) in [
        (WireBetId::name(), WireBetId::schema()),
        (WireMultiplier::name(), WireMultiplier::schema()),
        (WirePlayerId::name(), WirePlayerId::schema()),
        (WireStake::name(), WireStake::schema()),
    ] {
        schemas.push((name.into_owned(), schema));
    }
    schemas.sort_by(|(left, _), (right, _)| left.cmp(right));
    schemas.dedup_by(|(left, _), (right, _)| left == right);
    Catalogue { sent: sent(), told: told(), schemas }
}

fn sent() -> Vec<Listed> {
    let bet = asks()
        .property("amount", WireStake::schema())
        .property("coefficient", blank_or(WireMultiplier::schema()))
        .property("bet_id", blank_or(WireBetId::schema()))
        .property("round", blank_or(u32::schema()))
        .required("amount");
    let withdraw = asks().property("bet_id", blank_or(WireBetId::schema()));
    vec![
        listed("joinRoom", "From now on this socket follows the lobby, and no other.", asks()),
        listed("place_bet", "Stakes on the round that takes bets.", bet),
        listed("withdraw", "Leaves the climb with stake × multiplier.", withdraw),
    ]
}

fn told() -> Vec<Listed> {
    let nothing = ObjectBuilder::new().schema_type(Type::Null);
    vec![
        listed("connected", "The first event of every socket.", fields(&["message"])),
        listed("joined_room", "The lobby is followed; the event's name says which.", nothing),
        listed("joined", "The lobby as it stands.", data::<Snapshot>()),
        listed("bet_placed", "The bet is stored.", data::<BetPlaced>()),
        listed(
            "withdraw_requested",
            "The request was understood; what became of it follows.",
            fields(&["message"]).property("user_id", WirePlayerId::schema()).required("user_id"),
        ),
        listed("bet_result", "A bet of this socket's player ended.", data::<BetResult>()),
        listed(
            "coefficient_update",
            "The climb goes on; a slow reader misses some.",
            ObjectBuilder::new()
                .property("coefficient", WireMultiplier::schema())
                .required("coefficient"),
        ),
        listed("round_opened", "Bets are taken.", data::<RoundOpened>()),
        listed("round_started", "The climb begins.", data::<RoundName>()),
        listed("crashed", "The climb is over.", data::<RoundCrashed>()),
        listed(
            "error",
            "A request was refused and changed nothing, or the socket is about to be closed: then \
             the code is the word of a close code.",
            fields(&["message", "code"]),
        ),
    ]
}

fn listed(name: &'static str, summary: &'static str, schema: ObjectBuilder) -> Listed {
    Listed { name, summary, schema: schema.build() }
}

/// What every event of a client may carry.
fn asks() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("token", blank_or(String::schema()))
        .property("lobby_id", lobby_or_none_schema())
}

/// `schema`, or null, or blank text: none.
fn blank_or(schema: RefOr<Schema>) -> AnyOfBuilder {
    let blank = ObjectBuilder::new().schema_type(Type::String).max_length(Some(0));
    AnyOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::Null)).item(blank).item(schema)
}

/// The fields of `T`.
fn data<T: PartialSchema>() -> ObjectBuilder {
    let RefOr::T(Schema::Object(object)) = T::schema() else { return ObjectBuilder::new() };
    Object::into(object)
}

/// What the code of an `error` may be.
fn words() -> Vec<&'static str> {
    let closing = CloseCode::ALL.map(CloseCode::as_str).into_iter();
    let closing = closing.filter(|word| Code::ALL.iter().all(|code| code.as_str() != *word));
    Code::ALL.map(Code::as_str).into_iter().chain(closing).collect()
}

/// An object of required texts.
fn fields(names: &[&'static str]) -> ObjectBuilder {
    let text = |name| match name {
        "code" => ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words())),
        _ => ObjectBuilder::new().schema_type(Type::String),
    };
    names.iter().fold(ObjectBuilder::new(), |object, name| {
        object.property(*name, text(*name)).required(*name)
    })
}
