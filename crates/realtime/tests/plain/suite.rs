//! `waxwing.v1` over real sockets: what it serves, what it refuses, and how it ends.

#[path = "client.rs"]
mod client;
#[path = "crowds.rs"]
mod crowds;
#[path = "game.rs"]
mod game;

use std::time::Duration;

use client::{Raw, Socket, frame};
use game::Game;
use kernel::PlayerId;
use realtime::{CloseCode, Config, Importance};
use tokio_tungstenite::tungstenite::Message;

const PING: &str = r#"{"type":"ping","id":5}"#;
const PONG: &str = r#"{"type":"reply","id":5}"#;
const AUTHENTICATE: &str = r#"{"type":"authenticate","id":2,"token":"secret"}"#;

fn bet(id: u64) -> String {
    let bet_id = "0190a6f2-7c11-7d3e-8f3a-5b2c9d1e4f60";
    format!(
        r#"{{"type":"place_bet","id":{id},"lobby_id":4,"round":1,"bet_id":"{bet_id}","stake":1}}"#
    )
}

fn cash_out(id: u64) -> String {
    format!(r#"{{"type":"cash_out","id":{id},"lobby_id":4,"round":1}}"#)
}

#[tokio::test]
async fn a_foreign_client_joins_plays_and_hears_its_lobby_alone() {
    let game = Game::start(Config::default()).await;
    let mut ann = Socket::joined(game.address, 4).await;
    let mut bob = Socket::joined(game.address, 5).await;
    ann.send(AUTHENTICATE).await;
    assert_eq!(ann.next().await, r#"{"type":"reply","id":2}"#);
    assert_eq!(game.tell(4, r#"{"type":"tick"}"#, Importance::Tick), 1);
    assert_eq!(ann.next().await, r#"{"type":"tick"}"#);
    bob.hears_nothing().await;
    ann.send(r#"{"type":"leave","id":3}"#).await;
    assert_eq!(ann.next().await, r#"{"type":"reply","id":3}"#);
    assert_eq!(game.tell(4, r#"{"type":"tick"}"#, Importance::Tick), 0);
    assert_eq!(game.metric(r#"sockets{dialect="plain"}"#), 2);
    ann.send_any(Message::Close(None)).await;
    drop(bob);
    game.until(|game| game.hub.sessions() == 0).await;
    assert_eq!(game.metric(r#"sockets{dialect="plain"}"#), 0);
    game.until(|game| game.log().iter().filter(|line| *line == "disconnected").count() == 2).await;
}

#[tokio::test]
async fn a_cash_out_passes_a_bet_and_waits_to_know_whose_it_is() {
    let game = Game::start(Config::default()).await;
    let mut ann = Socket::open(game.address).await;
    for message in [&*bet(10), &cash_out(11), AUTHENTICATE, &cash_out(12), &bet(13), &cash_out(14)]
    {
        ann.send(message).await;
    }
    game.until(|game| game.log().len() == 7).await;
    let log = game.log();
    let at = |line: &str| log.iter().position(|other| other == line).unwrap();
    assert!(at("cash_out 11") < at("place_bet 10"), "{log:?}");
    assert!(at("place_bet 10") < at("authenticate 2"), "whose bet it is never changes: {log:?}");
    assert!(at("authenticate 2") < at("cash_out 12"), "{log:?}");
    assert!(at("cash_out 14") < at("place_bet 13"), "{log:?}");
}

#[tokio::test]
async fn a_message_is_understood_however_it_was_split() {
    let game = Game::start(Config::default()).await;
    let mut raw = Raw::open(game.address).await;
    raw.send_slowly(&frame(0x81, PING.as_bytes())).await;
    assert_eq!(raw.text().await, PONG);
    let (start, end) = PING.as_bytes().split_at(7);
    raw.send_slowly(&[frame(0x01, start), frame(0x89, b"hi"), frame(0x80, end)].concat()).await;
    assert_eq!(raw.frame().await, (0x8a, b"hi".to_vec()));
    assert_eq!(raw.text().await, PONG);
    raw.send(&frame(0x81, PING.as_bytes()).repeat(3)).await;
    for _ in 0..3 {
        assert_eq!(raw.text().await, PONG);
    }
    raw.send(&frame(0x88, &[0x03, 0xe8])).await;
    assert_eq!(raw.closed().await, (1000, String::new()));
}

#[tokio::test]
async fn what_comes_right_behind_the_handshake_is_not_lost() {
    let game = Game::start(Config::default()).await;
    let mut raw = Raw::half_open(game.address, 10).await;
    let rest = Raw::rest_of_handshake(10);
    raw.send(&[rest, frame(0x81, PING.as_bytes())].concat()).await;
    raw.is_let_in().await;
    assert_eq!(raw.text().await, PONG);
}

#[tokio::test]
async fn whoever_breaks_the_protocol_is_told_how_and_closed() {
    let game = Game::start(Config::default()).await;
    let mut good = Socket::joined(game.address, 4).await;
    let unmasked = vec![0x81, 2, b'{', b'}'];
    let cases = [
        (unmasked, 1002, "unmasked"),
        (frame(0x83, b""), 1002, "reserved_opcode"),
        (frame(0x8b, b""), 1002, "reserved_opcode"),
        (frame(0xc1, b"{}"), 1002, "reserved_bit"),
        (frame(0x80, b"{}"), 1002, "fragmentation"),
        (frame(0x09, b""), 1002, "control_frame"),
        (frame(0x88, &[0]), 1002, "close_code"),
        (frame(0x81, b"\"\xff\""), 1007, "utf8"),
        (frame(0x81, &vec![b' '; 70_000]), 1009, "too_big"),
        (vec![0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002, "length"),
    ];
    for (sent, code, reason) in cases {
        let mut bad = Raw::open(game.address).await;
        bad.send(&[frame(0x81, PING.as_bytes()), sent].concat()).await;
        assert_eq!(bad.closed().await, (code, reason.to_owned()));
        assert!(game.metric(&format!("frames_refused_total{{reason=\"{reason}\"}}")) > 0);
    }
    game.tell(4, "{}", Importance::Event);
    assert_eq!(good.next().await, "{}");
    game.until(|game| game.hub.sessions() == 1).await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_socket_stays() {
    let game = Game::start(Config::default()).await;
    let mut ann = Socket::joined(game.address, 4).await;
    let long = format!(r#"{{"type":"ping","id":1,"x":"{}"}}"#, "x".repeat(5_000));
    let cases = [
        (Message::text("{"), "null", "malformed"),
        (Message::text("[]"), "null", "malformed"),
        (Message::text(""), "null", "malformed"),
        (Message::text(r#"{"type":"shout","id":9}"#), "9", "unknown_type"),
        (Message::text(r#"{"type":"ping","id":9,"id":9}"#), "null", "malformed"),
        (Message::text(r#"{"type":"ping","id":9,"more":1}"#), "9", "malformed"),
        (Message::binary(PING.as_bytes().to_vec()), "null", "malformed"),
        (Message::text(long), "null", "too_large"),
        (Message::text(bet(9).replace("\"stake\":1", "\"stake\":-1")), "9", "invalid_amount"),
    ];
    for (message, id, code) in cases {
        ann.send_any(message.clone()).await;
        let told = ann.next().await;
        let expected = format!(r#"{{"type":"refused","id":{id},"code":"{code}","detail":""#);
        assert!(told.starts_with(&expected), "{message}: {told}");
    }
    ann.send(PING).await;
    assert_eq!(ann.next().await, PONG);
    assert_eq!(game.metric(r#"frames_refused_total{reason="too_large"}"#), 1);
    assert_eq!(game.metric(r#"frames_refused_total{reason="binary"}"#), 1);
}

#[tokio::test]
async fn a_flood_is_refused_and_then_closed() {
    let limits =
        Config { burst_max: 5, messages_per_second: 1, strikes_max: 10, ..Config::default() };
    let game = Game::start(limits).await;
    let mut ann = Socket::joined(game.address, 4).await;
    ann.send(AUTHENTICATE).await;
    ann.next().await;
    for _ in 0..10 {
        ann.send(PING).await;
    }
    let answers = [ann.next().await, ann.next().await, ann.next().await, ann.next().await];
    assert!(answers.iter().any(|answer| answer == PONG), "{answers:?}");
    let refused = r#"{"type":"refused","id":5,"code":"rate_limited""#;
    assert!(answers.iter().any(|answer| answer.starts_with(refused)), "{answers:?}");
    ann.send(&cash_out(6)).await;
    let mut answer = ann.next().await;
    while answer.starts_with(refused) || answer == PONG {
        answer = ann.next().await;
    }
    assert_eq!(answer, r#"{"type":"reply","id":6}"#, "bets never starve cash-outs");
    for _ in 0..10 {
        ann.send(PING).await;
    }
    assert_eq!(ann.closed().await, (4100, "overloaded".to_owned()));
    assert_eq!(game.metric(r#"closed_total{reason="overloaded"}"#), 1);
}

#[tokio::test]
async fn a_flood_of_pings_is_not_answered_for_ever() {
    let game = Game::start(Config { strikes_max: 20, ..Config::default() }).await;
    let mut raw = Raw::open(game.address).await;
    raw.send(&frame(0x89, b"p").repeat(200)).await;
    assert_eq!(raw.closed().await, (4100, "overloaded".to_owned()));
}

#[tokio::test]
async fn a_steady_flood_at_twice_the_rate_is_closed_in_the_end() {
    let limits =
        Config { burst_max: 5, messages_per_second: 50, strikes_max: 20, ..Config::default() };
    let game = Game::start(limits).await;
    let mut ann = Socket::joined(game.address, 4).await;
    let mut every = tokio::time::interval(Duration::from_millis(10));
    let flood = async {
        while game.metric(r#"closed_total{reason="overloaded"}"#) == 0 {
            every.tick().await;
            ann.send(PING).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), flood).await.unwrap();
    assert_eq!(ann.closed().await.0, 4100);
}

#[tokio::test]
async fn whoever_says_nothing_is_closed_after_three_seconds() {
    let game = Game::start(Config::default()).await;
    let mut silent = Socket::open(game.address).await;
    let mut idle = Socket::open(game.address).await;
    idle.send(PING).await;
    idle.next().await;
    let mut watching = Socket::joined(game.address, 4).await;
    let mut ann = Socket::open(game.address).await;
    ann.send(AUTHENTICATE).await;
    let began = std::time::Duration::from_millis(2_500);
    let early = tokio::time::timeout(began, silent.message()).await;
    assert!(early.is_err(), "{early:?}");
    assert_eq!(silent.closed().await, (4300, "protocol_error".to_owned()));
    assert_eq!(idle.closed().await.0, 4300, "a ping is no greeting");
    assert_eq!(ann.next().await, r#"{"type":"reply","id":2}"#);
    for socket in [&mut watching, &mut ann] {
        socket.hears_nothing().await;
        socket.send(PING).await;
        assert_eq!(socket.next().await, PONG);
    }
    assert_eq!(game.metric(r#"closed_total{reason="ungreeted"}"#), 2);
}

#[tokio::test]
async fn whoever_answers_no_ping_is_closed() {
    let limits = Config { ping_interval_ms: 300, ping_timeout_ms: 700, ..Config::default() };
    let game = Game::start(limits).await;
    let mut alive = Socket::joined(game.address, 4).await;
    let mut dead = Raw::open(game.address).await;
    dead.send(&frame(0x81, AUTHENTICATE.as_bytes())).await;
    dead.text().await;
    assert_eq!(dead.frame().await, (0x89, vec![]), "it is asked once");
    let mut pings = 0;
    let answers = async {
        loop {
            assert!(matches!(alive.message().await, Some(Message::Ping(_))));
            pings += 1;
        }
    };
    let closed = tokio::select! {
        closed = dead.closed() => closed,
        () = answers => unreachable!("it answers for ever"),
    };
    assert!(pings >= 3, "{pings}");
    assert_eq!(closed, (4002, "slow".to_owned()));
    assert_eq!(game.metric(r#"closed_total{reason="unanswered"}"#), 1);
    alive.send(PING).await;
    assert_eq!(alive.next().await, PONG);
}

#[tokio::test]
async fn a_player_is_closed_with_the_code_that_says_why() {
    let game = Game::start(Config::default()).await;
    let mut ann = Socket::open(game.address).await;
    ann.send(AUTHENTICATE).await;
    ann.next().await;
    let mut bob = Socket::joined(game.address, 4).await;
    let player = PlayerId::new(7).unwrap();
    assert_eq!(game.hub.close_player(player, CloseCode::LoggedOut, |_| true), 1);
    assert_eq!(ann.closed().await, (4201, "logged_out".to_owned()));
    bob.send(PING).await;
    assert_eq!(bob.next().await, PONG);
    game.hub.close_all(CloseCode::Restart);
    assert_eq!(bob.closed().await, (4000, "restart".to_owned()));
    for reason in ["logged_out", "restart"] {
        assert_eq!(game.metric(&format!("closed_total{{reason=\"{reason}\"}}")), 1);
    }
    game.until(|game| game.hub.sessions() == 0).await;
}

#[tokio::test]
async fn whoever_does_not_answer_a_close_is_cut_off() {
    let game = Game::start(Config::default()).await;
    let mut raw = Raw::open(game.address).await;
    raw.send(&frame(0x81, PING.as_bytes())).await;
    raw.text().await;
    game.hub.close_all(CloseCode::Banned);
    raw.send(&frame(0x81, PING.as_bytes())).await;
    assert_eq!(raw.closed().await, (4301, "banned".to_owned()));
    game.until(|game| game.hub.sessions() == 0).await;
    assert!(game.log().iter().filter(|line| line.starts_with("ping")).count() <= 2);
}

#[tokio::test]
async fn a_handshake_that_is_not_ours_is_refused_with_a_problem() {
    let game = Game::start(Config { sockets_per_address_max: 2, ..Config::default() }).await;
    let ours = format!("http://{}", game.address);
    let cases: [(&[_], _, _); 5] = [
        (&[("sec-websocket-protocol", "chat")], 400, "waxwing.v1"),
        (&[("sec-websocket-version", "8")], 426, "version 13"),
        (&[("sec-websocket-key", "short")], 400, "Sec-WebSocket-Key"),
        (&[("origin", "https://evil.example")], 403, "origin"),
        (&[("origin", "null")], 403, "origin"),
    ];
    for (changed, status, words) in cases {
        let refused = Socket::shake(game.address, changed).await.err().unwrap();
        assert_eq!(refused.status(), status, "{changed:?}");
        assert_eq!(refused.headers()["content-type"], "application/problem+json");
        let body = String::from_utf8(refused.body().clone().unwrap_or_default()).unwrap();
        assert!(body.contains(words), "{changed:?}: {body}");
    }
    let _first = Socket::shake(game.address, &[("origin", &ours)]).await.ok().unwrap();
    let _second = Socket::open(game.address).await;
    assert_eq!(Socket::shake(game.address, &[]).await.err().unwrap().status(), 429);
    assert_eq!(game.metric(r#"connections_refused_total{reason="origin"}"#), 2);
    let url = format!("{ours}/gateway/game/v1/ws");
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 426);
    let http2 = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    assert_eq!(http2.get(&url).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn listed_origins_may_and_others_may_not() {
    let origins = vec!["https://play.example.org".to_owned()];
    let game = Game::start(Config { origins, ..Config::default() }).await;
    let shake = async |origin: &str| Socket::shake(game.address, &[("origin", origin)]).await;
    assert!(shake("https://play.example.org").await.is_ok());
    assert!(shake(&format!("http://{}", game.address)).await.is_err());
}
