//! What goes out to one socket, in order: straight to the transport while it takes, else into a
//! backlog that loses ticks first and nothing else.

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::Timestamp;
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::close::CloseCode;
use protocol::socket_io::ServerEvent;
use protocol::{Code, Problem};

use crate::metrics::{Metrics, Reason};
use crate::{Config, Encoded};

/// How often a backlog is offered to the transport again, in milliseconds.
const RETRY_MS: u64 = 20;

/// How long a closed socket's last frames are offered before it is left to its heartbeat.
const FAREWELL_MS: u64 = 60_000;

/// A transport's end of one socket.
pub(crate) trait Wire: Send + Sync {
    /// Takes a frame, or says why not. Must not block.
    fn send(&self, frame: &Frame) -> Sent;
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The transport has it.
    Done,
    /// The transport's buffer is full.
    Full,
    /// The socket is gone.
    Gone,
}

/// One thing to send.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// An event.
    Event(Encoded),
    /// The answer to an acknowledgement callback, as JSON text.
    Acknowledgement {
        /// The callback's number.
        id: i64,
        /// What it gets.
        json: String,
    },
    /// The end.
    Disconnect,
}

/// The way out of one session.
pub(crate) struct Outbox(Arc<Shared>);

struct Shared {
    line: Mutex<Line>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    backlog_max: usize,
    slow_ms: u64,
}

#[derive(Default)]
struct Line {
    wire: Option<Box<dyn Wire>>,
    backlog: VecDeque<Frame>,
    is_gone: bool,
    is_closing: bool,
    is_draining: bool,
    /// Since when the transport has taken nothing.
    full_since: Timestamp,
}

impl Outbox {
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self(Arc::new(Shared {
            line: Mutex::default(),
            clock,
            metrics,
            backlog_max: config.backlog_events as usize,
            slow_ms: config.slow_ms,
        }))
    }

    pub(crate) fn attach(&self, wire: Box<dyn Wire>) -> bool {
        let mut line = self.0.line.lock();
        if !line.is_gone {
            line.wire = Some(wire);
        }
        !line.is_gone
    }

    pub(crate) fn detach(&self) {
        let wire = self.0.line.lock().end();
        // The wire may own this session: it is dropped without the lock.
        drop(wire);
    }

    /// Sends `frame` now, or as soon as the transport takes it.
    pub(crate) fn push(&self, frame: Frame) {
        let mut line = self.0.line.lock();
        if line.is_gone || line.is_closing {
            return;
        }
        if line.backlog.is_empty() && line.send(&frame, &self.0.metrics) != Sent::Full {
            return;
        }
        line.keep(frame, &self.0.metrics);
        if line.backlog.len() > self.0.backlog_max {
            line.close(CloseCode::Slow);
            self.0.metrics.closed.get_or_create(&slow()).inc();
        }
        self.drain_later(&mut line);
    }

    /// Says why, then disconnects; false if that was done before.
    pub(crate) fn close(&self, code: CloseCode) -> bool {
        let mut line = self.0.line.lock();
        if line.is_gone || line.is_closing {
            return false;
        }
        line.close(code);
        line.drain(&self.0.metrics);
        self.drain_later(&mut line);
        true
    }

    /// Offers the backlog again and again, in one task a socket, while there is one.
    fn drain_later(&self, line: &mut Line) {
        if line.is_draining || line.backlog.is_empty() {
            return;
        }
        line.is_draining = true;
        line.full_since = self.0.clock.now();
        tokio::spawn(drain(Arc::clone(&self.0)));
    }
}

async fn drain(shared: Arc<Shared>) {
    loop {
        let now = shared.clock.now();
        shared.clock.sleep_until(now + RETRY_MS).await;
        let mut line = shared.line.lock();
        if line.drain(&shared.metrics) {
            line.full_since = shared.clock.now();
        }
        if line.backlog.is_empty() {
            line.is_draining = false;
            return;
        }
        let full_ms = shared.clock.now().ms_since(line.full_since);
        if full_ms > shared.slow_ms && !line.is_closing {
            line.close(CloseCode::Slow);
            shared.metrics.closed.get_or_create(&slow()).inc();
        }
        if full_ms > FAREWELL_MS {
            let wire = line.end();
            drop(line);
            drop(wire);
            return;
        }
    }
}

const fn slow() -> Reason {
    Reason { reason: CloseCode::Slow.as_str() }
}

impl Line {
    fn send(&mut self, frame: &Frame, metrics: &Metrics) -> Sent {
        let Some(wire) = &self.wire else { return Sent::Full };
        let sent = wire.send(frame);
        if sent == Sent::Done && matches!(frame, Frame::Event(_)) {
            metrics.events_sent.inc();
        }
        sent
    }

    /// Puts a frame behind the others; a tick takes the place of a tick that is last.
    fn keep(&mut self, frame: Frame, metrics: &Metrics) {
        let is_tick = |frame: &Frame| matches!(frame, Frame::Event(event) if event.is_tick());
        match self.backlog.back_mut() {
            Some(last) if is_tick(last) && is_tick(&frame) => {
                *last = frame;
                metrics.ticks_skipped.inc();
            }
            _ => self.backlog.push_back(frame),
        }
    }

    /// Offers the backlog; whether the transport took anything.
    fn drain(&mut self, metrics: &Metrics) -> bool {
        let mut progress = false;
        while let Some(frame) = self.backlog.pop_front() {
            if self.send(&frame, metrics) == Sent::Full {
                self.backlog.push_front(frame);
                break;
            }
            progress = true;
        }
        progress
    }

    /// Nothing but the reason and the end is sent from here on. A slow reader's backlog is given
    /// up: it comes back and is told how things stand.
    fn close(&mut self, code: CloseCode) {
        self.is_closing = true;
        if code == CloseCode::Slow {
            self.backlog.clear();
        }
        self.backlog.push_back(Frame::Event(Encoded::from(&ServerEvent::Error(farewell(code)))));
        self.backlog.push_back(Frame::Disconnect);
    }

    fn end(&mut self) -> Option<Box<dyn Wire>> {
        self.is_gone = true;
        self.backlog.clear();
        self.wire.take()
    }
}

/// What a socket is told before it is closed.
fn farewell(code: CloseCode) -> Problem {
    let (kind, detail) = match code {
        CloseCode::Restart => (Code::Draining, "The server restarts, connect again"),
        CloseCode::Moved => (Code::NotOwner, "The lobby moved, connect again"),
        CloseCode::Slow => (Code::RateLimited, "This connection is too slow, connect again"),
        CloseCode::Overloaded => (Code::RateLimited, "Too many messages, connect again later"),
        CloseCode::TokenExpired => (Code::TokenExpired, "The token expired, sign in again"),
        CloseCode::LoggedOut => (Code::Unauthenticated, "Signed out"),
        CloseCode::ProtocolError => (Code::Malformed, "This is not our protocol"),
        CloseCode::Banned => (Code::Forbidden, "This player may not play"),
    };
    Problem::new(kind, detail)
}

#[cfg(test)]
mod tests;
