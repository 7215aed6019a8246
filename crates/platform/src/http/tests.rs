//! Extractors and the door, called without a socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use axum::routing::{get, post};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kernel::PlayerId;
use protocol::Code;
use serde::Deserialize;
use serde_json::{Value, json};
use tokens::{PlayerClaims, Signer, SigningKey, Verifier};
use tower::ServiceExt as _;

use super::{ApiError, AuthenticatedPlayer, Door, Json, Path, Query, RawStream};
use crate::clock::{Clock, ManualClock};
use crate::metrics::Registry;
use crate::random::SeededRandom;

mod secured;
mod server;

#[derive(Clone, FromRef)]
struct App {
    clock: Arc<dyn Clock>,
    verifier: Arc<Verifier>,
}

#[derive(Deserialize)]
struct Echo {
    word: String,
}

/// Sends four bytes back, `early` the first of them, and ends.
async fn echo(stream: &RawStream, early: &[u8]) {
    let (mut word, mut count) = ([0; 4], early.len());
    word[..count].copy_from_slice(early);
    while count < word.len() {
        stream.readable().await.unwrap();
        match stream.try_read(&mut word[count..]) {
            Ok(read) => count += read,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}"),
        }
    }
    assert_eq!(stream.try_write(&word).unwrap(), word.len());
    assert!(!stream.has_unsent());
    stream.shut_down(std::net::Shutdown::Both).unwrap();
}

fn signer() -> Signer {
    Signer::new(SigningKey::generate([5; 32]), "waxwing", "players")
}

fn router(clock: &ManualClock) -> Router {
    let app = App { clock: Arc::new(clock.clone()), verifier: Arc::new(signer().verifier()) };
    Router::new()
        .route("/me", get(|me: AuthenticatedPlayer| async move { me.username }))
        .route("/echo", post(|Json(echo): Json<Echo>| async move { Json(json!(echo.word)) }))
        .route("/item/{id}", get(|Path(id): Path<u32>| async move { Json(id) }))
        .route("/page", get(|Query(echo): Query<Echo>| async move { echo.word }))
        .route("/panics", get(|| async { panic!("a bug in a handler") as () }))
        .route("/sleeps", get(|| async { tokio::time::sleep(Duration::from_mins(1)).await }))
        .route("/teapot", get(|| async { (StatusCode::IM_A_TEAPOT, "short and stout") }))
        .route("/own", get(|| async { (StatusCode::BAD_REQUEST, axum::Json(json!({"code": 1}))) }))
        .route("/busy", get(|| async { ApiError::overloaded().with_retry_after(7) }))
        .with_state(app)
}

fn door() -> Door {
    Door::new(&SeededRandom::new(1), &Registry::new()).with_deadline(Duration::from_millis(50))
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Asserts that it is a whole problem, and gives its status and code.
    fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["error"], body["detail"]);
        assert!(!body["error"].as_str().unwrap().is_empty());
        assert!(!body["title"].as_str().unwrap().is_empty());
        assert!(body["type"].as_str().unwrap().starts_with("urn:waxwing:problem:"));
        (self.status.as_u16(), body["code"].as_str().unwrap().to_owned())
    }
}

async fn ask(request: Request<Body>) -> Answer {
    ask_at(&ManualClock::new(), request).await
}

async fn ask_at(clock: &ManualClock, request: Request<Body>) -> Answer {
    let response = door().before(router(clock)).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post_request(body: &'static str) -> Request<Body> {
    Request::post("/echo").body(Body::from(body)).unwrap()
}

fn me(authorization: &str) -> Request<Body> {
    Request::get("/me").header("authorization", authorization).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_genuine_token_is_its_player() {
    let now_s = ManualClock::DEFAULT_UNIX_MS / 1_000;
    let token = signer().sign(&PlayerClaims {
        player: PlayerId::new(3).unwrap(),
        username: "ann".into(),
        session: "session".into(),
        issued_at_s: now_s,
        expires_at_s: now_s + 60,
    });
    let clock = ManualClock::new();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = ask_at(&clock, me(&format!("{scheme} {token}"))).await;
        assert_eq!((answer.status, answer.body.as_slice()), (StatusCode::OK, b"ann".as_slice()));
    }
    clock.advance(60_000);
    let answer = ask_at(&clock, me(&format!("Bearer {token}"))).await;
    assert_eq!(answer.problem(), (401, "token_expired".into()));
}

#[tokio::test]
async fn no_token_or_a_wrong_one_is_unauthenticated() {
    for authorization in ["", "Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "token"] {
        let answer = ask(me(authorization)).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".into()), "{authorization}");
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    assert_eq!(ask(get_request("/me")).await.problem(), (401, "unauthenticated".into()));
}

#[tokio::test]
async fn json_is_read_whatever_its_content_type() {
    for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded"] {
        let mut request = post_request(r#"{"word":"hi","user_id":7}"#);
        request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
        assert_eq!(ask(request).await.json(), json!("hi"), "{kind}");
    }
    assert_eq!(ask(post_request(r#"{"word":"hi"}"#)).await.json(), json!("hi"));
}

#[tokio::test]
async fn a_body_is_utf8_also_where_nobody_reads_it() {
    let body = b"{\"word\":\"hi\",\"unread\":\"\xff\"}".to_vec();
    let answer = ask(Request::post("/echo").body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.problem(), (400, "malformed".into()));
}

#[tokio::test]
async fn a_body_that_is_not_the_json_asked_for_is_malformed() {
    let form_feed = "{\"word\":\"a\"}\x0c";
    let bodies = ["", "{}", "nonsense", "[]", "null", r#"{"word":1}"#, r#"{"word":"a"} b"#];
    for body in bodies.into_iter().chain([form_feed, "\x0c[]"]) {
        let answer = ask(post_request(body)).await;
        assert_eq!(answer.problem(), (400, "malformed".into()), "{body}");
    }
}

#[tokio::test]
async fn a_body_past_the_limit_is_too_large_declared_or_not() {
    let long = format!(r#"{{"word":"{}"}}"#, "x".repeat(64 * 1_024));
    let mut declared = Request::post("/echo").body(Body::from(long.clone())).unwrap();
    declared.headers_mut().insert(header::CONTENT_LENGTH, long.len().into());
    assert_eq!(ask(declared).await.problem(), (413, "too_large".into()));
    let streamed = Body::new(http_body_util::StreamBody::new(futures_util::stream::iter(
        long.into_bytes()
            .chunks(8_192)
            .map(|chunk| {
                Ok::<_, Infallible>(hyper::body::Frame::data(bytes::Bytes::copy_from_slice(chunk)))
            })
            .collect::<Vec<_>>(),
    )));
    let streamed = Request::post("/echo").body(streamed).unwrap();
    assert_eq!(ask(streamed).await.problem(), (413, "too_large".into()));
}

#[tokio::test]
async fn paths_that_do_not_parse_name_nothing() {
    assert_eq!(ask(get_request("/item/7")).await.json(), json!(7));
    for path in ["/item/x", "/item/-1", "/item/", "/nowhere", "/"] {
        assert_eq!(ask(get_request(path)).await.problem(), (404, "not_found".into()), "{path}");
    }
    assert_eq!(ask(get_request("/page")).await.problem(), (400, "malformed".into()));
}

#[tokio::test]
async fn every_refusal_is_a_problem_whoever_made_it() {
    let answer = ask(Request::delete("/me").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.problem(), (405, "malformed".into()));
    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD");
    assert_eq!(ask(get_request("/teapot")).await.problem(), (418, "malformed".into()));
    assert_eq!(ask(get_request("/panics")).await.problem(), (500, "internal".into()));
    assert_eq!(ask(get_request("/sleeps")).await.problem(), (503, "internal".into()));
    let answer = ask(get_request("/busy")).await;
    assert_eq!(answer.problem(), (503, "rate_limited".into()));
    assert_eq!(answer.headers[header::RETRY_AFTER], "7");
}

#[tokio::test]
async fn a_protocol_with_its_own_errors_keeps_them() {
    let answer = ask(get_request("/own")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (400, json!({"code": 1})));
}

#[tokio::test]
async fn internals_stay_inside() {
    let refused = ApiError::internal(&"password table is on fire");
    assert_eq!(refused.problem().code, Code::Internal);
    assert!(!refused.problem().detail.contains("fire"));
}

#[tokio::test]
async fn every_answer_carries_a_request_id() {
    let (door, clock) = (door(), ManualClock::new());
    let ask = |request: Request<Body>| {
        let answer = door.before(router(&clock)).oneshot(request);
        async { answer.await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned() }
    };
    let (first, second) = (ask(get_request("/item/1")).await, ask(get_request("/nowhere")).await);
    assert_ne!(first, second);
    let with =
        |id: &str| Request::get("/item/1").header("x-request-id", id).body(Body::empty()).unwrap();
    assert_eq!(ask(with("client-7.a_B")).await, "client-7.a_B");
    for strange in ["a b", "<script>", "", &"x".repeat(65)] {
        assert_ne!(ask(with(strange)).await, strange);
    }
}
