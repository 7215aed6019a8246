//! A raw stream shared by whoever sends to it and the one task that reads it.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use platform::clock::BoxFuture;
use platform::http::RawStream;
use tokio::sync::Notify;

use crate::session::{Direct, Frame, Sent, Wire};

/// Bytes the kernel holds for a socket that does not read; what it reports is twice that.
const SEND_BUFFER: usize = 32 * 1_024;

/// One socket's stream.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) stream: RawStream,
    /// Everything was sent that ever will be.
    ended: Notify,
    was_abandoned: AtomicBool,
}

/// The way out through a link.
pub(crate) struct PlainWire(pub(crate) Arc<Link>);

impl Link {
    pub(crate) fn new(stream: RawStream) -> Self {
        // Without it the kernel would hold megabytes for each that does not read. A connection
        // that is gone already shows it when it is read.
        let _gone_already = stream.set_send_buffer_size(SEND_BUFFER);
        Self { stream, ended: Notify::new(), was_abandoned: AtomicBool::new(false) }
    }

    /// Ends when the last frame is out, or will never be. For one caller.
    pub(crate) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Whether the last frame was not taken in time.
    pub(crate) fn was_abandoned(&self) -> bool {
        self.was_abandoned.load(Ordering::Relaxed)
    }

    /// Ends the stream, or one direction of it, now. If that fails it is gone already.
    pub(crate) fn shut_down(&self, how: Shutdown) {
        let _gone_already = self.stream.shut_down(how);
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Wire for PlainWire {
    fn send(&self, frame: &Frame) -> Sent {
        let Some(bytes) = frame.bytes() else {
            if matches!(frame, Frame::Disconnect) {
                self.0.ended.notify_one();
            }
            return Sent::Done;
        };
        match self.0.stream.try_write(bytes) {
            // Over TLS all of it may be taken and none of it be out: the empty rest sees to that.
            Ok(count) if count == bytes.len() && !self.0.stream.has_unsent() => Sent::Done,
            Ok(count) => Sent::Partly(bytes.slice(count..)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Sent::Full,
            Err(_) => {
                self.lose();
                Sent::Gone
            }
        }
    }

    fn send_together(&self, frames: &[Bytes]) -> Option<usize> {
        let slices: Vec<_> = frames.iter().map(|frame| IoSlice::new(frame)).collect();
        Some(match self.0.stream.try_write_vectored(&slices)? {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => {
                self.lose();
                frames.iter().map(Bytes::len).sum()
            }
        })
    }

    fn direct(&self) -> Option<Direct> {
        // What goes past the encryption is nothing that a client could read.
        if self.0.stream.is_secured() { None } else { Some(Arc::<Link>::clone(&self.0)) }
    }

    fn lose(&self) {
        // The reader notices, also where the error was told to whoever wrote and to nobody else.
        self.0.shut_down(Shutdown::Both);
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        let link = Arc::clone(&self.0);
        Box::pin(async move {
            // A stream that failed takes everything, and says that it is gone.
            let _gone_already = link.stream.writable().await;
        })
    }

    fn abandon(&self) {
        self.0.was_abandoned.store(true, Ordering::Relaxed);
        self.0.ended.notify_one();
    }
}
