//! Registration, login, validation and the balance, as the original's clients call them.

use kernel::Amount;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::numbers::{amount, text, whole};
use crate::harness::{Caller, Place, Player};

const REGISTER: &str = "/gateway/user/v1/auth/register";
const LOGIN: &str = "/gateway/user/v1/auth/login";
const VALIDATE: &str = "/gateway/user/v1/auth/validate";
const BALANCE: &str = "/gateway/user/v1/balance";

async fn post(caller: &Caller, path: &str, body: Value) -> crate::harness::Answer {
    caller.call(Method::POST, path, None, Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_registers_logs_in_and_is_validated() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let account = json!({ "username": "user123", "password": "johnDoe" });

    let registered = post(&caller, REGISTER, account.clone()).await;
    assert_eq!((registered.status, registered.json()), (201, json!({ "message": "User created" })));
    let again = post(&caller, REGISTER, account.clone()).await;
    again.assert_refused(409, "user_exists");
    assert_eq!(again.json()["error"], "User already exists");

    let logged_in = post(&caller, LOGIN, account).await;
    assert_eq!(logged_in.status, 200);
    let token = text(&logged_in.json()["access_token"]).to_owned();
    let player = Player { id: 0, token };
    for method in [Method::POST, Method::GET] {
        let valid = caller.call(method, VALIDATE, Some(&player), None).await;
        assert_eq!(valid.status, 200, "{}", valid.text);
        let body = valid.json();
        assert_eq!((text(&body["status"]), text(&body["username"])), ("valid", "user123"));
        assert!(whole(&body["user_id"]) >= 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_originals_short_password_works() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let account = json!({ "username": "prodan", "password": "1111" });
    assert_eq!(post(&caller, REGISTER, account.clone()).await.status, 201);
    assert_eq!(post(&caller, LOGIN, account).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_break_the_rules_are_refused() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let long = "x".repeat(81);
    for account in [
        json!({}),
        json!({ "username": "ann" }),
        json!({ "password": "prodan" }),
        json!({ "username": "", "password": "prodan" }),
        json!({ "username": "ann", "password": "" }),
        json!({ "username": "ann", "password": "123" }),
        json!({ "username": long, "password": "prodan" }),
        json!({ "username": "a\u{7}n", "password": "prodan" }),
        json!({ "username": "ann", "password": "x".repeat(129) }),
        json!({ "username": 7, "password": "prodan" }),
        json!([]),
    ] {
        let answer = post(&caller, REGISTER, account.clone()).await;
        assert_eq!(answer.status, 400, "{account}: {}", answer.text);
        assert!(!text(&answer.json()["error"]).is_empty(), "{account}");
    }
    let headers = [("content-type", "application/json")];
    let torn = caller.send(Method::POST, REGISTER, &headers, Some("{\"user".to_owned())).await;
    torn.assert_refused(400, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_and_tokens_are_refused() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.player("ann").await;
    for (username, password) in [("ann", "wrong-one"), ("nobody", "prodan-1111")] {
        let account = json!({ "username": username, "password": password });
        let refused = post(&caller, LOGIN, account).await;
        refused.assert_refused(401, "invalid_credentials");
        assert_eq!(refused.json()["error"], "Invalid credentials");
    }
    let (head, signature) = ann.token.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    let forged = Player { token: format!("{head}.{turned}"), ..ann };
    let garbage = Player { token: "garbage".to_owned(), ..ann };
    for player in [None, Some(&forged), Some(&garbage)] {
        for (method, path) in [(Method::GET, VALIDATE), (Method::GET, BALANCE)] {
            let refused = caller.call(method, path, player, None).await;
            refused.assert_refused(401, "unauthenticated");
        }
    }
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.";
    let unsigned = Player { token: unsigned.to_owned(), ..ann };
    let refused = caller.call(Method::GET, VALIDATE, Some(&unsigned), None).await;
    refused.assert_refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_balance_is_added_to_taken_from_and_set_to_the_unit() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.player("ann").await;
    assert_eq!(caller.balance(&ann).await, Amount::ZERO);
    let updated = json!({ "message": "Balance updated" });
    for (method, body, left) in [
        (Method::PUT, r#"{"ammount": 100}"#, "100"),
        (Method::PUT, r#"{"ammount": "0.3"}"#, "100.3"),
        (Method::PUT, r#"{"ammount": 0.1234}"#, "100.4234"),
        (Method::PUT, r#"{"amount": 1.5}"#, "101.9234"),
        (Method::PUT, r#"{"ammount": -1.9234}"#, "100"),
        (Method::POST, r#"{"ammount": 42.0001}"#, "42.0001"),
        (Method::POST, r#"{"balance": "7.5"}"#, "7.5"),
        (Method::POST, r#"{"ammount": 0}"#, "0"),
    ] {
        let body: Value = serde_json::from_str(body).unwrap();
        let answer = caller.call(method, BALANCE, Some(&ann), Some(body.clone())).await;
        assert_eq!((answer.status, answer.json()), (200, updated.clone()), "{body}");
        assert_eq!(caller.balance(&ann).await, Amount::parse(left).unwrap(), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_that_are_no_money_are_refused_and_move_nothing() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "10").await;
    for (body, code) in [
        (r#"{"ammount": 1e3}"#, "invalid_amount"),
        (r#"{"ammount": "NaN"}"#, "invalid_amount"),
        (r#"{"ammount": "01"}"#, "invalid_amount"),
        (r#"{"ammount": "+1"}"#, "invalid_amount"),
        (r#"{"ammount": ".5"}"#, "invalid_amount"),
        (r#"{"ammount": ""}"#, "invalid_amount"),
        (r#"{"ammount": "0.00001"}"#, "too_precise"),
        (r#"{"ammount": 1.00001}"#, "too_precise"),
    ] {
        for method in [Method::PUT, Method::POST] {
            let body: Value = serde_json::from_str(body).unwrap();
            let refused = caller.call(method, BALANCE, Some(&ann), Some(body.clone())).await;
            assert_eq!(refused.status, 400, "{body}: {}", refused.text);
            assert_eq!(text(&refused.json()["code"]), code, "{body}");
        }
    }
    for (method, body) in [
        (Method::PUT, json!({})),
        (Method::PUT, json!({ "ammount": null })),
        (Method::PUT, json!({ "ammount": [1] })),
        (Method::POST, json!({ "ammount": -1 })),
    ] {
        let refused = caller.call(method, BALANCE, Some(&ann), Some(body.clone())).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
    }
    let too_much = Some(json!({ "ammount": -10.0001 }));
    let refused = caller.call(Method::PUT, BALANCE, Some(&ann), too_much).await;
    assert!((400..500).contains(&refused.status), "{}", refused.text);
    assert_eq!(text(&refused.json()["code"]), "insufficient_funds");
    assert_eq!(caller.balance(&ann).await, Amount::from_whole(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_top_ups_at_once_are_all_kept() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.player("ann").await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (caller, ann) = (caller.clone(), ann.clone());
        calls.spawn(async move {
            let body = Some(json!({ "ammount": "0.0101" }));
            caller.call(Method::PUT, BALANCE, Some(&ann), body).await.status
        });
    }
    assert!(calls.join_all().await.iter().all(|status| *status == 200));
    let answer = caller.call(Method::GET, BALANCE, Some(&ann), None).await;
    assert_eq!(amount(&answer.json()["balance"]), Amount::parse("1.01").unwrap());
}

/// Signs in by the proxy that is believed, as whoever calls it from `address`.
async fn login_from(caller: &Caller, address: &str, password: &str) -> crate::harness::Answer {
    let account = json!({ "username": "ann", "password": password }).to_string();
    let headers = [("x-forwarded-for", address), ("content-type", "application/json")];
    caller.send(Method::POST, LOGIN, &headers, Some(account)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_elsewhere_does_not_keep_the_owner_out() {
    let place = Place::with(&[
        ("WAXWING_GATEWAY__TRUSTED_PROXIES", "127.0.0.1"),
        ("WAXWING_IDENTITY__NAME_FAILURES_AT_ONCE", "40"),
    ]);
    let server = place.start().await;
    let caller = server.caller();
    caller.player("ann").await;
    let (home, hotel) = ("198.51.100.7", "203.0.113.9");
    assert_eq!(login_from(&caller, home, "prodan-1111").await.status, 200);
    for _ in 0..10 {
        let wrong = login_from(&caller, "192.0.2.1", "wrong").await;
        wrong.assert_refused(401, "invalid_credentials");
    }
    let refused = login_from(&caller, "192.0.2.1", "prodan-1111").await;
    refused.assert_refused(429, "rate_limited");
    assert!((1..=6).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(login_from(&caller, hotel, "prodan-1111").await.status, 200, "another network");
    // From many networks it is the name that waits, but not where it signed in before.
    for host in 2..=45 {
        login_from(&caller, &format!("192.0.2.{host}"), "wrong").await;
    }
    login_from(&caller, "203.0.113.200", "prodan-1111").await.assert_refused(429, "rate_limited");
    for known in [home, hotel] {
        assert_eq!(login_from(&caller, known, "prodan-1111").await.status, 200);
    }
}
