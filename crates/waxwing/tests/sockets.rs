//! The original's events as sockets see them: what is told, what is refused and in which words,
//! and what no client can bring about.

use std::time::Duration;

use kernel::Amount;
use serde_json::{Value, json};

use crate::harness::numbers::{amount, multiplier, stake, text, whole};
use crate::harness::settings::BRISK;
use crate::harness::{Caller, Place, Player, Server};
use crate::load::socket_io::{Event, Socket};

/// The acknowledgement is a refusal in these words.
fn assert_refused(answer: &Value, sentence: &str, code: &str) {
    let said = (answer["error"].as_str(), answer["code"].as_str());
    assert_eq!(said, (Some(sentence), Some(code)), "{answer}");
}

/// Asks until a bet is taken; the acknowledgement.
async fn bet_until_taken(socket: &Socket, bet: Value) -> Value {
    let asked_at = crate::harness::time::now();
    loop {
        let answer = socket.call("place_bet", bet.clone()).await.unwrap();
        if answer["error"].is_null() {
            return answer;
        }
        assert_eq!(text(&answer["code"]), "betting_closed", "{answer}");
        assert!(asked_at.elapsed() < Duration::from_mins(3), "no round opens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A server with short countdowns, and Ann with 100.
async fn ann_at_the_table(place: &Place) -> (Server, Caller, Player) {
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "100").await;
    (server, caller, ann)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_greeted_and_joins_at_either_path() {
    let place = Place::new();
    let server = place.start().await;
    for path in ["/socket.io/?", "/gateway/game/v1/socket.io/?"] {
        let mut socket = Socket::connect_at(&server.base, path, None).await.unwrap();
        let first = socket.event(Duration::from_secs(10)).await.unwrap().expect("a greeting");
        assert_eq!(first.name, "connected");
        assert_eq!(first.data, json!({ "message": "WebSocket connection established" }));
        let answer = socket.call("joinRoom", json!({ "lobby_id": "1" })).await.unwrap();
        assert_eq!(answer, json!("Joined room: 1"));
        assert_eq!(socket.until("Joined room: 1").await.unwrap(), Value::Null);
        assert_eq!(whole(&socket.until("joined").await.unwrap()["lobby_id"]), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_in_the_originals_words() {
    let place = Place::new();
    let (server, caller, ann) = ann_at_the_table(&place).await;
    let lobby = caller.lobby(&ann, json!({})).await;
    let mut socket = Socket::connect(&server.base).await.unwrap();
    let unknown = socket.call("joinRoom", json!({ "lobby_id": 999_999 })).await.unwrap();
    assert_refused(&unknown, "Lobby does not exist", "unknown_lobby");
    let event = socket.until("error").await.unwrap();
    assert_eq!(text(&event["message"]), "Lobby does not exist");
    assert_eq!(text(&event["code"]), "unknown_lobby");

    for token in [json!("garbage"), Value::Null, json!(7)] {
        let bet = json!({ "token": token, "lobby_id": lobby, "amount": 1 });
        let answer = socket.call("place_bet", bet).await.unwrap();
        assert_refused(&answer, "Invalid token", "unauthenticated");
    }
    let withdraw = json!({ "token": ann.token, "lobby_id": lobby });
    let answer = socket.call("withdraw", withdraw).await.unwrap();
    assert_refused(&answer, "No active bet found to withdraw", "no_open_bet");
    let bet = json!({ "token": ann.token, "lobby_id": 999_999, "amount": 1 });
    let answer = socket.call("place_bet", bet).await.unwrap();
    assert_refused(&answer, "Lobby does not exist", "unknown_lobby");
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_that_are_no_stake_are_refused_and_move_nothing() {
    let place = Place::new();
    let (server, caller, ann) = ann_at_the_table(&place).await;
    let lobby = caller.lobby(&ann, json!({})).await;
    let socket = Socket::join(&server.base, lobby).await.unwrap();
    for amount in [
        "-5",
        "\"-5\"",
        "0",
        "\"0\"",
        "\"NaN\"",
        "\"Infinity\"",
        "1e3",
        "\"1e3\"",
        "0.001",
        "\"0.001\"",
        "\"\"",
        "null",
        "[]",
        "{}",
        "true",
        "\"0x10\"",
        "1000000",
    ] {
        let amount: Value = serde_json::from_str(amount).unwrap();
        let bet = json!({ "token": ann.token, "lobby_id": lobby, "amount": amount });
        let answer = socket.call("place_bet", bet).await.unwrap();
        assert!(answer["error"].is_string(), "{amount} was taken: {answer}");
    }
    for target in ["1", "1.00", "-2", "NaN", "1.005", "0"] {
        let bet = json!({
            "token": ann.token, "lobby_id": lobby, "amount": "1", "coefficient": target,
        });
        let answer = socket.call("place_bet", bet).await.unwrap();
        assert!(answer["error"].is_string(), "{target} was taken: {answer}");
    }
    assert_eq!(caller.balance(&ann).await, Amount::from_whole(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_just_made_takes_bets_at_once() {
    let place = Place::new();
    let (server, caller, ann) = ann_at_the_table(&place).await;
    let socket = Socket::connect(&server.base).await.unwrap();
    for _ in 0..5 {
        let lobby = caller.lobby(&ann, json!({})).await;
        let bet = json!({ "token": ann.token, "lobby_id": lobby, "amount": "1" });
        let placed = socket.call("place_bet", bet).await.unwrap();
        assert!(placed["error"].is_null(), "{placed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_user_id_is_not_believed() {
    let place = Place::new();
    let (server, caller, ann) = ann_at_the_table(&place).await;
    let bob = caller.rich_player("bob", "100").await;
    let lobby = caller.lobby(&ann, json!({})).await;
    let socket = Socket::join(&server.base, lobby).await.unwrap();
    let bet = json!({
        "token": ann.token, "user_id": bob.id, "lobby_id": lobby.to_string(), "amount": "7.50",
    });
    let placed = bet_until_taken(&socket, bet).await;
    assert_eq!(whole(&placed["user_id"]), ann.id, "{placed}");
    assert_eq!(stake(&placed["amount"]).to_string(), "7.5");
    assert_eq!(caller.balance(&ann).await.to_string(), "92.5");
    assert_eq!(caller.balance(&bob).await.to_string(), "100");
    let withdraw = json!({ "token": bob.token, "lobby_id": lobby, "bet_id": placed["bet_id"] });
    let answer = socket.call("withdraw", withdraw).await.unwrap();
    assert_refused(&answer, "No active bet found to withdraw", "no_open_bet");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_comes_in_the_handshake_or_not_at_all() {
    let place = Place::new();
    let (server, caller, ann) = ann_at_the_table(&place).await;
    let lobby = caller.lobby(&ann, json!({})).await;
    let auth = Some(json!({ "token": ann.token }));
    let socket = Socket::connect_at(&server.base, "/socket.io/?", auth).await.unwrap();
    let bet = json!({ "lobby_id": lobby, "amount": 1 });
    let placed = bet_until_taken(&socket, bet.clone()).await;
    assert_eq!(whole(&placed["user_id"]), ann.id, "{placed}");

    let path = format!("/socket.io/?token={}&", ann.token);
    let socket = Socket::connect_at(&server.base, &path, None).await.unwrap();
    let answer = socket.call("place_bet", bet).await.unwrap();
    assert_refused(&answer, "Invalid token", "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cash_out_pays_the_servers_multiplier_to_the_unit() {
    let place = Place::with(BRISK);
    let (server, caller, ann) = ann_at_the_table(&place).await;
    let mut socket = Socket::join(&server.base, 1).await.unwrap();
    // A round in a hundred crashes before anybody can win.
    for _ in 0..5 {
        let before = caller.balance(&ann).await;
        let bet = json!({ "token": ann.token, "lobby_id": 1, "amount": "3.33" });
        let placed = bet_until_taken(&socket, bet).await;
        let withdraw = json!({ "token": ann.token, "coefficient": 999, "amount": 999 });
        let result = loop {
            let event = socket.event(Duration::from_secs(30)).await.unwrap().expect("events");
            if event.name == "bet_result" {
                break event.data;
            }
            let climbs = event.name == "coefficient_update";
            if climbs && multiplier(&event.data["coefficient"]).centi() >= 103 {
                socket.call("withdraw", withdraw.clone()).await.unwrap();
            }
        };
        assert_eq!(result["bet_id"], placed["bet_id"]);
        if result["result"] == "lost" {
            assert_eq!(before - stake(&placed["amount"]).amount(), caller.balance(&ann).await);
            continue;
        }
        let (at, paid) = (multiplier(&result["coefficient"]), amount(&result["payout"]));
        assert!(at.centi() < 500, "{result}");
        let staked = stake(&placed["amount"]);
        assert_eq!(paid, staked.payout_at(at), "{result}");
        let expected = before - staked.amount() + paid;
        let what = "the payout to be in the balance";
        crate::harness::time::eventually(what, Duration::from_secs(10), || async {
            (caller.balance(&ann).await == expected).then_some(())
        })
        .await;
        return;
    }
    panic!("five rounds in a row crashed below 1.03");
}

#[tokio::test(flavor = "multi_thread")]
async fn bets_are_refused_while_the_multiplier_climbs() {
    let place = Place::with(BRISK);
    let (server, caller, ann) = ann_at_the_table(&place).await;
    let mut socket = Socket::join(&server.base, 1).await.unwrap();
    socket.until("coefficient_update").await.unwrap();
    let bet = json!({ "token": ann.token, "amount": 1 });
    let answer = socket.call("place_bet", bet).await.unwrap();
    let sentence = "Cannot place a bet. The game is already in progress.";
    assert_refused(&answer, sentence, "betting_closed");
    assert_eq!(caller.balance(&ann).await, Amount::from_whole(100));
}

/// Every event until one named `last`, that one included.
async fn events_until(socket: &mut Socket, last: &str) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = socket.event(Duration::from_mins(3)).await.unwrap();
        let event = event.unwrap_or_else(|| panic!("no {last} came"));
        let found = event.name == last;
        events.push(event);
        if found {
            return events;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spectator_sees_the_climb_and_no_other_room_does() {
    let place = Place::with(BRISK);
    let (server, caller, ann) = ann_at_the_table(&place).await;
    let (busy, quiet) = (caller.lobby(&ann, json!({})).await, caller.lobby(&ann, json!({})).await);
    let mut spectator = Socket::join(&server.base, busy).await.unwrap();
    let mut elsewhere = Socket::join(&server.base, quiet).await.unwrap();
    let player = Socket::join(&server.base, busy).await.unwrap();
    let mut crash = Event { name: String::new(), data: Value::Null };
    for _ in 0..3 {
        let bet = json!({ "token": ann.token, "amount": "1.00" });
        bet_until_taken(&player, bet).await;
        let events = events_until(&mut spectator, "crashed").await;
        let climb: Vec<_> = events
            .iter()
            .filter(|event| event.name == "coefficient_update")
            .map(|event| multiplier(&event.data["coefficient"]).centi())
            .collect();
        assert!(climb.is_sorted(), "{climb:?}");
        assert!(events.iter().all(|event| event.name != "bet_result"), "of another player");
        let started = events.iter().any(|event| event.name == "round_started");
        assert!(started, "{events:?}");
        crash = events.last().unwrap().clone();
        let end = multiplier(&crash.data["coefficient"]).centi();
        assert!(climb.iter().all(|step| *step <= end), "{climb:?} {end}");
        if climb.len() > 2 {
            assert_eq!(climb[0], 100, "it climbs from 1.00");
            break;
        }
    }
    assert_eq!(whole(&crash.data["lobby_id"]), busy);
    while let Some(event) = elsewhere.event(Duration::from_millis(300)).await.unwrap() {
        let own = event.data.get("lobby_id").is_none_or(|lobby| whole(lobby) == quiet);
        assert!(own && event.name != "coefficient_update", "{event:?} in another room");
    }
}
