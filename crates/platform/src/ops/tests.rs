//! What probes and scrapers see.

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::router;
use crate::health::Health;
use crate::http::Door;
use crate::metrics::Registry;
use crate::random::SeededRandom;

async fn get(health: &Health, path: &str) -> (StatusCode, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let router = router(health.clone(), Registry::new());
    let response = router.oneshot(request).await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn readiness_says_what_is_missing() {
    let health = Health::new();
    let store = health.check("store");
    let (status, kind, body) = get(&health, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(kind, "application/problem+json");
    assert!(body.contains("\"error\":\"store: starting\""), "{body}");
    store.pass();
    let (status, _, body) = get(&health, "/readyz").await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::OK, r#"{"status":"ready","checks":["store"]}"#)
    );
}

#[tokio::test]
async fn a_process_that_is_not_ready_lives() {
    let health = Health::new();
    let _store = health.check("store");
    assert_eq!(get(&health, "/livez").await.0, StatusCode::OK);
}

#[tokio::test]
async fn metrics_are_open_metrics() {
    let (status, kind, body) = get(&Health::new(), "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(kind.starts_with("application/openmetrics-text"));
    assert!(body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_with_an_id() {
    let registry = Registry::new();
    let players = Door::new(&SeededRandom::new(1), &registry).before(axum::Router::new());
    let request = Request::get("/elsewhere").body(Body::empty()).unwrap();
    players.oneshot(request).await.unwrap();
    let router = router(Health::new(), registry.clone());
    let request = Request::get("/nowhere").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(!response.headers()["x-request-id"].is_empty());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("\"code\":\"not_found\""));
    let shown = registry.encode().unwrap();
    assert_eq!(shown.matches("# TYPE waxwing_http_requests ").count(), 1, "{shown}");
    assert_eq!(shown.matches("waxwing_http_requests_total{").count(), 1, "{shown}");
}
