//! Bugs about what is shown: too early, too late, twice, or to the wrong people.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::table::{Table, climbs_to, next};
use crate::harness::numbers::{multiplier, text};

/// Rounds tried until one climbs far enough.
const TRIES: usize = 8;

/// Names of fields that would give a crash point away.
fn betrays(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            let tells =
                ["crash_point", "crashPoint", "seed", "server_seed"].contains(&name.as_str());
            tells && !value.is_null() || betrays(value)
        }),
        Value::Array(values) => values.iter().any(betrays),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_crash_point_is_shown_before_the_crash() {
    let table = Table::new().await;
    let mut socket = table.socket().await;
    let lobby = format!("/gateway/game/v1/lobby/{}", table.lobby);
    for _ in 0..TRIES {
        let placed = table.bet(&socket, &table.ann, json!({ "coefficient": "1.39" })).await;
        assert!(!betrays(&table.record(&placed["round"]).await), "while bets are open");
        let mut looked = false;
        loop {
            let event = next(&mut socket).await;
            if event.name == "crashed" {
                break;
            }
            // A late joiner's picture lists the rounds before, with theirs.
            let earlier = event.name == "joined";
            assert!(earlier || !betrays(&event.data), "{event:?}");
            if event.name == "coefficient_update" && !looked {
                looked = true;
                let record = table.record(&placed["round"]).await;
                let over = ["crashed", "settled"].contains(&text(&record["state"]));
                assert!(over || !betrays(&record), "{record}");
                let rounds = table.caller.get(&format!("{lobby}/rounds")).await.json();
                let line = rounds.as_array().unwrap().iter();
                let line = line.clone().find(|line| line["round"] == placed["round"]);
                let over = line.is_some_and(|line| line["state"] != "running");
                assert!(over || !line.is_some_and(betrays), "{line:?}");
            }
        }
        if looked {
            return;
        }
    }
    panic!("no round climbed");
}

#[tokio::test(flavor = "multi_thread")]
async fn others_targets_are_hidden_until_the_crash() {
    let table = Table::new().await;
    let mut socket = table.socket().await;
    let bob = table.caller.rich_player("bob", "100").await;
    let theirs = table.socket().await;
    for _ in 0..TRIES {
        let placed = table.bet(&theirs, &bob, json!({ "coefficient": "1.39" })).await;
        loop {
            let event = next(&mut socket).await;
            if event.name == "crashed" {
                break;
            }
            assert!(!event.data.to_string().contains("1.39"), "{event:?}");
            if event.name == "coefficient_update" {
                let record = table.record(&placed["round"]).await;
                let over = !["running", "locked"].contains(&text(&record["state"]));
                assert!(over || record["bets"][0].get("auto_cash_out").is_none(), "{record}");
                return;
            }
        }
    }
    panic!("no round climbed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_joiner_sees_the_climb_and_not_one() {
    let table = Table::new().await;
    let mut socket = table.socket().await;
    for _ in 0..TRIES {
        table.bet(&socket, &table.ann, json!({ "amount": "1" })).await;
        if !climbs_to(&mut socket, 110).await {
            continue;
        }
        let mut late = table.socket().await;
        let event = loop {
            let event = next(&mut late).await;
            if ["coefficient_update", "crashed"].contains(&event.name.as_str()) {
                break event;
            }
        };
        assert!(multiplier(&event.data["coefficient"]).centi() >= 110, "{event:?}");
        return;
    }
    panic!("no climb reached 1.10x");
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_twice_is_joining_once() {
    let table = Table::new().await;
    let mut socket = table.socket().await;
    let again = socket.call("joinRoom", json!({ "lobby_id": table.lobby })).await.unwrap();
    assert_eq!(again, json!(format!("Joined room: {}", table.lobby)));
    let placed = table.bet(&socket, &table.ann, json!({ "coefficient": "1.01" })).await;
    let (mut told, mut results) = (0, 0);
    loop {
        let event = next(&mut socket).await;
        told += usize::from(event.name == "bet_placed");
        results += usize::from(event.name == "bet_result");
        if event.name == "crashed" {
            break;
        }
    }
    // What is late comes now; nothing comes twice.
    while let Some(event) = socket.event(Duration::from_millis(300)).await.unwrap() {
        let mine = event.data["bet_id"] == placed["bet_id"];
        results += usize::from(event.name == "bet_result" && mine);
        assert_ne!(event.name, "crashed", "told twice");
    }
    assert_eq!((told, results), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_services() {
    let table = Table::new().await;
    let body =
        json!({ "name": "game", "host": "127.0.0.1", "port": 1, "url": "http://127.0.0.1:1" });
    for path in [
        "/register",
        "/gateway/register",
        "/gateway/services",
        "/gateway/game/v1/register",
        "/service-registry/register",
        "/discovery/services",
    ] {
        let answer = table.caller.call(Method::POST, path, None, Some(body.clone())).await;
        assert!([404, 405].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
    }
    let status = table.caller.get("/gateway/status").await;
    assert_eq!(status.status, 200, "{}", status.text);
    assert!(!status.text.contains("127.0.0.1"), "{}", status.text);
}
