//! The cookie goes to our own page alone, and no script of it sees the refresh token.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use http::StatusCode;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::testing::Gateway;

/// An identity that knows one refresh token, and answers with what it was asked.
fn identity() -> Router {
    let pair = json!({
        "access_token": "a", "token_type": "Bearer", "expires_in": 60, "refresh_token": "next",
    });
    let login = pair.clone();
    let refresh = move |body: String| {
        let pair = pair.clone();
        async move {
            let asked: Value = serde_json::from_str(&body).unwrap();
            if asked == json!({ "refresh_token": "known" }) {
                (StatusCode::OK, axum::Json(pair))
            } else {
                (StatusCode::UNAUTHORIZED, axum::Json(json!({ "code": "unauthenticated" })))
            }
        }
    };
    Router::new()
        .route("/user/v1/auth/login", post(async move || axum::Json(login)))
        .route("/user/v1/auth/refresh", post(refresh))
        .route(
            "/user/v1/auth/logout",
            post(async || axum::Json(json!({ "message": "Signed out" }))),
        )
}

async fn call(call: &str, headers: &[(&str, &str)]) -> Response {
    let gateway = Gateway::with_roles(identity(), Router::new());
    let mut request = Request::post(format!("/gateway/user/v1/auth/cookie/{call}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    gateway.router.clone().oneshot(request.body(Body::from("{}")).unwrap()).await.unwrap()
}

const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");

#[tokio::test]
async fn a_refresh_token_is_shown_to_no_script() {
    let answer = call("login", &[OURS]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-waxwing-refresh=next; Path=/; "), "{cookie}");
    for part in ["Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60 }));
}

#[tokio::test]
async fn a_cookie_gets_the_next_pair_and_a_bad_one_is_forgotten() {
    let good = "theme=dark; __Host-waxwing-refresh=known";
    let answer = call("refresh", &[OURS, ("cookie", good)]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers()["set-cookie"].to_str().unwrap().contains("=next;"));
    let bad = ("cookie", "__Host-waxwing-refresh=old");
    let answer = call("refresh", &[OURS, bad]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(answer.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(call("refresh", &[OURS]).await.status(), StatusCode::UNAUTHORIZED);
    let answer = call("logout", &[OURS]).await;
    assert!(answer.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn a_page_of_another_origin_gets_neither_a_call_nor_an_answer() {
    let good = ("cookie", "__Host-waxwing-refresh=known");
    let host = ("host", "play.example");
    let strangers: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example"), host],
        &[("origin", "null"), host],
        &[host],
    ];
    for headers in strangers {
        for path in ["login", "refresh", "logout"] {
            let answer = call(path, &[headers, &[good][..]].concat()).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(!answer.headers().contains_key("set-cookie"));
            assert!(!answer.headers().contains_key("access-control-allow-origin"));
        }
    }
    let same = [("origin", "https://play.example"), host, good];
    let answer = call("refresh", &same).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn no_preflight_opens_what_reads_a_cookie() {
    let gateway = Gateway::with_roles(identity(), Router::new());
    let request = Request::options("/gateway/user/v1/auth/cookie/refresh")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    let request = request.body(Body::empty()).unwrap();
    let answer = gateway.router.clone().oneshot(request).await.unwrap();
    assert!(!answer.status().is_success());
    for header in ["access-control-allow-origin", "access-control-allow-methods"] {
        assert!(!answer.headers().contains_key(header), "{header}");
    }
}
