//! Crowds that mean no good: a thousand that never finish a handshake, a thousand that never read.

use std::time::Duration;

use platform::http::Limits;
use realtime::{Config, Delivery, Importance};

use super::client::{Raw, Socket, frame};
use super::game::Game;

const CROWD: usize = 1_000;

/// Bytes of memory that this process holds.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

#[tokio::test]
async fn a_thousand_half_open_handshakes_disturb_nobody_and_end() {
    let header_timeout = Duration::from_secs(1);
    let limits = Limits { header_timeout, ..Limits::default() };
    let game = Game::start_within(Config::default(), limits).await;
    let mut ann = Socket::joined(game.address, 4).await;
    let mut half = Vec::new();
    for number in 0..CROWD {
        half.push(Raw::half_open(game.address, 1 + number % 200).await);
    }
    ann.send(r#"{"type":"ping","id":5}"#).await;
    assert_eq!(ann.next().await, r#"{"type":"reply","id":5}"#);
    let mut bob = Socket::joined(game.address, 4).await;
    for raw in &mut half {
        raw.ends().await;
    }
    assert_eq!(game.hub.sessions(), 2);
    game.tell(4, "{}", Importance::Event);
    for socket in [&mut ann, &mut bob] {
        assert_eq!(socket.next().await, "{}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_that_never_read_lose_ticks_then_their_sockets() {
    let limits = Config {
        sockets_per_address_max: 2_000,
        backlog_bytes_max: 65_536,
        slow_ms: 2_000,
        ..Config::default()
    };
    let game = Game::start(limits).await;
    let mut ann = Socket::joined(game.address, 4).await;
    let mut deaf = Vec::new();
    for _ in 0..CROWD {
        let mut raw = Raw::narrow(game.address).await;
        raw.send(&frame(0x81, br#"{"type":"join","id":1,"lobby_id":4}"#)).await;
        deaf.push(raw);
    }
    game.until(|game| game.tell(4, "[]", Importance::Tick) == CROWD + 1).await;
    let before = resident_bytes();
    let reads = tokio::spawn(async move {
        let (mut events, mut last) = (0, String::new());
        while last != "\"the end\"" {
            last = ann.next().await;
            events += usize::from(last.starts_with("\"event"));
        }
        events
    });
    let event = format!("\"event {}\"", "x".repeat(8_000));
    let tick = format!("\"tick {}\"", "y".repeat(100));
    let mut queued_max = 0;
    let mut told = 0;
    while game.metric(r#"closed_total{reason="slow"}"#) < CROWD as u64 {
        assert!(told < 400, "they were never closed");
        for _ in 0..5 {
            game.tell(4, &tick, Importance::Tick);
        }
        game.tell(4, &event, Importance::Event);
        told += 1;
        queued_max = queued_max.max(game.metric("bytes_queued"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 100 << 20, "{grown} bytes for {CROWD} slow readers");
    assert!(queued_max <= CROWD as u64 * (65_536 + 8_500), "{queued_max} bytes were queued");
    assert!(game.metric("ticks_skipped_total") > 0);
    // Whoever begins to read in time is told why; the frame that was begun comes first, whole.
    for raw in &mut deaf[..3] {
        assert_eq!(raw.closed().await, (4002, "slow".to_owned()));
    }
    let batched = game.metric("events_batched_total");
    assert_eq!(batched > 0, crate::DELIVERY == Delivery::IoUring);
    game.until(|game| game.hub.sessions() == 1).await;
    assert_eq!(game.tell(4, "\"the end\"", Importance::Event), 1);
    assert_eq!(reads.await.unwrap(), told, "the one that reads missed nothing");
    assert_eq!(game.metric("bytes_queued"), 0);
}

#[tokio::test]
async fn a_thousand_that_listen_take_little_memory() {
    let game = Game::start(Config { sockets_per_address_max: 3_000, ..Config::default() }).await;
    let mut crowd = Vec::new();
    let mut join = async |number: usize| {
        for _ in 0..number {
            let mut raw = Raw::open(game.address).await;
            raw.send(&frame(0x81, br#"{"type":"join","id":1,"lobby_id":4}"#)).await;
            raw.text().await;
            raw.text().await;
            crowd.push(raw);
        }
        resident_bytes()
    };
    // The first ones pay for what all share.
    let before = join(CROWD).await;
    let after = join(CROWD).await;
    let each = after.saturating_sub(before) / CROWD;
    println!("{each} bytes for a socket, its client's end in this process with it");
    assert!(each < 10_240, "{each} bytes for a socket");
    assert_eq!(game.tell(4, "{}", Importance::Event), 2 * CROWD);
    for raw in &mut crowd {
        assert_eq!(raw.text().await, "{}");
    }
}

#[tokio::test]
async fn an_endless_message_is_passed_over_and_then_ended() {
    let game = Game::start(Config::default()).await;
    let mut raw = Raw::open(game.address).await;
    raw.send(&frame(0x01, &[b' '; 4_000])).await;
    raw.send(&frame(0x00, &[b' '; 4_000])).await;
    assert!(raw.text().await.contains("too_large"));
    raw.flood(&frame(0x00, &[b' '; 4_000])).await;
    assert_eq!(game.metric(r#"closed_total{reason="too_big"}"#), 1);
}
