//! The public router by its answers.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, Method, StatusCode};
use platform::http::PeerAddress;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::Config;
use crate::testing::{Gateway, read};

fn user() -> Router {
    Router::new()
        .route("/user/v1/status", get(|| async { Json(json!({ "status": "up" })) }))
        .route("/user/v1/auth/login", post(|| async { "in" }))
        .route(
            "/user/v1/echo/{id}",
            post(|Path(id): Path<u64>, body: String| async move { format!("{id} {body}") }),
        )
}

fn game() -> Router {
    let show = |headers: HeaderMap, peer: Option<axum::Extension<PeerAddress>>| async move {
        assert!(!headers.contains_key("x-forwarded-for"));
        format!("{}", peer.is_some())
    };
    Router::new()
        .route("/game/v1/status", get(|| async { Json(json!({ "status": "up" })) }))
        .route("/game/v1/peer", get(show))
}

fn gateway() -> Gateway {
    Gateway::with_roles(user(), game())
}

async fn send(gateway: &Gateway, request: Request) -> Response {
    gateway.router.clone().oneshot(request).await.unwrap()
}

async fn fetch(gateway: &Gateway, path: &str) -> Response {
    send(gateway, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn json_of(response: Response) -> Value {
    serde_json::from_str(&read(response).await).unwrap()
}

#[tokio::test]
async fn calls_reach_their_role_with_path_query_and_body() {
    let gateway = gateway();
    let request = Request::post("/gateway/user/v1/echo/7?x=1").body("wax".into()).unwrap();
    assert_eq!(read(send(&gateway, request).await).await, "7 wax");
    let mut request = Request::get("/gateway/game/v1/peer").body(Body::empty()).unwrap();
    request.extensions_mut().insert(PeerAddress(SocketAddr::from(([10, 0, 0, 1], 1))));
    assert_eq!(read(send(&gateway, request).await).await, "true");
}

#[tokio::test]
async fn what_is_nowhere_is_a_problem() {
    let gateway = gateway();
    for (method, path, status) in [
        (Method::GET, "/nowhere", StatusCode::NOT_FOUND),
        (Method::GET, "/gateway/user/v1/nowhere", StatusCode::NOT_FOUND),
        (Method::GET, "/gateway/metrics", StatusCode::NOT_FOUND),
        (Method::GET, "/user/v1/status", StatusCode::NOT_FOUND),
        (Method::DELETE, "/gateway/user/v1/status", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/gateway/status", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let request = Request::builder().method(method.clone()).uri(path);
        let response = send(&gateway, request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), status, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        assert_eq!(response.headers()["access-control-allow-origin"], "*", "{path}");
        assert!(response.headers().contains_key("x-request-id"), "{path}");
        let body = json_of(response).await;
        assert_eq!(body["status"], json!(status.as_u16()));
        assert_eq!(body["error"], body["detail"]);
    }
}

#[tokio::test]
async fn the_status_lists_who_works_and_names_who_does_not() {
    let answer = fetch(&gateway(), "/gateway/status").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        json_of(answer).await,
        json!({
            "message": "All services are up and running",
            "workingServices": ["gateway", "user", "game"],
        })
    );
    let broken = Gateway::with_roles(user(), Router::new());
    let answer = fetch(&broken, "/gateway/status").await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        json_of(answer).await,
        json!({
            "message": "Some services are down",
            "workingServices": ["gateway", "user"],
            "failedService": "game",
        })
    );
}

#[tokio::test]
async fn a_page_of_another_origin_may_ask_and_call() {
    let gateway = gateway();
    for path in ["/gateway/user/v1/auth/login", "/gateway/status", "/.well-known/jwks.json"] {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .header("origin", "http://other.example")
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,content-type");
        let answer = send(&gateway, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(headers["access-control-allow-headers"], "authorization,content-type");
        assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("PUT"));
        assert!(!headers.contains_key("access-control-allow-credentials"));
    }
    let answer = fetch(&gateway, "/gateway/status").await;
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap();
    assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"));
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let gateway = gateway();
    let knock = |host: u8| {
        let mut request = Request::get("/gateway/status").body(Body::empty()).unwrap();
        let peer = SocketAddr::from(([10, 0, 0, host], 4_711));
        request.extensions_mut().insert(PeerAddress(peer));
        request
    };
    let mut refused = None;
    for _ in 0..2_000 {
        let answer = send(&gateway, knock(1)).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(refused.headers()["access-control-allow-origin"], "*");
    assert_eq!(json_of(refused).await["code"], "rate_limited");
    assert_eq!(send(&gateway, knock(2)).await.status(), StatusCode::OK);
    let text = gateway.registry.encode().unwrap();
    assert!(text.contains("waxwing_gateway_rate_limited_total{limit=\"Requests\"} 1"), "{text}");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_limits() {
    let mut config = Config { request_burst: 2, requests_per_second: 1, ..Config::default() };
    config.trusted_proxies = vec!["10.0.0.9".parse().unwrap()];
    config.sockets.sockets_per_address_max = 1;
    let gateway = Gateway::with_config(config, user(), game());
    let knock = |peer: u8, client: &str, path: &str| {
        let request = Request::get(path).header("x-forwarded-for", client);
        let mut request = request.body(Body::empty()).unwrap();
        let peer = SocketAddr::from(([10, 0, 0, peer], 4_711));
        request.extensions_mut().insert(PeerAddress(peer));
        request
    };
    let polling = "/socket.io/?EIO=4&transport=polling";
    let mut answers = Vec::new();
    for (peer, client, path) in [
        (9, "192.0.2.1", polling),
        (9, "192.0.2.1", polling),
        (9, "192.0.2.1", "/gateway/status"),
        (9, "192.0.2.2", polling),
        (9, "192.0.2.2", "/gateway/status"),
        (8, "192.0.2.3", "/gateway/status"),
        (8, "192.0.2.4", "/gateway/status"),
        (8, "192.0.2.5", "/gateway/status"),
    ] {
        let status = send(&gateway, knock(peer, client, path)).await.status();
        answers.push(status.as_u16());
    }
    assert_eq!(answers, [200, 429, 429, 200, 200, 200, 200, 429]);
}

#[tokio::test]
async fn browsers_stay_with_tls_where_it_is_spoken() {
    let mut config = Config::default();
    for said in [None, Some("max-age=31536000")] {
        let gateway = Gateway::with_config(config.clone(), user(), game());
        for path in ["/gateway/status", "/nowhere", "/socket.io/?EIO=4&transport=polling"] {
            let answer = send(&gateway, Request::get(path).body(Body::empty()).unwrap()).await;
            let header = answer.headers().get("strict-transport-security");
            assert_eq!(header.map(|value| value.to_str().unwrap()), said, "{path}");
        }
        config.tls.certificate = Some("chain.pem".into());
        config.tls.key = Some("key.pem".into());
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_open_sockets() {
    let mut config = Config::default();
    config.sockets.sockets_per_address_max = 1;
    let gateway = Gateway::with_config(config, user(), game());
    let polling = |path: &str, method: Method| {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{path}?EIO=4&transport=polling"))
            .header("origin", "http://elsewhere.test")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .body(Body::empty())
            .unwrap();
        let peer = SocketAddr::from(([10, 0, 0, 1], 4_711));
        request.extensions_mut().insert(PeerAddress(peer));
        request
    };
    let (path, other) = ("/socket.io/", "/gateway/game/v1/socket.io/");
    for (path, method, status) in [
        (path, Method::OPTIONS, 204),
        (other, Method::OPTIONS, 204),
        (path, Method::GET, 200),
        (other, Method::GET, 429),
    ] {
        let answer = send(&gateway, polling(path, method.clone())).await;
        assert_eq!(answer.status(), status, "{method} {path}");
        let headers = answer.headers();
        assert_eq!(headers.get_all("access-control-allow-origin").iter().count(), 1);
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert!(!headers.contains_key("access-control-allow-credentials"));
        if method == Method::OPTIONS {
            assert_eq!(headers["access-control-allow-headers"], "content-type");
            assert!(headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let gateway = gateway();
    let body = "x".repeat(70_000);
    let request = Request::post("/gateway/user/v1/echo/7").body(body.into()).unwrap();
    let answer = send(&gateway, request).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn the_docs_come_out_of_the_binary() {
    let gateway = gateway();
    let folder = fetch(&gateway, "/gateway/docs").await;
    assert_eq!(folder.headers()["location"], "/gateway/docs/");
    let index = fetch(&gateway, "/gateway/docs/").await;
    assert!(index.headers()["content-security-policy"].to_str().unwrap().contains("'self'"));
    let cache = index.headers()["cache-control"].to_str().unwrap();
    assert!(["public, max-age=3600", "no-cache"].contains(&cache), "{cache}");
    let index = read(index).await;
    assert!(!index.contains("https://"), "no other origin: {index}");
    let swagger = read(fetch(&gateway, "/gateway/docs/index.html").await).await;
    assert!(swagger.contains("swagger-ui-bundle.js") && !swagger.contains("https://"));
    let start = fetch(&gateway, "/gateway/docs/swagger-initializer.js").await;
    assert_eq!(start.headers()["cache-control"], "no-cache");
    let start = read(start).await;
    assert!(start.contains("/gateway/openapi.json"), "{start}");
    let missing = fetch(&gateway, "/gateway/docs/nothing.js").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_document_and_the_keys_are_served() {
    let gateway = gateway();
    let document = json_of(fetch(&gateway, "/gateway/openapi.json").await).await;
    assert_eq!(document["info"]["title"], "Waxwing");
    assert!(document["paths"]["/gateway/status"]["get"]["responses"]["500"].is_object());
    assert!(document["paths"]["/gateway/user/v1/echo"].is_object(), "roles get the prefix");
    let keys = fetch(&gateway, "/.well-known/jwks.json").await;
    assert_eq!(keys.headers()["content-type"], "application/jwk-set+json");
    let keys = json_of(keys).await;
    assert_eq!(keys["keys"][0]["kty"], "OKP");
    assert!(keys["keys"][0].get("d").is_none());
    let _keep = Arc::clone(&gateway.play);
}
