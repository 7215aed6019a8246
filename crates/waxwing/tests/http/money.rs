//! A player's own money on the live binary: once a key, whatever dies in between, and its story.

use std::time::Duration;

use kernel::Amount;
use reqwest::{Client, Method};
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::numbers::{amount, text, whole};
use crate::harness::time::PATIENCE;
use crate::harness::{Place, Player};

const BALANCE: &str = "/gateway/user/v1/balance";
const TRANSFERS: &str = "/gateway/user/v1/transfers";
const FIVE: &str = r#"{"ammount": 5}"#;

/// A top-up of five under a key: status and body, or nothing if no answer came.
async fn top_up(base: &str, player: &Player, key: &str, body: &str) -> Option<(u16, String)> {
    let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
    let request = client.put(format!("{base}{BALANCE}")).bearer_auth(&player.token);
    let request = request.header("idempotency-key", key).body(body.to_owned());
    let answer = request.send().await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

/// Killed before or behind the commit, the process answers the repeat as it would have answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_top_up_whose_answer_died_is_made_once() {
    let done = (200, r#"{"message":"Balance updated"}"#.to_owned());
    for (instant, stored) in [("before_commit", 0), ("after_commit", 5)] {
        let mut place = Place::new();
        place.arm(Some(&format!("wallet.funds.{instant}:kill")));
        let server = place.start().await;
        let ann = server.caller().player("ann").await;
        let lost = top_up(&server.base, &ann, "k", FIVE).await;
        assert_eq!(lost, None, "{instant}: the process died");
        let status = server.wait(Duration::from_secs(20)).await;
        assert!(status.is_some_and(|status| !status.success()), "{status:?}");
        place.arm(None);
        let server = place.start().await;
        assert_eq!(server.caller().balance(&ann).await, Amount::from_whole(stored), "{instant}");
        for _ in 0..3 {
            let answer = top_up(&server.base, &ann, "k", FIVE).await;
            assert_eq!(answer.as_ref(), Some(&done), "{instant}");
        }
        assert_eq!(server.caller().balance(&ann).await, Amount::from_whole(5), "{instant}");
        let (status, refusal) =
            top_up(&server.base, &ann, "k", r#"{"ammount": 6}"#).await.expect("an answer");
        assert_eq!(status, 422, "{refusal}");
        assert!(refusal.contains("\"idempotency_mismatch\""), "{refusal}");
    }
}

/// An answer that the store loses behind its commit is found again by the wallet itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_top_up_whose_commit_was_in_doubt_is_made_once() {
    for keyed in [true, false] {
        let mut place = Place::new();
        place.arm(Some("wallet.funds.after_commit:error"));
        let server = place.start().await;
        let caller = server.caller();
        let ann = caller.player("ann").await;
        if keyed {
            let answer = top_up(&server.base, &ann, "k", FIVE).await;
            assert_eq!(answer.expect("an answer").0, 200);
        } else {
            let body = Some(json!({ "ammount": 5 }));
            let answer = caller.call(Method::PUT, BALANCE, Some(&ann), body).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        assert_eq!(caller.balance(&ann).await, Amount::from_whole(5), "keyed: {keyed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_top_ups_under_one_key_are_one() {
    let place = Place::new();
    let server = place.start().await;
    let ann = server.caller().player("ann").await;
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let (base, ann) = (server.base.clone(), ann.clone());
        calls.spawn(async move { top_up(&base, &ann, "k", FIVE).await });
    }
    let mut done = 0;
    for answer in calls.join_all().await {
        let (status, body) = answer.expect("an answer");
        match status {
            200 => done += 1,
            409 => assert!(body.contains("\"idempotency_running\""), "{body}"),
            _ => panic!("{status} {body}"),
        }
    }
    assert!(done > 0);
    assert_eq!(server.caller().balance(&ann).await, Amount::from_whole(5));
    let statement = server.caller().call(Method::GET, TRANSFERS, Some(&ann), None).await;
    assert_eq!(statement.json().as_array().map(Vec::len), Some(1), "{}", statement.text);
}

/// What is no amount, or no body, changes nothing, whatever the key.
#[tokio::test(flavor = "multi_thread")]
async fn nasty_amounts_move_nothing() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "10").await;
    let bearer = format!("Bearer {}", ann.token);
    for (body, code) in [
        (r#"{"ammount": NaN}"#, "malformed"),
        (r#"{"ammount": "NaN"}"#, "invalid_amount"),
        (r#"{"ammount": "Infinity"}"#, "invalid_amount"),
        (r#"{"ammount": 1e5}"#, "invalid_amount"),
        (r#"{"ammount": 0.00001}"#, "too_precise"),
        (r#"{"ammount": "１２"}"#, "invalid_amount"),
        (r#"{"ammount": " 1"}"#, "invalid_amount"),
        (r#"{"ammount": "0x10"}"#, "invalid_amount"),
        (r#"{"ammount": null}"#, "invalid_amount"),
        (r#"{"ammount": [1]}"#, "invalid_amount"),
        (r#"{"ammount": 123456789012345678901234567890}"#, "invalid_amount"),
        (r#"{"ammount": 99999999999.9999}"#, "above_max"),
        (r#"{"ammount": 1, "ammount": 1}"#, "malformed"),
        (r#"{"ammount": 1, "amount": 1}"#, "malformed"),
        ("[1]", "malformed"),
        ("", "malformed"),
    ] {
        for method in [Method::PUT, Method::POST] {
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", "nasty")];
            let answer = caller.send(method, BALANCE, &headers, Some(body.to_owned())).await;
            answer.assert_refused(400, code);
        }
    }
    let take = caller.call(Method::PUT, BALANCE, Some(&ann), Some(json!({ "ammount": -11 }))).await;
    take.assert_refused(409, "insufficient_funds");
    assert_eq!(caller.balance(&ann).await, Amount::from_whole(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_self_service_players_do_not_move_money() {
    let place = Place::with(&[("WAXWING_WALLET__SELF_SERVICE", "false")]);
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.player("ann").await;
    for method in [Method::PUT, Method::POST] {
        let body = Some(json!({ "ammount": 5 }));
        caller.call(method, BALANCE, Some(&ann), body).await.assert_refused(403, "forbidden");
    }
    assert_eq!(caller.balance(&ann).await, Amount::ZERO);
}

/// Another currency than the book's refuses to start, and the log says which is which.
#[tokio::test(flavor = "multi_thread")]
async fn a_book_in_another_currency_refuses_to_start() {
    let place = Place::new();
    drop(place.start().await);
    let place = place.and(&[("WAXWING_WALLET__CURRENCY", "EUR")]);
    let (mut child, log) = place.spawn();
    let status = crate::harness::process::ended(&mut child, Duration::from_secs(20)).await;
    assert!(status.is_some_and(|status| !status.success()), "{status:?}");
    let said = crate::harness::process::read(&log);
    assert!(said.contains("PLAY") && said.contains("EUR"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statement_is_told_as_lines_and_as_a_table() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "10.5").await;
    for ammount in ["-0.0001", "2"] {
        let body = Some(json!({ "ammount": ammount }));
        caller.call(Method::PUT, BALANCE, Some(&ann), body).await;
    }
    let lines = caller.call(Method::GET, TRANSFERS, Some(&ann), None).await.json();
    let first = &lines[0];
    assert_eq!(text(&first["kind"]), "top_up");
    assert_eq!(amount(&lines[1]["amount"]), Amount::from_units(-1));
    let page = format!("{TRANSFERS}?limit=1&after={}", whole(&first["transfer_id"]));
    let page = caller.call(Method::GET, &page, Some(&ann), None).await.json();
    assert_eq!(page, json!([lines[1]]));
    let bearer = format!("Bearer {}", ann.token);
    let headers = [("authorization", bearer.as_str()), ("accept", "text/csv")];
    let table = caller.send(Method::GET, TRANSFERS, &headers, None).await;
    assert_eq!(table.status, 200, "{}", table.text);
    assert!(table.header("content-type").starts_with("text/csv"), "{:?}", table.headers);
    let rows: Vec<&str> = table.text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!(rows[0], "transfer_id,at,kind,amount,balance,lobby_id,round,bet_id");
    assert!(rows[2].ends_with(",take_out,-0.0001,10.4999,,,"), "{}", rows[2]);
}
