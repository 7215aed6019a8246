//! What sockets hear of a lobby, over a bus of memory.

use std::sync::Arc;
use std::time::Duration;

use kernel::LobbyId;
use platform::clock::Stopwatch;
use protocol::lobby::CurveName;
use protocol::picture::{Crashed, Picture, PictureEvent, RoundStarted, Tick};
use protocol::rounds::Phase;
use protocol::wire::WireLobbyId;
use serde_json::{Value, json};

use crate::testing::{Client, Gateway, PlainClient, multiplier, snapshot};

fn started() -> PictureEvent {
    PictureEvent::RoundStarted(RoundStarted { elapsed_ms: 0, curve: CurveName::Exponential })
}

fn tick(elapsed_ms: u64, centi: u32) -> PictureEvent {
    let multiplier = multiplier(centi);
    PictureEvent::Tick(Tick { elapsed_ms, multiplier, cash_outs: vec![] })
}

fn crashed(centi: u32) -> PictureEvent {
    let (crash_point, multiplier) = (multiplier(centi), multiplier(centi));
    PictureEvent::Crashed(Crashed { crash_point, multiplier, elapsed_ms: 3_000 })
}

#[tokio::test]
async fn joining_tells_the_room_then_the_lobby_then_the_callback() {
    let gateway = Gateway::new();
    let mut client = Client::connect(&gateway.router, None).await;
    client.emit(7, "joinRoom", json!({ "lobby_id": "4" })).await;
    assert_eq!(client.next().await, ("Joined room: 4".to_owned(), json!(null)));
    let (name, joined) = client.next().await;
    assert_eq!((name.as_str(), &joined["lobby_id"]), ("joined", &json!(4)));
    assert_eq!((&joined["phase"], &joined["round"]), (&json!("open"), &json!(3)));
    assert_eq!(client.next().await, ("ack".to_owned(), json!("Joined room: 4")));
}

#[tokio::test]
async fn a_lobby_that_nobody_has_is_refused_and_costs_no_feed() {
    let gateway = Gateway::new();
    let mut client = Client::connect(&gateway.router, None).await;
    for lobby in [json!("5"), json!("abc"), json!(0)] {
        client.emit(1, "joinRoom", json!({ "lobby_id": lobby })).await;
        let error = client.data("error").await;
        assert_eq!(error, json!({ "message": "Lobby does not exist", "code": "unknown_lobby" }));
        let refused = json!({ "error": "Lobby does not exist", "code": "unknown_lobby" });
        assert_eq!(client.data("ack").await, refused);
    }
    assert!(gateway.registry.encode().unwrap().contains("waxwing_gateway_feeds 0"));
}

#[tokio::test]
async fn a_round_reaches_everyone_in_the_lobby() {
    let gateway = Gateway::new();
    let (mut ann, mut bob) = (gateway.listener().await, gateway.listener().await);
    gateway.publish(10, started());
    gateway.publish(11, tick(50, 100));
    gateway.publish(12, tick(200, 123));
    gateway.publish(13, crashed(150));
    for client in [&mut ann, &mut bob] {
        let heard = client.until("crashed").await;
        let names: Vec<_> = heard.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.first(), Some(&"round_started"));
        assert_eq!(names.last(), Some(&"crashed"));
        assert_eq!(heard[0].1, json!({ "lobby_id": 4, "round": 3 }));
        assert_eq!(heard[1].1, json!({ "coefficient": 1 }));
        let last = heard.last().unwrap();
        assert_eq!(last.1.to_string(), r#"{"lobby_id":4,"round":3,"coefficient":1.5}"#);
    }
}

#[tokio::test]
async fn lobbies_never_mix() {
    let gateway = Gateway::new();
    let mut client = gateway.listener().await;
    let elsewhere = LobbyId::new(5).unwrap();
    let lobby_id = WireLobbyId(elsewhere);
    let event = crashed(200);
    let picture = Picture { to: None, lobby_id, epoch: 1, seq: 10, round: 3, event };
    gateway.publish_picture(&picture);
    assert!(client.is_quiet().await);
}

#[tokio::test]
async fn a_lost_picture_is_repaired_before_anyone_sees_the_gap() {
    let gateway = Gateway::new();
    let mut client = gateway.listener().await;
    let mut now = snapshot(Phase::Running);
    (now.seq, now.multiplier) = (14, Some(multiplier(131)));
    gateway.play.show(now);
    gateway.publish(14, tick(4_500, 131));
    gateway.publish(15, tick(4_550, 132));
    let first = client.next().await;
    assert_eq!(first.0, "round_started");
    let mut last = json!(null);
    while last != json!({ "coefficient": multiplier(132) }) {
        last = client.data("coefficient_update").await;
    }
}

#[tokio::test]
async fn a_result_reaches_its_player_alone() {
    let gateway = Gateway::new();
    let auth = Some(json!({ "token": gateway.token(7, 60) }));
    let mut ann = Client::connect(&gateway.router, auth).await;
    ann.emit(0, "joinRoom", json!({ "lobby_id": 4 })).await;
    ann.until("ack").await;
    let mut bob = gateway.listener().await;
    gateway.publish_lost_bet(7);
    let told = ann.data("bet_result").await;
    assert_eq!(told["result"], "lost");
    assert_eq!((&told["user_id"], &told["round"]), (&json!(7), &json!(3)));
    assert!(bob.is_quiet().await);
}

#[tokio::test]
async fn a_feed_ends_when_nobody_is_there() {
    let gateway = Gateway::new();
    let feeds = |count: u32| format!("waxwing_gateway_feeds {count}\n");
    let client = gateway.listener().await;
    assert!(gateway.registry.encode().unwrap().contains(&feeds(1)));
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert!(gateway.registry.encode().unwrap().contains(&feeds(1)), "somebody is there");
    client.leave().await;
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert!(gateway.registry.encode().unwrap().contains(&feeds(0)));
    assert!(gateway.hub.is_empty(crate::testing::lobby(4)));
    let _keep = Arc::clone(&gateway.play);
}

/// The numbers of the next `count` events.
async fn numbers(client: &mut PlainClient, count: usize) -> Vec<(String, u64)> {
    let mut numbers = Vec::new();
    for _ in 0..count {
        let event: Value = serde_json::from_str(&client.event_text().await).unwrap();
        let kind = event["type"].as_str().unwrap().to_owned();
        numbers.push((kind, event["seq"].as_u64().unwrap()));
    }
    numbers
}

fn numbered(kind: &str, seq: u64) -> (String, u64) {
    (kind.to_owned(), seq)
}

#[tokio::test]
async fn who_joins_on_an_older_snapshot_is_told_what_came_since() {
    let gateway = Gateway::new();
    let (mut first, _) = gateway.plain_player().await;
    gateway.publish(10, started());
    gateway.publish(11, tick(1_000, 106));
    let told = [numbered("round_started", 10), numbered("tick", 11)];
    assert_eq!(numbers(&mut first, 2).await, told);
    // The owner's snapshot stands at 9 still.
    let (mut late, snapshot) = gateway.plain_player().await;
    assert_eq!(snapshot["seq"], 9);
    assert_eq!(numbers(&mut late, 2).await, told);
    gateway.publish(12, crashed(110));
    for client in [&mut first, &mut late] {
        assert_eq!(numbers(client, 1).await, [numbered("crashed", 12)]);
    }
}

#[tokio::test]
async fn who_joins_on_a_newer_snapshot_hears_nothing_twice() {
    let gateway = Gateway::new();
    let (mut first, _) = gateway.plain_player().await;
    let mut newer = snapshot(Phase::Running);
    (newer.seq, newer.elapsed_ms, newer.multiplier) = (11, Some(1_000), Some(multiplier(106)));
    gateway.play.show(newer);
    let joins = gateway.plain_player();
    let pictures_follow = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        gateway.publish(10, started());
        gateway.publish(11, tick(1_000, 106));
    };
    let ((mut late, snapshot), ()) = tokio::join!(joins, pictures_follow);
    assert_eq!(snapshot["seq"], 11);
    gateway.publish(12, crashed(110));
    assert_eq!(numbers(&mut late, 1).await, [numbered("crashed", 12)]);
    let told = [numbered("round_started", 10), numbered("tick", 11), numbered("crashed", 12)];
    assert_eq!(numbers(&mut first, 3).await, told);
}

#[tokio::test]
async fn a_snapshot_whose_pictures_never_come_is_everyones() {
    let gateway = Gateway::new();
    let (mut first, _) = gateway.plain_player().await;
    let mut newer = snapshot(Phase::Running);
    (newer.seq, newer.elapsed_ms, newer.multiplier) = (11, Some(1_000), Some(multiplier(106)));
    gateway.play.show(newer);
    let (mut late, snapshot) = gateway.plain_player().await;
    assert_eq!(snapshot["seq"], 11);
    assert_eq!(numbers(&mut first, 1).await, [numbered("snapshot", 11)]);
    gateway.publish(12, crashed(110));
    for client in [&mut first, &mut late] {
        assert_eq!(numbers(client, 1).await, [numbered("crashed", 12)]);
    }
}

#[tokio::test]
async fn who_only_watches_visits_the_lobby_now_and_then() {
    let config = crate::Config { feed_visit_ms: 100, ..crate::Config::default() };
    let gateway = Gateway::with_config(config, axum::Router::new(), axum::Router::new());
    let _watching = gateway.listener().await;
    let (before, watch) = (gateway.play.lookers().len(), Stopwatch::start());
    // Never so quiet that the owner has to be asked.
    for seq in 10..40 {
        gateway.publish(seq, tick(seq * 100, 101));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let looks = gateway.play.lookers().len() - before;
    // A busy machine sleeps for longer than it is asked to.
    let (looks, tenths) = (f64::from(u32::try_from(looks).unwrap()), watch.seconds() * 10.0);
    assert!((2.0..=tenths + 1.0).contains(&looks), "{looks} looks in {tenths} tenths of a second");
}

/// The record of round 3: player 7 has lost bet 1.
fn record() -> axum::Router {
    let lost = json!({
        "user_id": 7, "name": "ann", "bet_id": "01010101-0101-0101-0101-010101010101",
        "stake": 0.01, "state": "lost",
    });
    let record = json!({ "state": "settled", "round": 3, "bets": [lost] });
    let answer = move || async { axum::Json(record) };
    axum::Router::new().route("/game/v1/lobby/4/rounds/3", axum::routing::get(answer))
}

#[tokio::test]
async fn a_result_that_the_bus_lost_is_read_from_the_record_and_told_once() {
    let gateway = Gateway::with_roles(axum::Router::new(), record());
    let (mut ann, _) = gateway.plain_player().await;
    let mut over = snapshot(Phase::Settled);
    over.crash_point = Some(multiplier(150));
    gateway.play.show(over);
    // The listener has no turn before the bus has lost the first of these.
    gateway.publish_lost_bet(7);
    for other in 1_000..6_000 {
        gateway.publish_lost_bet(other);
    }
    let told = ann.event("bet_result").await;
    assert_eq!(
        (&told["result"], &told["round"], &told["user_id"]),
        (&json!("lost"), &json!(3), &json!(7))
    );
    // Late, or once more: it was told.
    gateway.publish_lost_bet(7);
    gateway.publish(10, started());
    let next: Value = serde_json::from_str(&ann.event_text().await).unwrap();
    assert_eq!(next["type"], "round_started", "{next}");
}

#[tokio::test]
async fn a_result_that_got_lost_with_all_else_is_told_once_the_owner_was_asked() {
    let config = crate::Config { feed_quiet_ms: 100, ..crate::Config::default() };
    let gateway = Gateway::with_config(config, axum::Router::new(), record());
    let (mut ann, _) = gateway.plain_player().await;
    let mut over = snapshot(Phase::Settled);
    (over.seq, over.crash_point) = (20, Some(multiplier(150)));
    gateway.play.show(over);
    let told = ann.event("bet_result").await;
    assert_eq!((&told["result"], &told["round"]), (&json!("lost"), &json!(3)));
}
