//! A slow reader loses ticks and nothing else, keeps its order, and is closed if it stays slow.

use std::sync::Arc;
use std::time::Duration;

use kernel::{LobbyId, Multiplier};
use parking_lot::Mutex;
use platform::clock::SystemClock;
use protocol::close::CloseCode;
use protocol::socket_io::{RoundName, ServerEvent};

use super::{Frame, Outbox, Sent, Wire};
use crate::metrics::Reason;
use crate::{Config, Dialect, Encoded, Importance, Metrics};

/// A transport with room for so many frames.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<PipeState>>);

#[derive(Default)]
struct PipeState {
    room: usize,
    taken: Vec<String>,
}

impl Wire for Pipe {
    fn send(&self, frame: &Frame) -> Sent {
        let mut pipe = self.0.lock();
        if pipe.room == 0 {
            return Sent::Full;
        }
        pipe.room -= 1;
        drop(pipe);
        let line = match frame {
            Frame::Event(event) => {
                let Some(event) = event.named() else { return self.plain(event) };
                format!("{} {}", event.name, event.data.as_ref().map_or("", |data| data.get()))
            }
            Frame::Acknowledgement { id, json } => format!("ack {id} {json}"),
            Frame::Raw(bytes) => format!("raw {:?}", String::from_utf8_lossy(&bytes[2..])),
            Frame::Rest(bytes) => format!("rest {}", String::from_utf8_lossy(bytes)),
            Frame::Disconnect => "disconnect".to_owned(),
        };
        self.0.lock().taken.push(line);
        Sent::Done
    }
}

impl Pipe {
    /// Takes an event for plain sockets, the first time but a part of it.
    fn plain(&self, event: &Encoded) -> Sent {
        let frame = event.frame().unwrap();
        let mut pipe = self.0.lock();
        let half = 2 + (frame.len() - 2) / 2;
        pipe.taken.push(format!("half {}", String::from_utf8_lossy(&frame[2..half])));
        Sent::Partly(frame.slice(half..))
    }

    fn with_room(room: usize) -> Self {
        let pipe = Self::default();
        pipe.0.lock().room = room;
        pipe
    }

    fn make_room(&self, room: usize) {
        self.0.lock().room = room;
    }

    async fn wait_for(&self, lines: usize) -> Vec<String> {
        let all = async {
            while self.0.lock().taken.len() < lines {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), all).await.unwrap();
        self.0.lock().taken.clone()
    }
}

fn outbox(pipe: &Pipe, config: &Config) -> (Outbox, Metrics) {
    outbox_of(Dialect::SocketIo, pipe, config)
}

fn outbox_of(dialect: Dialect, pipe: &Pipe, config: &Config) -> (Outbox, Metrics) {
    let metrics = Metrics::default();
    let outbox = Outbox::new(dialect, config, Arc::new(SystemClock::new()), metrics.clone());
    assert!(outbox.attach(Box::new(pipe.clone())));
    (outbox, metrics)
}

fn slow() -> Reason {
    Reason { reason: "slow" }
}

fn plain(json: &str) -> Frame {
    Frame::Event(Encoded::plain(json, Importance::Event))
}

fn tick(centi: u32) -> Frame {
    let multiplier = Multiplier::from_centi(centi).unwrap();
    Frame::Event(Encoded::from(&ServerEvent::CoefficientUpdate(multiplier.into())))
}

fn started(round: u32) -> Frame {
    let lobby_id = LobbyId::new(4).unwrap().into();
    Frame::Event(Encoded::from(&ServerEvent::RoundStarted(RoundName { lobby_id, round })))
}

#[tokio::test]
async fn ticks_give_way_and_everything_else_keeps_its_order() {
    let pipe = Pipe::with_room(1);
    let (outbox, metrics) = outbox(&pipe, &Config::default());
    outbox.push(tick(100));
    for centi in 101..110 {
        outbox.push(tick(centi));
    }
    outbox.push(started(7));
    outbox.push(Frame::Acknowledgement { id: 3, json: "1".to_owned() });
    outbox.push(tick(110));
    pipe.make_room(10);
    let expected = [
        r#"coefficient_update {"coefficient":1}"#,
        r#"coefficient_update {"coefficient":1.09}"#,
        r#"round_started {"lobby_id":4,"round":7}"#,
        "ack 3 1",
        r#"coefficient_update {"coefficient":1.1}"#,
    ];
    assert_eq!(pipe.wait_for(5).await, expected);
    assert_eq!(metrics.ticks_skipped.get(), 8);
}

#[tokio::test]
async fn a_socket_that_stays_full_is_closed_as_slow() {
    let pipe = Pipe::with_room(0);
    let (outbox, metrics) = outbox(&pipe, &Config { slow_ms: 60, ..Config::default() });
    outbox.push(started(1));
    tokio::time::sleep(Duration::from_millis(200)).await;
    outbox.push(started(2));
    pipe.make_room(10);
    let taken = pipe.wait_for(2).await;
    assert!(taken[0].starts_with("error "), "{taken:?}");
    assert_eq!(taken[1], "disconnect");
    assert_eq!(metrics.closed.get_or_create(&slow()).get(), 1);
}

#[tokio::test]
async fn a_backlog_past_its_bound_closes_the_socket() {
    let pipe = Pipe::with_room(0);
    let (outbox, _) = outbox(&pipe, &Config { backlog_events: 5, ..Config::default() });
    (1..=6).for_each(|round| outbox.push(started(round)));
    pipe.make_room(10);
    let taken = pipe.wait_for(2).await;
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert_eq!(taken[1], "disconnect");
}

#[tokio::test]
async fn a_close_is_told_once_and_ends_everything() {
    let pipe = Pipe::with_room(10);
    let (outbox, _) = outbox(&pipe, &Config::default());
    assert!(outbox.close(CloseCode::LoggedOut));
    assert!(!outbox.close(CloseCode::Restart));
    outbox.push(started(1));
    let expected = [r#"error {"message":"Signed out","code":"unauthenticated"}"#, "disconnect"];
    assert_eq!(pipe.wait_for(2).await, expected);
    outbox.detach();
    assert!(!outbox.attach(Box::new(pipe)));
}

#[tokio::test]
async fn a_frame_that_was_begun_is_finished_before_anything_else() {
    let pipe = Pipe::with_room(1);
    let (outbox, metrics) = outbox_of(Dialect::Plain, &pipe, &Config::default());
    outbox.push(plain("[1234]"));
    pipe.make_room(0);
    outbox.push(Frame::Raw(bytes::Bytes::from_static(b"\x8a\x04pong")));
    assert_eq!(metrics.bytes_queued.get(), 9);
    pipe.make_room(10);
    assert_eq!(pipe.wait_for(3).await, ["half [12", "rest 34]", "raw \"pong\""]);
    assert_eq!(metrics.bytes_queued.get(), 0);
}

#[tokio::test]
async fn a_slow_reader_is_told_so_behind_the_frame_that_was_begun() {
    let pipe = Pipe::with_room(1);
    let limits = Config { backlog_bytes_max: 100, ..Config::default() };
    let (outbox, metrics) = outbox_of(Dialect::Plain, &pipe, &limits);
    outbox.push(plain(&"x".repeat(120)));
    pipe.make_room(0);
    outbox.push(plain(&"y".repeat(80)));
    assert!(!outbox.is_closing(), "what is on its way does not count");
    outbox.push(plain(&"z".repeat(80)));
    assert!(outbox.is_closing());
    pipe.make_room(10);
    let taken = pipe.wait_for(4).await;
    assert_eq!(taken[1], format!("rest {}", "x".repeat(60)));
    assert!(taken[2].ends_with("slow\""), "{taken:?}");
    assert_eq!(taken[3], "disconnect");
    assert_eq!(metrics.closed.get_or_create(&slow()).get(), 1);
}

#[tokio::test]
async fn ticks_among_events_give_way_before_the_socket_does() {
    let pipe = Pipe::with_room(0);
    let (outbox, metrics) = outbox(&pipe, &Config { backlog_events: 4, ..Config::default() });
    for round in 1..=4 {
        outbox.push(tick(100 + round));
        outbox.push(started(round));
    }
    assert!(!outbox.is_closing());
    pipe.make_room(10);
    let taken = pipe.wait_for(4).await;
    assert!(taken.iter().all(|line| line.starts_with("round_started")), "{taken:?}");
    assert_eq!(metrics.ticks_skipped.get(), 4);
}
