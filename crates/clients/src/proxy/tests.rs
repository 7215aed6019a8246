//! What goes over the hop, what does not, and what is sent to a second instance.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use cluster::{Balancer, Endpoint};
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, Method, StatusCode};
use platform::clock::{Clock, Stopwatch, SystemClock};
use platform::http::{ClientAddress, RequestId};
use platform::random::SeededRandom;
use platform::shutdown::Shutdown;
use tokens::{ServiceSigner, ServiceVerifier, SigningKey};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::answer::{LONG as LONG_AT_ONCE, LONG_OF_NETWORK};
use super::{Forwarding, proxy};
use crate::{Access, Channel, ChannelConfig};

/// A role that answers as `router` does.
async fn role(router: Router) -> SocketAddr {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let verifier = ServiceVerifier::new(vec![key(1).verifying_key()], "game");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Access::new(verifier, clock).guard_public(router);
    tokio::spawn(platform::http::serve(listener, router, Shutdown::new()));
    address
}

/// A role that says what it heard.
async fn echo() -> SocketAddr {
    let router = Router::new().fallback(async |request: Request| {
        let client = request.extensions().get::<ClientAddress>().map(|client| client.0.to_string());
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, 1_000).await.unwrap();
        let mut heard: Vec<String> =
            parts.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        heard.sort();
        heard.push(format!("{} {} {body:?} {client:?}", parts.method, parts.uri.path()));
        Response::builder().header("x-kept", "1").body(Body::from(heard.join("\n"))).unwrap()
    });
    role(router).await
}

/// A role that takes calls and hangs up; how often it was called.
async fn dying() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, calls) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            let mut heard = [0; 1_024];
            let _heard = stream.read(&mut heard).await;
        }
    });
    (address, calls)
}

/// A port that nobody listens on: one that was free may be another test's a moment later.
fn nobody() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// A role whose answers are as long as their path says, in bytes.
async fn wordy() -> SocketAddr {
    let router = Router::new().fallback(async |request: Request| {
        let length = request.uri().path()[1..].parse().unwrap();
        Body::from(vec![b'x'; length])
    });
    role(router).await
}

async fn ask(router: &Router, path: &str) -> Response {
    router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::generate([seed; 32])
}

fn before(instances: &[SocketAddr], signer: SigningKey) -> Router {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let balancer = Balancer::new(Arc::clone(&clock), Arc::new(SeededRandom::new(1)));
    let endpoints = instances.iter().map(|address| Endpoint {
        instance: format!("game-{}", address.port()),
        address: format!("http://{address}"),
    });
    balancer.know(&endpoints.collect::<Vec<_>>());
    let config = ChannelConfig { role: "game", timeout_ms: 1_000, connect_ms: 500 };
    let channel = Channel::new(config, balancer.clone(), ServiceSigner::new(signer, "it"), clock);
    let repeatable = |call: &Parts| call.method == Method::GET;
    proxy(channel, balancer, Forwarding { repeatable, scheme: Scheme::HTTPS })
}

async fn call(router: &Router, request: Request) -> (StatusCode, HeaderMap, String) {
    let answer = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, 10_000).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn what_concerns_the_hop_stays_behind_and_who_asks_is_said_anew() {
    let router = before(&[echo().await], key(1));
    let mut request = Request::post("/game/v1/lobby?x=1")
        .header("authorization", "Bearer the-players")
        .header("connection", "x-hop, close")
        .header("x-hop", "1")
        .header("te", "trailers")
        .header("x-forwarded-for", "6.6.6.6")
        .header("waxwing-service-token", "stolen")
        .header("host", "play.example")
        .body(Body::from("hello"))
        .unwrap();
    request.extensions_mut().insert(ClientAddress([10, 0, 0, 9].into()));
    request.extensions_mut().insert(RequestId("id-1".to_owned()));
    let (status, headers, heard) = call(&router, request).await;
    assert_eq!((status, headers["x-kept"].to_str().unwrap()), (StatusCode::OK, "1"));
    for said in [
        r#"authorization: "Bearer the-players""#,
        r#"x-forwarded-for: "10.0.0.9""#,
        r#"x-forwarded-host: "play.example""#,
        r#"x-forwarded-proto: "https""#,
        r#"x-request-id: "id-1""#,
        r#"POST /game/v1/lobby b"hello" Some("10.0.0.9")"#,
    ] {
        assert!(heard.contains(said), "{said} in {heard}");
    }
    for silent in ["x-hop", "te:", "connection", "6.6.6.6", "stolen", "service-token"] {
        assert!(!heard.contains(silent), "{silent} in {heard}");
    }
}

#[tokio::test]
async fn whoever_signs_with_another_key_is_refused_and_no_player_is_signed_out_by_that() {
    let router = before(&[echo().await], key(2));
    let (status, _, body) = call(&router, Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert!(!body.contains("GET /"), "the role did nothing: {body}");
}

#[tokio::test]
async fn a_call_that_reached_nobody_goes_to_the_next_instance_whatever_it_is() {
    let router = before(&[nobody(), echo().await], key(1));
    for _ in 0..10 {
        let (status, ..) = call(&router, Request::post("/").body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_call_that_may_have_been_done_is_sent_again_only_if_it_may_be_repeated() {
    let (address, calls) = dying().await;
    let router = before(&[address], key(1));
    let (status, ..) = call(&router, Request::post("/").body(Body::empty()).unwrap()).await;
    assert_eq!((status, calls.load(Ordering::Relaxed)), (StatusCode::SERVICE_UNAVAILABLE, 1));
    let router = before(&[address, echo().await], key(1));
    for _ in 0..10 {
        let (status, ..) = call(&router, Request::get("/").body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK);
    }
}

#[tokio::test]
async fn an_instance_that_stands_still_is_given_up_early_where_the_call_may_be_repeated() {
    // Its kernel takes connections and bytes; nothing ever reads them.
    let still = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let router = before(&[still.local_addr().unwrap(), echo().await], key(1));
    let began = Stopwatch::start();
    let calls = (0..10).map(|_| call(&router, Request::get("/").body(Body::empty()).unwrap()));
    for (status, ..) in futures_util::future::join_all(calls).await {
        assert_eq!(status, StatusCode::OK);
    }
    let took_s = began.seconds();
    assert!((4.0..8.0).contains(&took_s), "one at least was asked in vain, for {took_s} s");
}

#[tokio::test]
async fn an_instance_that_is_slow_is_waited_for_where_there_is_no_other() {
    let slow = Router::new().fallback(async || tokio::time::sleep(Duration::from_secs(5)).await);
    let router = before(&[role(slow).await], key(1));
    let (status, ..) = call(&router, Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn where_nobody_is_known_nobody_is_waited_for() {
    let router = before(&[], key(1));
    let (status, ..) = call(&router, Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_body_without_end_is_too_large_and_nobody_is_asked() {
    let (address, calls) = dying().await;
    let router = before(&[address], key(1));
    let chunks =
        futures_util::stream::repeat(Ok::<_, Infallible>(Bytes::from_static(&[b' '; 512])));
    let endless = Request::post("/").body(Body::from_stream(chunks)).unwrap();
    let (status, _, body) = call(&router, endless).await;
    assert_eq!((status, calls.load(Ordering::Relaxed)), (StatusCode::PAYLOAD_TOO_LARGE, 0));
    assert!(body.contains("\"too_large\""), "{body}");
}

#[tokio::test]
async fn answers_that_nobody_takes_stop_nobody_else() {
    let router = before(&[wordy().await], key(1));
    let mut untaken = Vec::new();
    // More short ones than places for long ones, none of which they take.
    for _ in 0..1_100 {
        untaken.push(ask(&router, "/65000").await);
    }
    let mut long = Vec::new();
    for _ in 0..LONG_AT_ONCE {
        let answer = ask(&router, "/300000").await;
        assert_eq!(answer.status(), StatusCode::OK);
        long.push(answer);
    }
    assert_eq!(ask(&router, "/300000").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let answer = ask(&router, "/10").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(to_bytes(answer.into_body(), 100).await.unwrap(), "xxxxxxxxxx");

    // Whoever comes back to his answer finds all of it, and makes room for another.
    for answer in [untaken.pop().unwrap(), long.pop().unwrap()] {
        let told = answer.headers()["content-length"].to_str().unwrap().to_owned();
        let body = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
        assert_eq!(body.len().to_string(), told);
    }
    assert_eq!(ask(&router, "/300000").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn one_network_holds_its_share_of_the_long_answers_and_no_more() {
    let router = before(&[wordy().await], key(1));
    let ask_from = async |address: &str, path: &str| {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ClientAddress(address.parse().unwrap()));
        router.clone().oneshot(request).await.unwrap()
    };
    let mut untaken = Vec::new();
    for host in 0..LONG_OF_NETWORK {
        let answer = ask_from(&format!("2001:db8::{host:x}"), "/300000").await;
        assert_eq!(answer.status(), StatusCode::OK, "{host}");
        untaken.push(answer);
    }
    let refused = ask_from("2001:db8::ffff", "/300000").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "it is one household");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(ask_from("2001:db8::1", "/10").await.status(), StatusCode::OK, "short ones pass");
    for address in ["2001:db8:0:1::1", "10.0.0.2"] {
        let answer = ask_from(address, "/300000").await;
        assert_eq!(to_bytes(answer.into_body(), 1_000_000).await.unwrap().len(), 300_000);
    }
    drop(untaken.pop());
    assert_eq!(ask_from("2001:db8::ffff", "/300000").await.status(), StatusCode::OK);
}
