//! The routes as clients of the original use them, and what they must never take.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use contracts::Wallet;
use http_body_util::BodyExt;
use kernel::BetId;
use serde_json::{Value, json};
use tokens::PlayerClaims;
use tower::ServiceExt;

use crate::config::Config;
use crate::service::tests::{Place, fence, player, reserve};

const BALANCE: &str = "/user/v1/balance";

mod keys;
mod statement;

/// An answer as it came.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Place {
    fn token(&self, number: u64) -> String {
        self.ground.signer.sign(&PlayerClaims {
            player: player(number),
            username: format!("player {number}"),
            session: "session".into(),
            issued_at_s: 0,
            expires_at_s: 1 << 40,
        })
    }

    /// Calls as player 1.
    async fn call(&self, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let token = self.token(1);
        self.call_with(Some(&token), method, path, body).await
    }

    async fn call_with(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: &str,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = self.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = crate::router(self.service.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// What `GET balance` answers, as text.
    async fn balance(&self) -> String {
        let (status, body) = self.call(Method::GET, BALANCE, "").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["balance"].to_string()
    }
}

#[tokio::test]
async fn a_balance_is_added_to_taken_from_and_set() {
    let place = Place::play().await;
    let updated = json!({ "message": "Balance updated" });
    let fresh = json!({ "balance": 0, "held": 0, "currency": "PLAY" });
    assert_eq!(place.call(Method::GET, BALANCE, "").await, (StatusCode::OK, fresh));
    for (method, body, left) in [
        (Method::PUT, r#"{"ammount": 100}"#, "100"),
        (Method::PUT, r#"{"ammount": "0.1"}"#, "100.1"),
        (Method::PUT, r#"{"amount": 0.2, "user_id": 7}"#, "100.3"),
        (Method::PUT, r#"{"ammount": -0.3}"#, "100"),
        (Method::PUT, r#"{"ammount": -0}"#, "100"),
        (Method::PUT, r#"{"ammount": -100.0000}"#, "0"),
        (Method::POST, r#"{"ammount": 42.0001}"#, "42.0001"),
        (Method::POST, r#"{"balance": "7.50"}"#, "7.5"),
        (Method::POST, r#"{"amount": 0}"#, "0"),
        (Method::POST, r#"{"amount": 0}"#, "0"),
    ] {
        let answer = place.call(method, BALANCE, body).await;
        assert_eq!(answer, (StatusCode::OK, updated.clone()), "{body}");
        assert_eq!(place.balance().await, left, "{body}");
    }
}

#[tokio::test]
async fn what_is_no_amount_is_refused_and_moves_nothing() {
    let place = Place::play().await;
    place.fund(player(1), 10).await;
    for (method, body, status, code) in [
        (Method::PUT, r#"{"ammount": "NaN"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": NaN}"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": 1e3}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "1e3"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "Infinity"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "0x10"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": " 1"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "+1"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "1,5"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "١"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": 0.00001}"#, 400, "too_precise"),
        (Method::PUT, r#"{"ammount": 100000000000}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": 99999999999}"#, 400, "above_max"),
        (Method::PUT, r#"{"ammount": 18446744073709551616}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": null}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": true}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": [1]}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": {}}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": 1, "ammount": 2}"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": 1, "amount": 2}"#, 400, "malformed"),
        (Method::PUT, r#"{"balance": 1}"#, 400, "malformed"),
        (Method::PUT, "{}", 400, "malformed"),
        (Method::PUT, "", 400, "malformed"),
        (Method::PUT, "[1]", 400, "malformed"),
        (Method::PUT, " [[[[1]]]]", 400, "malformed"),
        (Method::PUT, "1", 400, "malformed"),
        (Method::PUT, "null", 400, "malformed"),
        (Method::PUT, "\"ammount\"", 400, "malformed"),
        (Method::PUT, r#"{"ammount": 1} {"ammount": 1}"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": "１２"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "1\u0000"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": ""}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "-"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "--1"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "01"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": "1."}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": ".5"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": 01}"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": 1e5}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": 1E-5}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": Infinity}"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": -Infinity}"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": 0x10}"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": "NULL"}"#, 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": -99999999999.9999}"#, 409, "insufficient_funds"),
        (Method::PUT, r#"{"ammount": -100000000000}"#, 400, "invalid_amount"),
        (Method::POST, r#"{"ammount": 1, "balance": 2}"#, 400, "malformed"),
        (Method::POST, r#"{"amount": 1, "amount": 1}"#, 400, "malformed"),
        (Method::POST, "[5]", 400, "malformed"),
        (Method::POST, "{}", 400, "malformed"),
        (Method::PUT, r#"{"ammount": 1"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": -10.0001}"#, 409, "insufficient_funds"),
        (Method::POST, r#"{"ammount": -1}"#, 400, "invalid_amount"),
        (Method::POST, r#"{"ammount": -0.0001}"#, 400, "invalid_amount"),
        (Method::POST, r#"{"ammount": 99999999999}"#, 400, "above_max"),
        (Method::POST, r#"{"ammount": "12.34567"}"#, 400, "too_precise"),
    ] {
        let (refused, problem) = place.call(method, BALANCE, body).await;
        assert_eq!((refused.as_u16(), &problem["code"]), (status, &json!(code)), "{body}");
        assert_eq!(problem["error"], problem["detail"]);
        assert_eq!(place.balance().await, "10", "{body}");
    }
}

#[tokio::test]
async fn only_the_players_own_token_opens_the_balance() {
    let place = Place::play().await;
    place.fund(player(1), 10).await;
    for token in [None, Some(""), Some("nonsense"), Some("eyJhbGciOiJub25lIn0.e30.")] {
        for method in [Method::GET, Method::PUT, Method::POST] {
            let body = r#"{"ammount": 5}"#;
            let (status, problem) = place.call_with(token, method, BALANCE, body).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            assert_eq!(problem["code"], "unauthenticated");
        }
    }
    let second = place.token(2);
    let (_, other) = place.call_with(Some(&second), Method::GET, BALANCE, "").await;
    assert_eq!(other["balance"], json!(0));
    assert_eq!(place.balance().await, "10");
}

#[tokio::test]
async fn without_self_service_players_look_but_do_not_move() {
    let place = Place::new(Config { self_service: false, ..Config::default() }).await;
    for method in [Method::PUT, Method::POST] {
        let (status, problem) = place.call(method, BALANCE, r#"{"ammount": 5}"#).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(problem["code"], "forbidden");
    }
    assert_eq!(place.balance().await, "0");
}

#[tokio::test]
async fn bounds_of_day_and_balance_hold() {
    let config = Config { top_up_max_per_day: 100, balance_max: 60, ..Config::default() };
    let place = Place::new(config).await;
    for (method, amount, code) in [
        (Method::PUT, "60", None),
        (Method::PUT, "0.0001", Some("above_max")),
        (Method::POST, "61", Some("above_max")),
        (Method::POST, "0", None),
        (Method::PUT, "40.0001", Some("above_max")),
        (Method::POST, "40", None),
        (Method::PUT, "0.0001", Some("above_max")),
    ] {
        let body = format!(r#"{{"ammount": {amount}}}"#);
        let (_, answer) = place.call(method, BALANCE, &body).await;
        assert_eq!(answer.get("code").and_then(Value::as_str), code, "{body}: {answer}");
    }
    assert_eq!(place.balance().await, "40");
}

#[tokio::test]
async fn a_set_balance_leaves_holds_alone() {
    let place = Place::play().await;
    fence(&place.service).await;
    place.fund(player(1), 100).await;
    let hold = reserve(player(1), BetId::from_bytes([9; 16]), 30);
    place.service.reserve(&[hold]).await.unwrap();
    place.call(Method::POST, BALANCE, r#"{"ammount": 5.5}"#).await;
    let (_, body) = place.call(Method::GET, BALANCE, "").await;
    assert_eq!(
        body,
        json!({ "balance": serde_json::Number::from_string_unchecked("5.5".into()),
                             "held": 30, "currency": "PLAY" })
    );
}

#[tokio::test]
async fn a_body_that_is_no_text_moves_nothing() {
    let place = Place::play().await;
    for body in [&b"\xff\xfe"[..], b"{\"ammount\": \"\xf0\x28\"}", b"\0", b"{\"\xc3\": 1}"] {
        let token = format!("Bearer {}", place.token(1));
        let request = Request::put(BALANCE).header("authorization", token);
        let answer = place.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body:?}");
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(problem["code"], "malformed");
    }
    assert_eq!(place.balance().await, "0");
}

#[tokio::test]
async fn a_new_day_allows_new_top_ups_and_a_take_out_allows_none() {
    let config = Config { top_up_max_per_day: 100, ..Config::default() };
    let place = Place::new(config).await;
    let put = async |amount: &str| {
        let body = format!(r#"{{"ammount": {amount}}}"#);
        let (_, answer) = place.call(Method::PUT, BALANCE, &body).await;
        answer.get("error").and_then(Value::as_str).map(str::to_owned)
    };
    let refused = |left: &str| Some(format!("At most {left} can be topped up today"));
    assert_eq!(put("99.9999").await, None);
    assert_eq!(put("0.0002").await, refused("0.0001"));
    assert_eq!(put("-99.9999").await, None);
    assert_eq!(put("1").await, refused("0.0001"), "a take-out gives no room back");
    // The clock began at midnight UTC: the last millisecond of the day, and the first after it.
    place.ground.clock.advance(24 * 60 * 60 * 1_000 - 1);
    assert_eq!(put("1").await, refused("0.0001"));
    place.ground.clock.advance(1);
    assert_eq!(put("100").await, None);
    assert_eq!(put("0.0001").await, refused("0"));
    assert_eq!(place.balance().await, "100");
}

#[test]
fn every_route_is_described() {
    let described = serde_json::to_value(crate::openapi()).unwrap();
    let paths = described["paths"].as_object().unwrap();
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/user/v1/balance", "/user/v1/transfers"]);
    for method in ["get", "put", "post"] {
        assert!(paths["/user/v1/balance"].get(method).is_some(), "{method}");
    }
    for method in ["put", "post"] {
        let call = &paths["/user/v1/balance"][method];
        assert_eq!(call["parameters"][0]["name"], "Idempotency-Key");
        assert_eq!(call["parameters"][0]["in"], "header");
        assert_eq!(call["parameters"][0]["required"], false);
        for status in ["403", "409", "422"] {
            assert!(call["responses"].get(status).is_some(), "{method} {status}");
        }
    }
    let table = &paths["/user/v1/transfers"]["get"]["responses"]["200"]["content"];
    assert!(table.get("text/csv").is_some() && table.get("application/json").is_some());
}
