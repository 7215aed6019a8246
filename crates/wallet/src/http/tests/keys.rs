//! Calls under an idempotency key: once, whatever happens to the answer.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{Answer, BALANCE};
use crate::service::tests::Place;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

impl Answer {
    fn code(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body.get("code").and_then(Value::as_str).map(str::to_owned)
    }
}

impl Place {
    /// Calls as a player, under a key.
    async fn keyed(&self, number: u64, key: &str, method: Method, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(BALANCE);
        let request = request.header("authorization", format!("Bearer {}", self.token(number)));
        let request = request.header("idempotency-key", key);
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

#[tokio::test]
async fn a_repeat_gets_the_same_answer_and_moves_nothing() {
    let place = Place::play().await;
    let five = r#"{"ammount": 5}"#;
    for method in [Method::PUT, Method::POST] {
        let first = place.keyed(1, "k", method.clone(), five).await;
        assert_eq!(first.status, StatusCode::OK);
        assert_eq!(first.body, r#"{"message":"Balance updated"}"#);
        for _ in 0..3 {
            assert_eq!(place.keyed(1, "k", method.clone(), five).await, first);
        }
        assert_eq!(place.balance().await, "5", "{method}");
    }
    // Another body, even one that asks the same, is another request.
    for body in [r#"{"ammount": 6}"#, r#"{"amount": 5}"#, r#"{"ammount":5}"#] {
        let other = place.keyed(1, "k", Method::PUT, body).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(other.code().unwrap(), "idempotency_mismatch");
    }
    assert_eq!(place.balance().await, "5");
    // Another player's key is another key, and so is another name.
    assert_eq!(place.keyed(2, "k", Method::PUT, r#"{"ammount": 7}"#).await.status, StatusCode::OK);
    assert_eq!(place.keyed(1, "l", Method::PUT, five).await.status, StatusCode::OK);
    assert_eq!(place.balance().await, "10");
    // A day later the name is free again.
    place.ground.clock.advance(DAY_MS - 1);
    place.keyed(1, "k", Method::PUT, five).await;
    assert_eq!(place.balance().await, "10");
    place.ground.clock.advance(1);
    place.keyed(1, "k", Method::PUT, five).await;
    assert_eq!(place.balance().await, "15");
}

#[tokio::test]
async fn a_refused_call_may_be_tried_again_under_its_key() {
    let place = Place::play().await;
    let take = r#"{"ammount": -5}"#;
    let refused = place.keyed(1, "k", Method::PUT, take).await;
    assert_eq!(refused.code().unwrap(), "insufficient_funds");
    let malformed = place.keyed(1, "k", Method::PUT, r#"{"ammount": "x"}"#).await;
    assert_eq!(malformed.code().unwrap(), "invalid_amount");
    place.call(Method::PUT, BALANCE, r#"{"ammount": 8}"#).await;
    for _ in 0..2 {
        assert_eq!(place.keyed(1, "k", Method::PUT, take).await.code(), None);
        assert_eq!(place.balance().await, "3");
    }
}

#[tokio::test]
async fn what_is_no_key_is_refused_and_moves_nothing() {
    let place = Place::play().await;
    for key in ["", "a b", "\u{e4}", &"x".repeat(256)] {
        let refused = place.keyed(1, key, Method::PUT, r#"{"ammount": 5}"#).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{key:?}");
        assert_eq!(refused.code().unwrap(), "malformed");
    }
    assert_eq!(place.balance().await, "0");
    assert_eq!(
        place.keyed(1, &"x".repeat(255), Method::PUT, r#"{"ammount": 5}"#).await.code(),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_calls_under_one_key_one_moves_money() {
    let place = std::sync::Arc::new(Place::play().await);
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let place = std::sync::Arc::clone(&place);
        calls.spawn(async move { place.keyed(1, "k", Method::PUT, r#"{"ammount": 5}"#).await });
    }
    let (mut done, mut running) = (Vec::new(), 0);
    for answer in calls.join_all().await {
        match answer.code().as_deref() {
            None => done.push(answer),
            Some("idempotency_running") => running += 1,
            Some(other) => panic!("{other}"),
        }
    }
    assert_eq!(done.len() + running, 100);
    assert!(!done.is_empty() && done.windows(2).all(|two| two[0] == two[1]), "{done:?}");
    assert_eq!(place.balance().await, "5");
}

#[tokio::test]
async fn whoever_hangs_up_finds_the_answer_under_the_key() {
    let place = Place::play().await;
    let five = r#"{"ammount": 5}"#;
    for attempt in 0..20 {
        // Polled a few times, then dropped: before, while or after the money moves.
        let call = place.keyed(1, "k", Method::PUT, five);
        let mut call = std::pin::pin!(call);
        for _ in 0..attempt {
            tokio::select! {
                biased;
                _ = &mut call => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let answer = loop {
        let answer = place.keyed(1, "k", Method::PUT, five).await;
        if answer.code().as_deref() != Some("idempotency_running") {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(place.balance().await, "5");
}
