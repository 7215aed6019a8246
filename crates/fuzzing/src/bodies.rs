//! HTTP bodies, asked of a router in this process through the door and the extractors that every
//! role has: what is taken says one thing only, what is not is refused as a problem.

use std::cell::OnceCell;
use std::convert::Infallible;
use std::fmt::Debug;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use platform::http::{Door, Json, KeyedJson, Query};
use platform::random::SeededRandom;
use protocol::auth::{Credentials, LogoutRequest, PasswordChange, RefreshRequest};
use protocol::chains::ExportLine;
use protocol::history::Page;
use protocol::lobby::OpenLobby;
use protocol::notice::Notice;
use protocol::rounds::RoundExport;
use protocol::wallet::{AddToBalance, SetBalance, TransfersQuery};
use protocol::{Code, Snapshot};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::json::Fields;

/// A body that a client sends: its fields, each with its other names, and whether others are
/// refused.
struct Taken {
    path: &'static str,
    fields: &'static [&'static [&'static str]],
    is_strict: bool,
}

const TAKEN: [Taken; 7] = [
    Taken { path: "/credentials", fields: &[&["username"], &["password"]], is_strict: false },
    Taken { path: "/refresh", fields: &[&["refresh_token"]], is_strict: true },
    Taken { path: "/logout", fields: &[&["everywhere"]], is_strict: true },
    Taken { path: "/password", fields: &[&["old_password"], &["new_password"]], is_strict: true },
    Taken { path: "/add", fields: &[&["ammount", "amount"]], is_strict: false },
    Taken { path: "/set", fields: &[&["ammount", "amount", "balance"]], is_strict: false },
    Taken {
        path: "/lobby",
        fields: &[
            &["lobby_id"],
            &["name"],
            &["visibility"],
            &["mode"],
            &["curve"],
            &["betting_ms"],
            &["stake_min"],
            &["stake_max"],
        ],
        is_strict: false,
    },
];

/// Fields that hold numbers, under all of their names.
const MONEY: [&str; 6] = ["ammount", "amount", "balance", "stake_min", "stake_max", "lobby_id"];

/// What a router answers.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    kind: String,
    body: Vec<u8>,
}

/// A router and what drives it.
struct Server {
    runtime: Runtime,
    router: Router,
}

thread_local! {
    static SERVER: OnceCell<Server> = const { OnceCell::new() };
}

/// The first byte says what the rest is: a body of one of the routes, a query, or a document that
/// others may hand us.
///
/// # Panics
/// If a body is taken that says a thing twice, or says it otherwise than JSON does, or if a refusal
/// is no problem.
pub fn bodies(input: &[u8]) {
    let [kind, rest @ ..] = input else { return };
    match usize::from(*kind) % 12 {
        kind if kind < TAKEN.len() => body(&TAKEN[kind], rest),
        7 => query(rest),
        8 => document::<RoundExport>(rest),
        9 => document::<ExportLine>(rest),
        10 => document::<Notice>(rest),
        _ => document::<Snapshot>(rest),
    }
}

fn router() -> Router {
    let router = Router::new()
        .route("/credentials", post(echo::<Credentials>))
        .route("/refresh", post(echo::<RefreshRequest>))
        .route("/logout", post(echo::<LogoutRequest>))
        .route("/password", post(echo::<PasswordChange>))
        .route("/add", post(echo_keyed::<AddToBalance>))
        .route("/set", post(echo_keyed::<SetBalance>))
        .route("/lobby", post(echo_keyed::<OpenLobby>))
        .route("/page", get(echo_query::<Page>))
        .route("/transfers", get(echo_query::<TransfersQuery>));
    Door::unmeasured(&SeededRandom::new(1)).before(router)
}

async fn echo<T: Debug>(Json(body): Json<T>) -> String {
    format!("{body:?}")
}

async fn echo_keyed<T: Debug>(keyed: KeyedJson<T>) -> String {
    format!("{:?}", keyed.body)
}

async fn echo_query<T: Debug>(Query(query): Query<T>) -> String {
    format!("{query:?}")
}

/// Asks the router of this thread.
fn ask(request: Request<Body>) -> Answer {
    SERVER.with(|server| {
        let server = server.get_or_init(|| Server {
            runtime: Builder::new_current_thread().enable_time().build().expect("a runtime"),
            router: router(),
        });
        server.runtime.block_on(async {
            let Ok(response) = server.router.clone().oneshot(request).await;
            let (parts, body) = response.into_parts();
            let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or_default().to_owned();
            let body = body.collect().await.expect("an answer has an end").to_bytes().to_vec();
            Answer { status: parts.status, kind, body }
        })
    })
}

fn send(path: &str, body: Body) -> Answer {
    ask(Request::post(path).body(body).expect("the path is one"))
}

fn body(taken: &Taken, sent: &[u8]) {
    let answer = send(taken.path, Body::from(sent.to_vec()));
    let (first, second) = sent.split_at(sent.len() / 2);
    let pieces = [first, second].map(|piece| Ok::<_, Infallible>(piece.to_vec()));
    let in_two = send(taken.path, Body::from_stream(stream::iter(pieces)));
    assert_eq!(in_two, answer, "in two pieces is not as at once");
    let spaced = [b" \r\n", sent, b"\t "].concat();
    let again = send(taken.path, Body::from(spaced));
    if answer.status != StatusCode::OK {
        refused(&answer);
        assert_ne!(again.status, StatusCode::OK, "spaces made it right");
        return;
    }
    assert_eq!(again, answer, "spaces say something");
    std::str::from_utf8(sent).expect("what is taken is text");
    let is_empty = sent.iter().all(|byte| b" \t\r\n".contains(byte));
    let sent = if is_empty { b"{}" } else { sent };
    let fields = Fields::of(sent).expect("what is taken is an object");
    for names in taken.fields {
        let is_money = names.iter().all(|name| MONEY.contains(name));
        assert!(!is_money || fields.are_plain(names), "{names:?} is taken and is no number");
        assert!(fields.count(names) <= 1, "{names:?} is taken twice");
    }
    let turned = send(taken.path, Body::from(fields.turned()));
    assert_eq!(turned, answer, "the order of fields says something");
    let foreign = send(taken.path, Body::from(fields.with("user_id", "7")));
    if taken.is_strict {
        refused(&foreign);
        let known =
            |(name, _): &(String, Box<RawValue>)| taken.fields.iter().any(|n| n.contains(&&**name));
        assert!(fields.0.iter().all(known), "an unknown field is taken");
    } else {
        assert_eq!(foreign, answer, "a foreign field says something");
    }
}

/// A refusal is a problem with one of our codes, and never our own fault.
fn refused(answer: &Answer) {
    let said = String::from_utf8_lossy(&answer.body);
    assert!(answer.status.is_client_error(), "{} {said}", answer.status);
    assert_eq!(answer.kind, "application/problem+json");
    let problem: Value = serde_json::from_str(&said).expect("a problem is JSON");
    assert_eq!(problem["status"], answer.status.as_u16());
    assert!(problem["code"].as_str().is_some_and(|code| code.parse::<Code>().is_ok()), "{said}");
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{said}");
    assert_eq!(problem["error"], problem["detail"]);
}

/// A query string of a list: taken or refused as a problem, and a repeated field is refused.
fn query(sent: &[u8]) {
    let Ok(query) = std::str::from_utf8(sent) else { return };
    for (path, name) in [("/page", "before"), ("/transfers", "after")] {
        let Ok(request) = Request::get(format!("{path}?{query}")).body(Body::empty()) else {
            return;
        };
        let answer = ask(request);
        if answer.status != StatusCode::OK {
            refused(&answer);
            continue;
        }
        let twice = format!("{path}?{query}&{name}=1&{name}=1");
        let twice = Request::get(twice).body(Body::empty()).expect("it was a query before");
        // A `#` ends a query; what stands behind it is not sent.
        if !query.contains('#') {
            refused(&ask(twice));
        }
    }
}

/// A document that reads back as itself, or does not read at all.
fn document<T: DeserializeOwned + Serialize + Debug + PartialEq>(sent: &[u8]) {
    let Ok(document) = serde_json::from_slice::<T>(sent) else { return };
    let written = serde_json::to_string(&document).expect("a document has a JSON form");
    let again: T = serde_json::from_str(&written).expect("what we write we can read");
    assert_eq!(document, again, "{written}");
    assert_eq!(serde_json::to_string(&again).ok(), Some(written), "it is written in two ways");
}
