//! How many sockets one player may have, of both kinds together.

use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};

use crate::Config;
use crate::testing::{Client, Gateway, player};

const HOUR: i64 = 3_600;

fn gateway_for_two() -> Gateway {
    let mut config = Config::default();
    config.sockets.sockets_per_player_max = 2;
    Gateway::with_config(config, Router::new(), Router::new())
}

/// A Socket.IO client that shows the token of player 7 and joins.
async fn joined(gateway: &Gateway) -> Client {
    let auth = Some(json!({ "token": gateway.token(7, HOUR) }));
    let mut client = Client::connect(&gateway.router, auth).await;
    client.emit(0, "joinRoom", json!({ "lobby_id": 4 })).await;
    client.until("ack").await;
    client
}

fn bet(gateway: &Gateway) -> Value {
    json!({ "token": gateway.token(7, HOUR), "lobby_id": 4, "amount": 1 })
}

#[tokio::test]
async fn one_socket_more_than_a_player_may_have_is_told_so_and_closed() {
    let gateway = gateway_for_two();
    let (_plain, _) = gateway.plain_player().await;
    let _socket_io = joined(&gateway).await;
    assert_eq!(gateway.hub.sessions_of(player(7)).len(), 2);

    let mut third = gateway.plain().await;
    third.ask("join", json!({ "lobby_id": 4 })).await;
    third.event("snapshot").await;
    let token = json!({ "token": gateway.token(7, HOUR) });
    let refused = third.ask("authenticate", token.clone()).await;
    let (code, detail) = ("rate_limited", "Too many connections");
    assert_eq!(refused, json!({ "type": "refused", "id": 2, "code": code, "detail": detail }));
    assert_eq!(third.close_code().await, 4100);

    let mut fourth = Client::connect(&gateway.router, Some(token)).await;
    assert_eq!(fourth.data("error").await["code"], code);
    let mut fifth = Client::connect(&gateway.router, None).await;
    fifth.emit(1, "place_bet", bet(&gateway)).await;
    assert_eq!(fifth.data("error").await["code"], code);
    assert!(gateway.play.bets().is_empty());
    let text = gateway.registry.encode().unwrap();
    let counted = r#"waxwing_realtime_connections_refused_total{reason="player"} 3"#;
    assert!(text.contains(counted), "{text}");

    let mut bob = gateway.plain().await;
    let token = json!({ "token": gateway.token(8, HOUR) });
    assert_eq!(bob.ask("authenticate", token).await["user_id"], 8);
}

#[tokio::test]
async fn a_cash_out_is_taken_from_one_socket_too_many() {
    let gateway = gateway_for_two();
    let (_first, _) = gateway.plain_player().await;
    let (_second, _) = gateway.plain_player().await;
    let mut third = Client::connect(&gateway.router, None).await;
    third.emit(1, "withdraw", bet(&gateway)).await;
    assert_eq!(third.data("withdraw_requested").await["user_id"], 7);
    assert_eq!(gateway.play.cash_outs()[0].player, player(7));
    assert_eq!(gateway.hub.sessions_of(player(7)).len(), 2);
}

#[tokio::test]
async fn a_socket_that_closes_makes_room() {
    let gateway = gateway_for_two();
    let (first, _) = gateway.plain_player().await;
    let second = joined(&gateway).await;
    first.leave().await;
    second.leave().await;
    let emptied = async {
        while !gateway.hub.sessions_of(player(7)).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), emptied).await.expect("both are gone");
    let (_third, _) = gateway.plain_player().await;
    let _fourth = joined(&gateway).await;
    assert_eq!(gateway.hub.sessions_of(player(7)).len(), 2);
}
