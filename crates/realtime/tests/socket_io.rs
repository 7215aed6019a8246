//! Socket.IO over real sockets: both transports, both paths, and every limit.

#[cfg(test)]
#[path = "socket_io/client.rs"]
mod client;
#[cfg(test)]
#[path = "socket_io/game.rs"]
mod game;

use std::time::Duration;

use client::{Polling, Socket};
use game::{Game, lobby, tick};
use kernel::Multiplier;
use protocol::socket_io::ServerEvent;
use realtime::{CloseCode, Config};

const CONNECTED: &str = r#"42["connected",{"message":"WebSocket connection established"}]"#;

#[tokio::test]
async fn a_websocket_connects_joins_bets_and_hears_its_lobby() {
    let game = Game::start(Config::default()).await;
    let mut socket = Socket::open(&game, "/socket.io/", "{}").await;
    assert_eq!(socket.next().await, CONNECTED);
    socket.send(r#"421["joinRoom",{"lobby_id":"4"}]"#).await;
    assert_eq!(socket.next().await, r#"42["Joined room: 4"]"#);
    assert_eq!(socket.next().await, r#"42["joined",{"lobby_id":4,"phase":"open"}]"#);
    assert_eq!(socket.next().await, r#"431["Joined room: 4"]"#);

    socket.send(r#"427["place_bet",{"amount":"10.50","coefficient":"2.50"}]"#).await;
    let bet = r#"{"user_id":7,"amount":10.5,"coefficient":2.5,"#;
    let told = socket.next().await;
    assert!(told.starts_with(&format!(r#"42["bet_placed",{bet}"#)), "{told}");
    let told = socket.next().await;
    assert!(told.starts_with(&format!("437[{bet}")), "{told}");

    game.hub.tell(lobby(4), &tick("1.00"));
    game.hub.tell(lobby(4), &tick("1.10"));
    assert_eq!(socket.next().await, r#"42["coefficient_update",{"coefficient":1}]"#);
    assert_eq!(socket.next().await, r#"42["coefficient_update",{"coefficient":1.1}]"#);
}

#[tokio::test]
async fn long_polling_does_the_same() {
    let game = Game::start(Config::default()).await;
    let mut socket = Polling::open(&game, "/gateway/game/v1/socket.io/").await;
    assert_eq!(socket.next().await, CONNECTED);
    socket.send(r#"420["joinRoom",{"lobby_id":5}]"#).await;
    assert_eq!(socket.next().await, r#"42["Joined room: 5"]"#);
    assert_eq!(socket.next().await, r#"42["joined",{"lobby_id":5,"phase":"open"}]"#);
    assert_eq!(socket.next().await, r#"430["Joined room: 5"]"#);
    game.hub.tell(lobby(5), &tick("1.00"));
    assert_eq!(socket.next().await, r#"42["coefficient_update",{"coefficient":1}]"#);
}

#[tokio::test]
async fn an_engine_io_3_client_is_understood() {
    let game = Game::start(Config::default()).await;
    let mut socket = Socket::open_eio3(&game).await;
    assert_eq!(socket.next().await, CONNECTED);
    socket.send(r#"42["joinRoom",{"lobby_id":4}]"#).await;
    assert_eq!(socket.next().await, r#"42["Joined room: 4"]"#);
}

#[tokio::test]
async fn lobbies_never_mix() {
    let game = Game::start(Config::default()).await;
    let mut ann = Socket::joined(&game, 4).await;
    let mut bob = Socket::joined(&game, 5).await;
    assert_eq!(game.hub.tell(lobby(4), &tick("1.50")), 1);
    assert_eq!(game.hub.tell(lobby(5), &tick("1.60")), 1);
    assert_eq!(ann.next().await, r#"42["coefficient_update",{"coefficient":1.5}]"#);
    assert_eq!(bob.next().await, r#"42["coefficient_update",{"coefficient":1.6}]"#);
    ann.hears_nothing().await;
    bob.hears_nothing().await;
}

#[tokio::test]
async fn the_handshakes_token_counts_and_a_tokens_query_does_not() {
    let game = Game::start(Config::default()).await;
    let mut socket = Socket::open(&game, "/socket.io/", r#"{"token":"secret"}"#).await;
    socket.next().await;
    socket.send(r#"42["withdraw",{}]"#).await;
    let told = socket.next().await;
    assert_eq!(told, r#"42["withdraw_requested",{"user_id":7,"message":"Withdraw requested"}]"#);

    let mut socket = Socket::open(&game, "/socket.io/?token=secret", "").await;
    socket.next().await;
    socket.send(r#"428["withdraw",{}]"#).await;
    let told = socket.next().await;
    assert_eq!(told, r#"42["error",{"message":"Invalid token","code":"unauthenticated"}]"#);
    assert_eq!(socket.next().await, r#"438[{"error":"Invalid token","code":"unauthenticated"}]"#);
}

#[tokio::test]
async fn what_is_no_message_of_ours_is_refused_and_the_socket_stays() {
    let game = Game::start(Config::default()).await;
    let mut socket = Socket::joined(&game, 4).await;
    let long = format!(r#"42["withdraw",{{"token":"{}"}}]"#, "x".repeat(4_100));
    let cases = [
        (r#"42["shout",{}]"#, "unknown_type"),
        (r#"42["joinRoom"]"#, "malformed"),
        (r#"42["joinRoom",[4]]"#, "malformed"),
        (r#"42["joinRoom","4"]"#, "malformed"),
        (r#"42["place_bet",{"amount":-5}]"#, "invalid_amount"),
        (r#"42["place_bet",{"amount":"NaN"}]"#, "invalid_amount"),
        (r#"42["place_bet",{"amount":1e3}]"#, "invalid_amount"),
        (&long, "too_large"),
    ];
    for (message, code) in cases {
        socket.send(message).await;
        let told = socket.next().await;
        assert!(told.starts_with(r#"42["error",{"message":""#), "{told}");
        assert!(told.ends_with(&format!(r#""code":"{code}"}}]"#)), "{message}: {told}");
    }
    socket.send(r#"42["joinRoom",{"lobby_id":4}]"#).await;
    assert_eq!(socket.next().await, r#"42["Joined room: 4"]"#);
}

#[tokio::test]
async fn garbage_ends_the_socket_and_nothing_else() {
    let game = Game::start(Config::default()).await;
    let mut good = Socket::joined(&game, 4).await;
    for garbage in ["42{", "42[", "9", "42[1]", "4é", &"x".repeat(70_000)] {
        let mut bad = Socket::joined(&game, 5).await;
        bad.send(garbage).await;
        bad.ends().await;
    }
    game.hub.tell(lobby(4), &tick("1.50"));
    assert_eq!(good.next().await, r#"42["coefficient_update",{"coefficient":1.5}]"#);
    game.until(|game| game.hub.sessions() == 1).await;
}

#[tokio::test]
async fn whoever_does_not_stop_is_slowed_down_and_then_closed() {
    let limits =
        Config { burst_max: 5, messages_per_second: 1, strikes_max: 10, ..Config::default() };
    let game = Game::start(limits).await;
    let mut socket = Socket::open(&game, "/socket.io/", "{}").await;
    socket.next().await;
    for _ in 0..5 {
        socket.send(r#"42["shout",{}]"#).await;
        assert!(socket.next().await.contains("unknown_type"));
    }
    socket.send(r#"42["shout",{}]"#).await;
    assert!(socket.next().await.contains("rate_limited"));
    socket.send(r#"42["withdraw",{"token":"secret"}]"#).await;
    assert!(socket.next().await.contains("withdraw_requested"), "bets do not starve cash-outs");
    for _ in 0..12 {
        socket.send(r#"42["shout",{}]"#).await;
    }
    socket.hears_a_disconnect().await;
    game.until(|game| game.hub.sessions() == 0).await;
    assert_eq!(game.log(), ["connected", "disconnected"]);
}

#[tokio::test]
async fn a_place_is_needed_and_is_given_back() {
    let limits = Config { sockets_per_address_max: 2, ..Config::default() };
    let game = Game::start(limits).await;
    let first = Socket::joined(&game, 4).await;
    let _second = Socket::joined(&game, 4).await;
    let url = format!("http://{}/socket.io/?EIO=4&transport=polling", game.address);
    let refused = reqwest::get(&url).await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.text().await.unwrap().contains(r#""code":"rate_limited""#));
    drop(first);
    let seated = async {
        while reqwest::get(&url).await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), seated).await.unwrap();
}

#[tokio::test]
async fn whoever_goes_is_gone_and_whoever_is_closed_is_told_why() {
    let game = Game::start(Config::default()).await;
    let leaving = Socket::joined(&game, 4).await;
    drop(leaving);
    game.until(|game| game.hub.sessions() == 0 && game.hub.is_empty(lobby(4))).await;
    game.until(|game| game.log().ends_with(&["disconnected".to_owned()])).await;

    let mut closed = Socket::joined(&game, 4).await;
    game.hub.close_all(CloseCode::Restart);
    let told = closed.next().await;
    assert!(told.contains(r#""code":"draining""#), "{told}");
    assert_eq!(closed.next().await, "41");
    game.until(|game| game.hub.sessions() == 0).await;
    assert_eq!(game.sockets(), 0);
}

#[tokio::test]
async fn a_crowd_hears_everything_in_order() {
    let game = Game::start(Config::default()).await;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(Socket::joined(&game, 4).await);
    }
    for centi in 100..150 {
        let multiplier = Multiplier::from_centi(centi).unwrap();
        game.hub.tell(lobby(4), &ServerEvent::CoefficientUpdate(multiplier.into()));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for socket in &mut crowd {
        for centi in 100..150 {
            let told = socket.next().await;
            let number = Multiplier::from_centi(centi).unwrap().to_string();
            let number = number.trim_end_matches('0').trim_end_matches('.');
            let expected = format!(r#"42["coefficient_update",{{"coefficient":{number}}}]"#);
            assert_eq!(told, expected);
        }
    }
}
