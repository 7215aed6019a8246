//! The rate over time: who keeps flooding is closed, who only bursts is not.

use kernel::Timestamp;

use super::{Excess, Kind, Ration};
use crate::Config;

struct Sender {
    ration: Ration,
    now: Timestamp,
    taken: usize,
    is_closed: bool,
}

impl Sender {
    /// A socket that may send ten messages a second, and has 20 strikes.
    fn new() -> Self {
        let config =
            Config { burst_max: 10, messages_per_second: 10, strikes_max: 20, ..Config::default() };
        let now = Timestamp::from_ms(0);
        Self { ration: Ration::new(&config, now), now, taken: 0, is_closed: false }
    }

    /// Sends `messages` of them `apart_ms` from each other; how many are taken.
    fn send(&mut self, kind: Kind, messages: usize, apart_ms: u64) -> usize {
        let before = self.taken;
        for _ in 0..messages {
            match self.ration.take(kind, self.now) {
                Ok(()) => self.taken += 1,
                Err(excess) => self.is_closed |= excess == Excess::Flood,
            }
            self.now = self.now + apart_ms;
        }
        self.taken - before
    }
}

#[test]
fn a_steady_flood_is_closed_though_some_of_it_is_taken() {
    let mut sender = Sender::new();
    let taken = sender.send(Kind::Message, 80, 25);
    assert!((20..40).contains(&taken), "{taken}");
    assert!(sender.is_closed);
}

#[test]
fn a_flood_at_exactly_twice_the_rate_is_closed_in_the_end() {
    let mut sender = Sender::new();
    sender.send(Kind::Message, 100, 50);
    assert!(sender.is_closed);
}

#[test]
fn a_flood_a_little_above_the_rate_is_closed_in_the_end() {
    let mut sender = Sender::new();
    sender.send(Kind::Message, 500, 90);
    assert!(sender.is_closed);
}

#[test]
fn whoever_keeps_to_the_rate_is_never_refused() {
    let mut sender = Sender::new();
    assert_eq!(sender.send(Kind::Message, 1_000, 100), 1_000);
}

#[test]
fn bursts_are_forgiven_after_as_much_that_was_in_order() {
    let mut sender = Sender::new();
    for _ in 0..20 {
        assert_eq!(sender.send(Kind::Message, 20, 0), 10);
        sender.now = sender.now + 1_000;
        assert_eq!(sender.send(Kind::Message, 20, 100), 20);
        sender.now = sender.now + 1_000;
    }
    assert!(!sender.is_closed);
}

#[test]
fn cash_outs_forgive_no_flood_of_messages() {
    let mut sender = Sender::new();
    for _ in 0..100 {
        sender.send(Kind::CashOut, 1, 50);
        sender.send(Kind::Message, 1, 50);
        sender.send(Kind::Message, 1, 0);
    }
    assert!(sender.is_closed);
    assert_eq!(sender.send(Kind::CashOut, 1, 0), 1);
}

#[tokio::test]
async fn so_many_may_wait_for_their_answers() {
    let config = Config { in_flight_max: 2, ..Config::default() };
    let ration = Ration::new(&config, Timestamp::from_ms(0));
    let first = ration.place().unwrap();
    let _second = ration.place().unwrap();
    assert_eq!(ration.place().unwrap_err().code, protocol::Code::RateLimited);
    drop(first);
    assert!(ration.place().is_ok());
}
