//! What a session needs of its transport, and what it hands to it.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use platform::clock::BoxFuture;

use crate::{Dialect, Encoded};

/// How often a backlog is offered again to a transport that does not say when it has room.
pub(super) const RETRY: Duration = Duration::from_millis(20);

/// A raw socket that the kernel may be handed frames for, kept open by whoever holds this.
pub(crate) type Direct = Arc<dyn AsFd + Send + Sync>;

/// A transport's end of one socket.
pub(crate) trait Wire: Send + Sync {
    /// Takes a frame, or says why not. Must not block.
    fn send(&self, frame: &Frame) -> Sent;

    /// How many bytes of these frames it took at once; none if it takes them one by one. A socket
    /// that is gone takes them all.
    fn send_together(&self, _frames: &[Bytes]) -> Option<usize> {
        None
    }

    /// The raw socket, where frames go out as they are.
    fn direct(&self) -> Option<Direct> {
        None
    }

    /// What was sent past it found the socket gone.
    fn lose(&self) {}

    /// Ends when there may be room again.
    fn ready(&self) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(RETRY))
    }

    /// The last frames were not taken in time: the connection may be cut off.
    fn abandon(&self) {}
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The transport has it.
    Done,
    /// The transport has a part of it; this is the rest.
    Partly(Bytes),
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
    /// The answer to an acknowledgement callback, as JSON text. Socket.IO alone.
    Acknowledgement {
        /// The callback's number.
        id: i64,
        /// What it gets.
        json: String,
    },
    /// A finished frame. Plain sockets alone.
    Raw(Bytes),
    /// The rest of a frame that was begun. Plain sockets alone.
    Rest(Bytes),
    /// The end.
    Disconnect,
}

impl Frame {
    pub(crate) fn is_tick(&self, dialect: Dialect) -> bool {
        matches!(self, Self::Event(event) if event.is_tick(dialect))
    }

    /// What a plain socket is sent.
    pub(crate) fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Event(event) => event.frame(),
            Self::Raw(bytes) | Self::Rest(bytes) => Some(bytes),
            Self::Acknowledgement { .. } | Self::Disconnect => None,
        }
    }

    pub(crate) fn len(&self, dialect: Dialect) -> usize {
        match self {
            Self::Event(event) => event.len(dialect),
            Self::Acknowledgement { json, .. } => json.len(),
            Self::Raw(bytes) | Self::Rest(bytes) => bytes.len(),
            Self::Disconnect => 0,
        }
    }
}
