//! The rate over time: who keeps flooding is closed, who only bursts is not.

use std::sync::Arc;

use platform::clock::{Clock as _, ManualClock};
use protocol::Code;

use super::Inbox;
use crate::metrics::Reason;
use crate::session::Birth;
use crate::{Config, Hub, Metrics, Session};

struct Reader {
    inbox: Inbox,
    clock: ManualClock,
    metrics: Metrics,
}

impl Reader {
    /// A socket that may send ten messages a second, and has 20 strikes.
    fn new() -> Self {
        let config =
            Config { burst_max: 10, messages_per_second: 10, strikes_max: 20, ..Config::default() };
        let (clock, metrics) = (ManualClock::new(), Metrics::default());
        let birth = Birth { id: Hub::new(metrics.clone()).next_id(), peer: None, token: None };
        let session = Session::new(birth, &config, Arc::new(clock.clone()), metrics.clone());
        let (inbox, _) = Inbox::new(session, &config, Arc::new(clock.clone()), metrics.clone());
        Self { inbox, clock, metrics }
    }

    /// Sends `messages` of them `apart_ms` from each other; how many are taken.
    fn send(&self, messages: usize, apart_ms: u64) -> usize {
        let mut taken = 0;
        for _ in 0..messages {
            match self.inbox.take(self.clock.now(), r#"["joinRoom",{"lobby_id":4}]"#) {
                Ok(_) => taken += 1,
                Err(problem) => assert_eq!(problem.code, Code::RateLimited),
            }
            self.clock.advance(apart_ms);
        }
        taken
    }

    fn is_closed(&self) -> bool {
        let overloaded = Reason { reason: "overloaded" };
        self.metrics.closed.get_or_create(&overloaded).get() > 0
    }
}

#[tokio::test]
async fn a_steady_flood_is_closed_though_some_of_it_is_taken() {
    let reader = Reader::new();
    let taken = reader.send(80, 25);
    assert!((20..40).contains(&taken), "{taken}");
    assert!(reader.is_closed());
}

#[tokio::test]
async fn bursts_are_forgiven_after_as_much_that_was_in_order() {
    let reader = Reader::new();
    for _ in 0..20 {
        assert_eq!(reader.send(20, 0), 10);
        reader.clock.advance(1_000);
        assert_eq!(reader.send(20, 100), 20);
        reader.clock.advance(1_000);
    }
    assert!(!reader.is_closed());
}
