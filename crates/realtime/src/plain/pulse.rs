//! Whether clients are there: pings, their answers, and the deadline of the first request, all on
//! one wheel for the whole process.

use std::sync::{Arc, Weak};

use kernel::Timestamp;
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::close::CloseCode;

use super::codec::encode;
use super::wheel::Wheel;
use crate::{Config, Session};

/// How long a client may take over its first `authenticate` or `join`, in milliseconds.
pub(crate) const GREETING_MS: u64 = 3_000;

/// The wheel of all plain sockets. A clone is the same.
#[derive(Clone)]
pub(crate) struct Pulses(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    ping_interval_ms: u64,
    ping_timeout_ms: u64,
    turning: Mutex<Turning>,
}

struct Turning {
    wheel: Wheel<Weak<Pulse>>,
    is_turned: bool,
}

/// One socket's part.
pub(crate) struct Pulse {
    session: Session,
    beat: Mutex<Beat>,
}

/// What a socket is waited for.
#[derive(Debug)]
struct Beat {
    /// When it must have greeted; none once it has.
    greet_by: Option<Timestamp>,
    pinged_at: Timestamp,
    awaits_pong: bool,
}

/// What is to be done about a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Ping,
    Unanswered,
    Ungreeted,
}

impl Pulses {
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>) -> Self {
        let turning = Turning { wheel: Wheel::new(clock.now()), is_turned: false };
        Self(Arc::new(Shared {
            clock,
            ping_interval_ms: config.ping_interval_ms,
            ping_timeout_ms: config.ping_timeout_ms,
            turning: Mutex::new(turning),
        }))
    }

    /// Watches over the session for as long as its pulse is kept.
    pub(crate) fn begin(&self, session: Session) -> Arc<Pulse> {
        let now = self.0.clock.now();
        let beat = Beat { greet_by: Some(now + GREETING_MS), pinged_at: now, awaits_pong: false };
        let at = self.0.next(&beat);
        let pulse = Arc::new(Pulse { session, beat: Mutex::new(beat) });
        let mut turning = self.0.turning.lock();
        turning.wheel.insert(at, Arc::downgrade(&pulse));
        if !std::mem::replace(&mut turning.is_turned, true) {
            tokio::spawn(turn(Arc::clone(&self.0)));
        }
        pulse
    }
}

/// Turns the wheel while anything is on it.
async fn turn(shared: Arc<Shared>) {
    let mut due = Vec::new();
    while let Some(at) = shared.next_turn() {
        shared.clock.sleep_until(at).await;
        let now = shared.clock.now();
        shared.turning.lock().wheel.advance(now, &mut due);
        for pulse in due.drain(..).filter_map(|pulse| pulse.upgrade()) {
            shared.step(&pulse, now);
        }
    }
}

impl Shared {
    fn next_turn(&self) -> Option<Timestamp> {
        let mut turning = self.turning.lock();
        turning.is_turned = !turning.wheel.is_empty();
        turning.is_turned.then(|| turning.wheel.next_at())
    }

    fn step(&self, pulse: &Arc<Pulse>, now: Timestamp) {
        let mut beat = pulse.beat.lock();
        let due = self.judge(&mut beat, now);
        let at = self.next(&beat);
        drop(beat);
        match due {
            Due::Nothing => {}
            Due::Ping => pulse.session.send_frame(encode::ping()),
            Due::Unanswered => return pulse.session.close_because(CloseCode::Slow, "unanswered"),
            Due::Ungreeted => {
                return pulse.session.close_because(CloseCode::ProtocolError, "ungreeted");
            }
        }
        self.turning.lock().wheel.insert(at, Arc::downgrade(pulse));
    }

    fn judge(&self, beat: &mut Beat, now: Timestamp) -> Due {
        if beat.greet_by.is_some_and(|by| now >= by) {
            return Due::Ungreeted;
        }
        let waited_ms = now.ms_since(beat.pinged_at);
        if beat.awaits_pong {
            let is_dead = waited_ms >= self.ping_timeout_ms;
            return if is_dead { Due::Unanswered } else { Due::Nothing };
        }
        if waited_ms < self.ping_interval_ms {
            return Due::Nothing;
        }
        (beat.pinged_at, beat.awaits_pong) = (now, true);
        Due::Ping
    }

    /// When to look at the socket again.
    fn next(&self, beat: &Beat) -> Timestamp {
        // An answer may come at any time, so the next ping is looked for in any case.
        let ping_at = beat.pinged_at + self.ping_interval_ms;
        let pong_by = beat.pinged_at + self.ping_timeout_ms;
        let at = match beat.awaits_pong {
            true if ping_at > self.clock.now() => ping_at.min(pong_by),
            true => pong_by,
            false => ping_at,
        };
        beat.greet_by.map_or(at, |by| at.min(by))
    }
}

impl Pulse {
    /// The client has authenticated or joined.
    pub(crate) fn greeted(&self) {
        self.beat.lock().greet_by = None;
    }

    /// A pong came; whether one was waited for.
    pub(crate) fn ponged(&self) -> bool {
        std::mem::take(&mut self.beat.lock().awaits_pong)
    }
}
