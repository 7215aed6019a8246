//! Every message, code and close code of `waxwing.v1` in one list, for whoever documents it or
//! tests that nothing is missing.

use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Object, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{
    Authenticated, BalanceChanged, BetCancelled, BetPlaced, CashedOut, Head, Joined, Pong, read,
};
use crate::Code;
use crate::close::CloseCode;
use crate::picture;

/// All of `waxwing.v1`.
#[derive(Clone)]
pub struct Catalogue {
    /// What a client sends.
    pub requests: Vec<Listed>,
    /// What a request is answered: a `reply`, named by its request, and last the `refused`.
    pub replies: Vec<Listed>,
    /// What the server tells unasked.
    pub events: Vec<Listed>,
    /// Why something is refused.
    pub codes: Vec<Code>,
    /// Why a socket is closed.
    pub close_codes: Vec<CloseCode>,
    /// The schemas that those of the messages refer to as `#/components/schemas/…`.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

/// One message.
#[derive(Clone)]
pub struct Listed {
    /// Its `type`; for a reply the `type` of the request it answers.
    pub name: &'static str,
    /// When it is sent, in a sentence.
    pub summary: &'static str,
    /// The whole frame.
    pub schema: Object,
}

/// All of `waxwing.v1`.
#[must_use]
pub fn catalogue() -> Catalogue {
    let mut schemas = Vec::new();
    let (requests, replies) = (requests(&mut schemas), replies(&mut schemas));
    let events = events(&mut schemas);
    schemas.sort_by(|(left, _), (right, _)| left.cmp(right));
    schemas.dedup_by(|(left, _), (right, _)| left == right);
    let (codes, close_codes) = (Code::ALL.to_vec(), CloseCode::ALL.to_vec());
    Catalogue { requests, replies, events, codes, close_codes, schemas }
}

type Schemas = Vec<(String, RefOr<Schema>)>;

fn requests(schemas: &mut Schemas) -> Vec<Listed> {
    let mut all = Lister { schemas, head: id_head, closed: true, listed: Vec::new() };
    all.list::<read::Authenticate>(
        "authenticate",
        "From now on this socket is the token's player; a fresh token of the same player renews \
         it.",
    );
    all.list::<read::Join>("join", "From now on this socket follows the lobby, and no other.");
    all.list::<read::Nothing>("leave", "From now on this socket follows no lobby.");
    all.list::<read::PlaceBet>("place_bet", "Stakes on the round that takes bets.");
    all.list::<read::CancelBet>("cancel_bet", "Takes an accepted bet back before the lock.");
    all.list::<read::CashOut>("cash_out", "Leaves the climb with stake × multiplier.");
    all.list::<read::Nothing>("sync", "Asks for a fresh snapshot of the lobby followed.");
    all.list::<read::Nothing>("ping", "Asks what time it is.");
    all.listed
}

fn replies(schemas: &mut Schemas) -> Vec<Listed> {
    let mut all = Lister { schemas, head: reply_head, closed: false, listed: Vec::new() };
    all.list::<Authenticated>("authenticate", "Who the socket is now.");
    all.list::<Joined>("join", "The lobby is followed; a snapshot event comes next.");
    all.list::<read::Nothing>("leave", "No lobby is followed.");
    all.list::<BetPlaced>("place_bet", "The bet is stored.");
    all.list::<BetCancelled>("cancel_bet", "The cancellation is stored; the stake comes back.");
    all.list::<CashedOut>("cash_out", "The cash-out is stored.");
    all.list::<Joined>("sync", "A snapshot event comes next.");
    all.list::<Pong>("ping", "The server's time.");
    let refused = ObjectBuilder::new()
        .property("type", constant("refused"))
        .property("id", nullable_id())
        .property("code", code_schema())
        .property("detail", ObjectBuilder::new().schema_type(Type::String))
        .required("type")
        .required("id")
        .required("code")
        .required("detail");
    all.listed.push(Listed {
        name: "refused",
        summary: "The request was refused and changed nothing; id is null where none could be \
                  read.",
        schema: refused.build(),
    });
    all.listed
}

fn events(schemas: &mut Schemas) -> Vec<Listed> {
    let mut all = Lister { schemas, head: event_head, closed: false, listed: Vec::new() };
    all.list::<picture::BettingOpened>(
        "betting_opened",
        "Bets are taken; again when a countdown begins or is cleared.",
    );
    all.list::<picture::BetsAccepted>("bets_accepted", "Bets entered the round.");
    all.list::<picture::RoundLocked>("round_locked", "The accepted set is fixed.");
    all.list::<picture::RoundStarted>("round_started", "The climb begins.");
    all.list::<picture::Tick>("tick", "The climb goes on, and who left it since the last tick.");
    all.list::<picture::Crashed>("crashed", "The climb is over.");
    all.list::<picture::Settled>("settled", "The round is decided and its seed shown.");
    all.list::<picture::Voided>("voided", "The round ended before its lock.");
    all.list::<picture::Interrupted>(
        "interrupted",
        "The climb was stopped; again once it is stored how it ends.",
    );
    all.list::<picture::BetResult>("bet_result", "A bet of this socket's player ended.");
    all.head = snapshot_head;
    all.list::<picture::Snapshot>("snapshot", "The whole lobby as it stands.");
    all.head = balance_head;
    all.list::<BalanceChanged>("balance", "The money of this socket's player moved.");
    all.listed
}

/// Makes a list of messages that begin alike.
struct Lister<'a> {
    schemas: &'a mut Schemas,
    head: fn(&'static str) -> ObjectBuilder,
    /// Whether no other fields may be there.
    closed: bool,
    listed: Vec<Listed>,
}

impl Lister<'_> {
    fn list<T: ToSchema>(&mut self, name: &'static str, summary: &'static str) {
        T::schemas(self.schemas);
        let mut schema = (self.head)(name).build();
        if let RefOr::T(Schema::Object(body)) = T::schema() {
            schema.properties.extend(body.properties);
            let beside = body.required.into_iter().filter(|name| !schema.required.contains(name));
            let beside: Vec<String> = beside.collect();
            schema.required.extend(beside);
        }
        schema.additional_properties =
            self.closed.then(|| Box::new(AdditionalProperties::FreeForm(false)));
        self.listed.push(Listed { name, summary, schema });
    }
}

fn id_head(name: &'static str) -> ObjectBuilder {
    ObjectBuilder::new()
        .property("type", constant(name))
        .property("id", request_id())
        .required("type")
        .required("id")
}

fn reply_head(_: &'static str) -> ObjectBuilder {
    id_head("reply")
}

fn snapshot_head(name: &'static str) -> ObjectBuilder {
    ObjectBuilder::new().property("type", constant(name)).required("type")
}

fn event_head(name: &'static str) -> ObjectBuilder {
    ["lobby_id", "epoch", "seq", "round"]
        .into_iter()
        .fold(balance_head(name), ObjectBuilder::required)
}

/// A balance belongs to no lobby: it has the head of the lobby followed, if any is.
fn balance_head(name: &'static str) -> ObjectBuilder {
    let mut head = snapshot_head(name);
    if let RefOr::T(Schema::Object(fields)) = Head::schema() {
        for (name, schema) in fields.properties {
            head = head.property(name, schema);
        }
    }
    head
}

fn constant(name: &'static str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([name]))
}

fn request_id() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(9_007_199_254_740_991_i64))
}

fn nullable_id() -> ObjectBuilder {
    use utoipa::openapi::schema::SchemaType;
    request_id().schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
}

fn code_schema() -> ObjectBuilder {
    let names = Code::ALL.map(Code::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names))
}
