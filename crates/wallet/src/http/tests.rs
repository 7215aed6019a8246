//! The routes as clients of the original use them, and what they must never take.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use contracts::Wallet;
use http_body_util::BodyExt;
use kernel::BetId;
use serde_json::{Value, json};
use tokens::PlayerClaims;
use tower::ServiceExt;

use crate::config::Config;
use crate::service::tests::{Place, fence, player, reserve};

const BALANCE: &str = "/user/v1/balance";

impl Place {
    fn token(&self, number: u64) -> String {
        self.signer.sign(&PlayerClaims {
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
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = crate::router(self.service.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
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
        (Method::PUT, "[1]", 400, "invalid_amount"),
        (Method::PUT, r#"{"ammount": 1"#, 400, "malformed"),
        (Method::PUT, r#"{"ammount": -10.0001}"#, 409, "insufficient_funds"),
        (Method::POST, r#"{"ammount": -1}"#, 400, "invalid_amount"),
        (Method::POST, r#"{"ammount": -0.0001}"#, 400, "invalid_amount"),
        (Method::POST, r#"{"ammount": 99999999999}"#, 400, "above_max"),
        (Method::POST, r#"{"ammount": "12.34567"}"#, 400, "too_precise"),
    ] {
        let (refused, problem) = place.call(method, BALANCE, body).await;
        if body == "[1]" {
            // A sequence stands for the fields in order; one number is an amount.
            assert_eq!(refused, StatusCode::OK, "{problem}");
            place.fund(player(1), 10).await;
            continue;
        }
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
async fn the_statement_tells_every_line_once_in_pages() {
    let place = Place::play().await;
    fence(&place.service).await;
    place.call(Method::PUT, BALANCE, r#"{"ammount": 100}"#).await;
    let hold = reserve(player(1), BetId::from_bytes([9; 16]), 30);
    place.service.reserve(&[hold]).await.unwrap();
    place.call(Method::PUT, BALANCE, r#"{"ammount": -0.5}"#).await;
    place.call(Method::PUT, BALANCE, r#"{"ammount": 0}"#).await;
    let (status, all) = place.call(Method::GET, "/user/v1/transfers", "").await;
    assert_eq!(status, StatusCode::OK);
    let told: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{} {} {}", line["kind"], line["amount"], line["balance"]))
        .collect();
    assert_eq!(told, ["\"top_up\" 100 100", "\"stake\" -30 70", "\"take_out\" -0.5 69.5"]);
    assert_eq!(all[1]["round"], json!({ "lobby_id": 1, "round": 1 }));
    assert_eq!(all[1]["bet_id"], "09090909-0909-0909-0909-090909090909");
    assert!(all[0].get("round").is_none() && all[0].get("bet_id").is_none());
    let after = &all[0]["transfer_id"];
    let page = format!("/user/v1/transfers?after={after}&limit=1");
    let (_, page) = place.call(Method::GET, &page, "").await;
    assert_eq!(page, json!([all[1]]));
    for query in ["limit=0", "limit=501", "after=-1", "limit=x", "before=3"] {
        let path = format!("/user/v1/transfers?{query}");
        let (status, problem) = place.call(Method::GET, &path, "").await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("malformed")), "{query}");
    }
}

#[test]
fn every_route_is_described() {
    let described = serde_json::to_value(crate::openapi()).unwrap();
    let paths = described["paths"].as_object().unwrap();
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/user/v1/balance", "/user/v1/transfers"]);
    for method in ["get", "put", "post"] {
        assert!(paths["/user/v1/balance"].get(method).is_some(), "{method}");
    }
}
