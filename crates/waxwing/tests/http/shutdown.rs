//! SIGTERM: the server finishes what players have staked on, and always ends in bounded time.

use std::time::Duration;

use serde_json::json;

use crate::harness::databases::Books;
use crate::harness::time::now;
use crate::harness::{Place, Player, Server};
use crate::load::socket_io::Socket;

/// A process without open bets ends within this.
const LIMIT: Duration = Duration::from_secs(20);

/// Ann has staked 10 on the next round of Main.
async fn ann_has_bet(server: &Server, target: Option<&str>) -> (Player, Socket) {
    let ann = server.caller().rich_player("ann", "100").await;
    let socket = Socket::join(&server.base, 1).await.unwrap();
    loop {
        let bet = json!({ "token": ann.token, "amount": "10", "coefficient": target });
        let answer = socket.call("place_bet", bet).await.unwrap();
        if answer["error"].is_null() {
            return (ann, socket);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// After the end: the one bet and its money have ended as `states` allow.
fn assert_ended(place: &Place, states: &[&str]) {
    let books = Books::read(&place.data());
    books.assert_sound();
    assert_eq!(books.bets.len(), 1, "{:?}", books.bets);
    assert!(states.contains(&books.bets[0].state.as_str()), "{:?}", books.bets);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_server_ends_by_itself_and_starts_again() {
    let place = Place::new();
    let server = place.start().await;
    let ann = server.caller().rich_player("ann", "12.34").await;
    let _idle = Socket::join(&server.base, 1).await.unwrap();
    let asked_at = now();
    let status = server.terminate(LIMIT).await.expect("it ends in bounded time");
    assert!(status.success(), "{status}");
    println!("ended {:?} after SIGTERM", asked_at.elapsed());
    let server = place.start().await;
    let balance = server.caller().balance(&ann).await;
    assert_eq!(balance.to_string(), "12.34", "tokens and money outlive it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_with_a_bet_is_finished_first() {
    let place = Place::fast();
    let server = place.start().await;
    let (_ann, mut socket) = ann_has_bet(&server, Some("1.01")).await;
    server.signal();
    let result = socket.until("bet_result").await.expect("it is told before the server ends");
    assert!(["win", "lost"].contains(&result["result"].as_str().unwrap()), "{result}");
    // The climb goes on after the auto cash-out, rarely for long.
    let status = server.wait(Duration::from_mins(3)).await.expect("it ends in bounded time");
    assert!(status.success(), "{status}");
    assert_ended(&place, &["cashed_out", "lost"]);
    let reserved = Books::read(&place.data()).holds.iter().any(|hold| hold.state == "reserved");
    assert!(!reserved, "the wallet was told before the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_interrupts_at_once() {
    let place = Place::with(crate::harness::settings::BRISK);
    let server = place.start().await;
    let (_ann, mut socket) = ann_has_bet(&server, None).await;
    socket.until("coefficient_update").await.unwrap();
    server.signal();
    let asked_at = now();
    let status = server.terminate(LIMIT).await.expect("it ends at once");
    assert!(status.success(), "{status}");
    println!("ended {:?} after the second SIGTERM", asked_at.elapsed());
    assert_ended(&place, &["cashed_out", "lost", "released"]);
    let server = place.start().await;
    assert_eq!(server.caller().get("/gateway/status").await.status, 200);
}
