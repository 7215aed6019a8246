//! What goes out to one socket, in order: straight to the transport while it takes, else into a
//! backlog that loses ticks first and nothing else.

use std::sync::Arc;

use bytes::Bytes;
use kernel::Timestamp;
use parking_lot::Mutex;
use platform::clock::{BoxFuture, Clock};
use protocol::close::CloseCode;

use super::backlog::Backlog;
use super::farewell::farewell;
use super::wire::{Direct, Frame, RETRY, Sent, Wire};
use crate::metrics::{Metrics, Reason};
use crate::{Config, Dialect};

/// How long a closed Socket.IO socket's last frames are offered before it is left to its
/// heartbeat.
const FAREWELL_MS: u64 = 60_000;

/// The same for a plain socket, which is cut off then.
const PLAIN_FAREWELL_MS: u64 = 5_000;

/// The way out of one session.
pub(crate) struct Outbox(Arc<Shared>);

struct Shared {
    line: Mutex<Line>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    dialect: Dialect,
    backlog_max: usize,
    backlog_bytes_max: usize,
    slow_ms: u64,
}

#[expect(clippy::struct_excessive_bools, reason = "each may hold beside each of the others")]
struct Line {
    wire: Option<Box<dyn Wire>>,
    backlog: Backlog,
    is_gone: bool,
    is_closing: bool,
    is_draining: bool,
    /// Somebody sends to the raw socket: whatever else is to go out waits until that is settled.
    is_lent: bool,
    /// Since when the transport has taken nothing.
    full_since: Timestamp,
}

/// What a drain waits for.
struct Wait {
    ready: BoxFuture<'static, ()>,
    at_most_until: Timestamp,
}

impl Outbox {
    pub(crate) fn new(
        dialect: Dialect,
        config: &Config,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Self {
        let line = Line {
            wire: None,
            backlog: Backlog::new(dialect, metrics.bytes_queued.clone()),
            is_gone: false,
            is_closing: false,
            is_draining: false,
            is_lent: false,
            full_since: Timestamp::default(),
        };
        Self(Arc::new(Shared {
            line: Mutex::new(line),
            clock,
            metrics,
            dialect,
            backlog_max: config.backlog_events as usize,
            backlog_bytes_max: config.backlog_bytes_max as usize,
            slow_ms: config.slow_ms,
        }))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// Whether it was told to close, or is gone.
    pub(crate) fn is_closing(&self) -> bool {
        let line = self.0.line.lock();
        line.is_closing || line.is_gone
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
        if line.backlog.is_empty() && !line.is_lent {
            match line.send(&frame, &self.0.metrics) {
                Sent::Done | Sent::Gone => return,
                Sent::Partly(rest) => line.backlog.put_back(Frame::Rest(rest)),
                Sent::Full => line.keep(frame, &self.0),
            }
        } else {
            line.keep(frame, &self.0);
        }
        self.drain_later(&mut line);
    }

    /// Lends the raw socket for one frame; none if there is none, or if something goes first. It is
    /// to be settled in any case, and soon: until then all else waits.
    pub(crate) fn lend(&self) -> Option<Direct> {
        let mut line = self.0.line.lock();
        if line.is_gone || line.is_closing || line.is_lent || !line.backlog.is_empty() {
            return None;
        }
        let socket = line.wire.as_ref()?.direct()?;
        line.is_lent = true;
        Some(socket)
    }

    /// Takes the raw socket back, with what became of the frame that it was lent for.
    pub(crate) fn settle(&self, frame: Frame, sent: Sent) {
        let mut line = self.0.line.lock();
        line.is_lent = false;
        if line.is_gone {
            return;
        }
        if matches!(sent, Sent::Done | Sent::Partly(_)) {
            self.0.metrics.events_sent.inc();
        }
        match sent {
            Sent::Done => {}
            Sent::Partly(rest) => line.backlog.put_back(Frame::Rest(rest)),
            Sent::Full => {
                let skipped = line.backlog.put_before(frame);
                self.0.metrics.ticks_skipped.inc_by(skipped.into());
            }
            Sent::Gone => line.wire.iter().for_each(|wire| wire.lose()),
        }
        if !line.backlog.is_empty() {
            line.drain(&self.0.metrics);
            self.drain_later(&mut line);
        }
    }

    /// Says why, then disconnects; false if that was done before.
    pub(crate) fn close(&self, code: CloseCode) -> bool {
        self.end_with(farewell(code, self.0.dialect), code == CloseCode::Slow)
    }

    /// Sends a finished close frame, then disconnects; false if that was done before.
    pub(crate) fn close_raw(&self, close: Bytes) -> bool {
        self.end_with(Frame::Raw(close), false)
    }

    fn end_with(&self, farewell: Frame, gives_up_backlog: bool) -> bool {
        let mut line = self.0.line.lock();
        if line.is_gone || line.is_closing {
            return false;
        }
        line.end_with(farewell, gives_up_backlog);
        line.drain(&self.0.metrics);
        self.drain_later(&mut line);
        true
    }

    /// Offers the backlog again and again, in one task a socket, while there is one.
    fn drain_later(&self, line: &mut Line) {
        if line.is_draining || line.is_lent || line.backlog.is_empty() {
            return;
        }
        line.is_draining = true;
        line.full_since = self.0.clock.now();
        tokio::spawn(drain(Arc::clone(&self.0)));
    }
}

async fn drain(shared: Arc<Shared>) {
    while let Some(Wait { ready, at_most_until }) = shared.wait() {
        tokio::select! {
            () = ready => {}
            () = shared.clock.sleep_until(at_most_until) => {}
        }
        shared.offer();
    }
}

impl Shared {
    /// What the drain waits for; none if it has ended.
    fn wait(&self) -> Option<Wait> {
        let mut line = self.line.lock();
        let patience_ms = self.patience_ms(line.is_closing);
        let ready = line.wire.as_ref().map(|wire| wire.ready());
        // Whoever settles begins a new one.
        if line.is_gone || line.is_lent || line.backlog.is_empty() {
            line.is_draining = false;
            return None;
        }
        let ready = ready.unwrap_or_else(|| Box::pin(tokio::time::sleep(RETRY)));
        Some(Wait { ready, at_most_until: line.full_since + patience_ms })
    }

    /// Offers the backlog once; whoever takes nothing for too long is closed, then cut off.
    fn offer(&self) {
        let mut line = self.line.lock();
        if line.is_lent {
            return;
        }
        let now = self.clock.now();
        if line.drain(&self.metrics) {
            line.full_since = now;
        }
        if line.backlog.is_empty() {
            return;
        }
        if now.ms_since(line.full_since) < self.patience_ms(line.is_closing) {
            return;
        }
        if !line.is_closing {
            line.close_as_slow(self);
            line.full_since = now;
            return;
        }
        let wire = line.end();
        drop(line);
        if let Some(wire) = wire {
            wire.abandon();
        }
    }

    /// How long the transport may take nothing before the next step is taken against it.
    const fn patience_ms(&self, is_closing: bool) -> u64 {
        match (is_closing, self.dialect) {
            (false, _) => self.slow_ms,
            (true, Dialect::SocketIo) => FAREWELL_MS,
            (true, Dialect::Plain) => PLAIN_FAREWELL_MS,
        }
    }
}

impl Line {
    fn send(&mut self, frame: &Frame, metrics: &Metrics) -> Sent {
        let Some(wire) = &self.wire else { return Sent::Full };
        let sent = wire.send(frame);
        let is_taken = matches!(sent, Sent::Done | Sent::Partly(_));
        if is_taken && matches!(frame, Frame::Event(_)) {
            metrics.events_sent.inc();
        }
        sent
    }

    /// Puts a frame behind the others; past the bounds ticks are given up, then the socket.
    fn keep(&mut self, frame: Frame, shared: &Shared) {
        let mut skipped = u64::from(self.backlog.push(frame));
        if self.is_over(shared) {
            skipped += self.backlog.shed_ticks() as u64;
        }
        shared.metrics.ticks_skipped.inc_by(skipped);
        if self.is_over(shared) {
            self.close_as_slow(shared);
        }
    }

    fn is_over(&self, shared: &Shared) -> bool {
        let is_long = self.backlog.len() > shared.backlog_max;
        is_long || self.backlog.bytes_behind() > shared.backlog_bytes_max
    }

    /// Offers the backlog; whether the transport took anything.
    fn drain(&mut self, metrics: &Metrics) -> bool {
        if self.is_lent {
            return false;
        }
        let mut progress = self.drain_together(metrics);
        while let Some(frame) = self.backlog.pop() {
            match self.send(&frame, metrics) {
                Sent::Done | Sent::Gone => progress = true,
                Sent::Partly(rest) => {
                    self.backlog.put_back(Frame::Rest(rest));
                    return true;
                }
                Sent::Full => {
                    self.backlog.put_back(frame);
                    return progress;
                }
            }
        }
        progress
    }

    /// Offers finished frames many at once, while the transport takes them; whether it took any.
    fn drain_together(&mut self, metrics: &Metrics) -> bool {
        let mut progress = false;
        while let Some(wire) = &self.wire {
            let frames = self.backlog.first_frames();
            if frames.len() < 2 {
                break;
            }
            let Some(taken) = wire.send_together(&frames) else { break };
            metrics.events_sent.inc_by(self.backlog.advance(taken));
            progress |= taken > 0;
            if taken < frames.iter().map(Bytes::len).sum() {
                break;
            }
        }
        progress
    }

    fn close_as_slow(&mut self, shared: &Shared) {
        self.end_with(farewell(CloseCode::Slow, shared.dialect), true);
        let reason = Reason { reason: CloseCode::Slow.as_str() };
        shared.metrics.closed.get_or_create(&reason).inc();
    }

    /// Nothing but the reason and the end is sent from here on. A slow reader's backlog is given
    /// up: it comes back and is told how things stand.
    fn end_with(&mut self, farewell: Frame, gives_up_backlog: bool) {
        self.is_closing = true;
        if gives_up_backlog {
            self.backlog.clear();
        }
        self.backlog.push(farewell);
        self.backlog.push(Frame::Disconnect);
    }

    fn end(&mut self) -> Option<Box<dyn Wire>> {
        self.is_gone = true;
        while self.backlog.pop().is_some() {}
        self.wire.take()
    }
}

#[cfg(test)]
mod tests;
