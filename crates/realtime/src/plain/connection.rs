//! The one task that reads a plain socket, from its handshake to its last byte.
//!
//! It has no buffer of its own: what was read is on the stack, and the codec keeps nothing but a
//! message that is not complete.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;
use platform::clock::Clock;

use super::codec::{Decoder, Incoming, Violation, encode};
use super::inbox::{Greeting, Inbox};
use super::link::Link;
use super::pulse::Pulse;
use crate::Session;
use crate::metrics::{Metrics, Reason};

/// Bytes read at once.
const READ_BYTES: usize = 4_096;

/// Reads after which other sockets have their turn.
const READS_MAX: u32 = 16;

/// How long a client may take over its own close frame once it was sent ours.
const LINGER: Duration = Duration::from_secs(2);

/// What reads one socket.
pub(crate) struct Reader {
    pub(crate) link: Arc<Link>,
    pub(crate) session: Session,
    /// None once the protocol was broken.
    pub(crate) decoder: Option<Decoder>,
    pub(crate) inbox: Inbox,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

/// How far the reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// More may come.
    Open,
    /// More is there already.
    Busy,
    /// The client has closed, and was answered.
    Closed,
    /// The client broke the protocol, and was told so.
    Broken,
    /// The stream is at its end.
    Gone,
}

impl Reader {
    /// Reads until the socket ends, beginning with what came behind the handshake.
    pub(crate) async fn run(mut self, mut early: Vec<u8>) {
        let progress = self.take(&mut early);
        drop(early);
        let progress = self.read_on(progress).await;
        match progress {
            // Our close frame is out, or never will be: the client's own is waited for.
            Progress::Open | Progress::Busy => self.linger().await,
            Progress::Closed => self.link.ended().await,
            Progress::Broken => {
                self.link.ended().await;
                self.link.shut_down(Shutdown::Write);
                self.linger().await;
            }
            Progress::Gone => {}
        }
        self.link.shut_down(Shutdown::Both);
    }

    /// Reads until something ends: the client, or what we have to say.
    async fn read_on(&mut self, mut progress: Progress) -> Progress {
        loop {
            match progress {
                Progress::Open => {}
                Progress::Busy => tokio::task::yield_now().await,
                ended => return ended,
            }
            tokio::select! {
                biased;
                () = self.link.ended() => return Progress::Open,
                ready = self.link.stream.readable() => if ready.is_err() {
                    return Progress::Gone;
                },
            }
            progress = self.read();
        }
    }

    /// Waits for the end of a client that was told of it.
    async fn linger(&mut self) {
        if self.link.was_abandoned() {
            return;
        }
        let ends = async {
            while let Ok(()) = self.link.stream.readable().await
                && matches!(self.read(), Progress::Open | Progress::Busy | Progress::Broken)
            {
                tokio::task::yield_now().await;
            }
        };
        // Whoever does not answer is cut off.
        let _in_time = tokio::time::timeout(LINGER, ends).await;
    }

    fn read(&mut self) -> Progress {
        let mut buffer = [0; READ_BYTES];
        for _ in 0..READS_MAX {
            let count = match self.link.stream.try_read(&mut buffer) {
                Ok(0) => return Progress::Gone,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Open,
                Err(_) => return Progress::Gone,
            };
            match self.take(&mut buffer[..count]) {
                Progress::Open => {}
                ended => return ended,
            }
        }
        Progress::Busy
    }

    /// Takes bytes that were just read.
    fn take(&mut self, mut bytes: &mut [u8]) -> Progress {
        let stamp = self.clock.now();
        while let Some(decoder) = &mut self.decoder {
            match decoder.read(bytes) {
                Ok((_, None)) => return Progress::Open,
                Ok((used, Some(incoming))) => {
                    bytes = &mut bytes[used..];
                    if self.react(stamp, incoming) == Progress::Closed {
                        return Progress::Closed;
                    }
                }
                Err(violation) => return self.fail(violation),
            }
        }
        Progress::Broken
    }

    fn react(&mut self, stamp: Timestamp, incoming: Incoming) -> Progress {
        if let Incoming::Close(said) = incoming {
            let code = said.map(|(code, _)| code);
            self.session.close_raw(encode::close(code, ""));
            return Progress::Closed;
        }
        if self.session.is_closing() {
            return Progress::Open;
        }
        match incoming {
            Incoming::Text(text) => {
                if self.inbox.text(stamp, &text) == Greeting::Yes {
                    self.pulse.greeted();
                }
            }
            Incoming::TooLarge => {
                self.count("too_large");
                self.inbox.too_large(stamp);
            }
            Incoming::Binary(_) => {
                self.count("binary");
                self.inbox.binary(stamp);
            }
            Incoming::Ping(payload) => {
                if self.inbox.control(stamp) {
                    self.session.send_frame(encode::pong(&payload));
                }
            }
            Incoming::Pong => {
                if !self.pulse.ponged() {
                    self.inbox.control(stamp);
                }
            }
            Incoming::Close(_) => {}
        }
        Progress::Open
    }

    /// The connection ends with the close code that RFC 6455 has for what was done.
    fn fail(&mut self, violation: Violation) -> Progress {
        self.decoder = None;
        self.count(violation.as_str());
        if self.session.close_raw(encode::close(Some(violation.close_code()), violation.as_str())) {
            let reason = Reason { reason: violation.as_str() };
            self.metrics.closed.get_or_create(&reason).inc();
        }
        Progress::Broken
    }

    fn count(&self, reason: &'static str) {
        self.metrics.frames_refused.get_or_create(&Reason { reason }).inc();
    }
}
