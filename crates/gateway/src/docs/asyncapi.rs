//! The AsyncAPI document: both kinds of sockets, every message with its schema and an example.
//!
//! It is written from the server's side: `receive` is what clients send, `send` what they get.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use protocol::close::{CloseCode, ComeBack};
use protocol::plain::{self, Listed};
use protocol::{Code, socket_io};
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// One of each message. The tests read them with the types that the server uses.
const EXAMPLES: &str = include_str!("examples.json");

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_string()));

/// What a client may send, and where its answer is found.
const ANSWERS: &[(&str, &[&str])] = &[
    ("joinRoom", &["joined_room", "joined", "error"]),
    ("place_bet", &["bet_placed", "error"]),
    ("withdraw", &["withdraw_requested", "error"]),
];

/// `GET /gateway/asyncapi.json`
pub(crate) async fn serve() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], DOCUMENT.clone())
}

/// A document that is being written.
struct Writer {
    examples: Value,
    messages: Map<String, Value>,
    operations: Map<String, Value>,
    schemas: Map<String, Value>,
}

/// A channel's messages as references, by their keys there.
type Messages = Map<String, Value>;

pub(super) fn document() -> Value {
    let mut writer = Writer {
        examples: serde_json::from_str(EXAMPLES).unwrap_or_default(),
        messages: Map::new(),
        operations: Map::new(),
        schemas: Map::new(),
    };
    let channels = json!({ "plain": plain(&mut writer), "socket_io": original(&mut writer) });
    let description = "What goes over the sockets of Waxwing. A WebSocket client speaks \
                       `waxwing.v1`; clients of the original game speak Socket.IO. The HTTP part \
                       is in /gateway/openapi.json, the rules behind both in docs/protocol.md.";
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Waxwing",
            "version": env!("CARGO_PKG_VERSION"),
            "description": description,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": writer.operations,
        "components": { "messages": writer.messages, "schemas": writer.schemas },
        "x-codes": codes(),
        "x-close-codes": close_codes(),
    })
}

/// `waxwing.v1`: each request is answered once, by its own reply or a refusal.
fn plain(writer: &mut Writer) -> Value {
    let catalogue = plain::catalogue();
    writer.schemas(&catalogue.schemas);
    let mut messages = Messages::new();
    for request in &catalogue.requests {
        writer.message(&mut messages, ["plain", "requests"], request, "");
    }
    for reply in &catalogue.replies {
        let suffix = if reply.name == "refused" { "" } else { "_reply" };
        writer.message(&mut messages, ["plain", "replies"], reply, suffix);
    }
    for event in &catalogue.events {
        writer.message(&mut messages, ["plain", "events"], event, "");
    }
    for request in &catalogue.requests {
        let reply = format!("{}_reply", request.name);
        writer.receive("plain", request, &[&reply, "refused"]);
    }
    writer.send("plain", &catalogue.events);
    json!({
        "address": "/gateway/game/v1/ws",
        "title": "waxwing.v1 over WebSocket",
        "description": "JSON text frames of at most 4 KiB. A socket that has sent neither \
                        `authenticate` nor `join` within 3 seconds is closed. The close codes \
                        stand in x-close-codes.",
        "messages": messages,
        "bindings": { "ws": { "method": "GET", "headers": {
            "type": "object",
            "required": ["Sec-WebSocket-Protocol"],
            "properties": {
                "Sec-WebSocket-Protocol": { "type": "string", "const": plain::SUBPROTOCOL },
            },
        } } },
    })
}

/// The original's events: a message's name is the event's, its payload the first argument.
fn original(writer: &mut Writer) -> Value {
    let catalogue = socket_io::catalogue();
    writer.schemas(&catalogue.schemas);
    let mut messages = Messages::new();
    for event in &catalogue.sent {
        writer.message(&mut messages, ["socket_io", "sent"], event, "");
    }
    for event in &catalogue.told {
        // Both sides know a `place_bet`, but nothing the server tells is called like it.
        writer.message(&mut messages, ["socket_io", "told"], event, "");
    }
    for event in &catalogue.sent {
        let answers = ANSWERS.iter().find(|(name, _)| *name == event.name);
        writer.receive("socket_io", event, answers.map_or(&[], |(_, answers)| answers));
    }
    writer.send("socket_io", &catalogue.told);
    json!({
        "address": "/socket.io/",
        "title": "Socket.IO, as the original game speaks it",
        "description": "Versions 4 and 5 of the protocol, websocket and long-polling, default \
                        namespace; also at /gateway/game/v1/socket.io/. `joined_room` stands for \
                        an event named `Joined room: 4`, without data. An acknowledgement gets \
                        the answering event's data, that name, or {\"error\",\"code\"}. Before \
                        a socket is closed an `error` has the word of a close code.",
        "messages": messages,
        "bindings": { "ws": { "method": "GET", "query": {
            "type": "object",
            "required": ["EIO", "transport"],
            "properties": {
                "EIO": { "type": "string", "const": "4" },
                "transport": { "type": "string", "enum": ["websocket", "polling"] },
            },
        } } },
    })
}

impl Writer {
    /// Takes over what messages refer to.
    fn schemas(&mut self, schemas: &[(String, RefOr<Schema>)]) {
        for (name, schema) in schemas {
            self.schemas.insert(name.clone(), json!(schema));
        }
    }

    /// Writes one message and refers to it from its channel.
    fn message(&mut self, into: &mut Messages, place: [&str; 2], listed: &Listed, suffix: &str) {
        let [channel, group] = place;
        let example = &self.examples[channel][group][listed.name];
        let examples = match example {
            Value::Object(_) => json!([{ "name": listed.name, "payload": example }]),
            // An event without data has no payload to show.
            _ => json!([]),
        };
        let key = format!("{}{suffix}", listed.name);
        let id = format!("{channel}.{key}");
        into.insert(key, reference("components/messages", &id));
        let message = json!({
            "name": listed.name,
            "summary": listed.summary,
            "payload": listed.schema,
            "examples": examples,
        });
        self.messages.insert(id, message);
    }

    /// Clients send `request` and get one of `answers`.
    fn receive(&mut self, channel: &str, request: &Listed, answers: &[&str]) {
        let here = format!("channels/{channel}/messages");
        let replies: Vec<Value> = answers.iter().map(|name| reference(&here, name)).collect();
        let operation = json!({
            "action": "receive",
            "channel": reference("channels", channel),
            "summary": request.summary,
            "messages": [reference(&here, request.name)],
            "reply": { "channel": reference("channels", channel), "messages": replies },
        });
        self.operations.insert(format!("{channel}.{}", request.name), operation);
    }

    /// The server tells `events` unasked.
    fn send(&mut self, channel: &str, events: &[Listed]) {
        let here = format!("channels/{channel}/messages");
        let told: Vec<Value> = events.iter().map(|event| reference(&here, event.name)).collect();
        let operation = json!({
            "action": "send",
            "channel": reference("channels", channel),
            "summary": "What is told unasked.",
            "messages": told,
        });
        self.operations.insert(format!("{channel}.told"), operation);
    }
}

fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{place}/{name}") })
}

/// Why something is refused.
fn codes() -> Value {
    let code = |code: Code| {
        let status = code.status().as_u16();
        json!({ "code": code, "status": status, "title": code.title() })
    };
    Code::ALL.map(code).to_vec().into()
}

/// Why a socket is closed, and when to come back.
fn close_codes() -> Value {
    let code = |code: CloseCode| {
        let come_back = match ComeBack::after(code.number()) {
            Some(ComeBack::AtOnce) => "at once",
            Some(ComeBack::Later) => "later",
            Some(ComeBack::SignedIn) => "signed in again",
            Some(ComeBack::Never) | None => "never",
        };
        json!({ "code": code.number(), "word": code.as_str(), "come_back": come_back })
    };
    CloseCode::ALL.map(code).to_vec().into()
}

#[cfg(test)]
mod tests;
