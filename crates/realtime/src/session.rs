//! One socket as a role sees it, whatever transport carries it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use kernel::{LobbyId, PlayerId, Sealed};
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::close::CloseCode;
use protocol::socket_io::ServerEvent;

use crate::metrics::{Metrics, Reason};
use crate::{Config, Encoded};

mod outbox;

pub(crate) use outbox::{Frame, Outbox, Sent, Wire};

/// Names a session within its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(crate) u64);

/// One socket. A clone is the same socket.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    id: SessionId,
    peer: Option<IpAddr>,
    token: Option<Sealed<String>>,
    standing: Mutex<Standing>,
    outbox: Outbox,
    metrics: Metrics,
}

/// What a session has come to.
#[derive(Default)]
struct Standing {
    player: Option<PlayerId>,
    former_player: Option<PlayerId>,
    lobby: Option<LobbyId>,
}

/// What a session is born with.
pub(crate) struct Birth {
    pub(crate) id: SessionId,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) token: Option<Sealed<String>>,
}

impl Session {
    pub(crate) fn new(
        birth: Birth,
        config: &Config,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Self {
        Self(Arc::new(Inner {
            id: birth.id,
            peer: birth.peer,
            token: birth.token,
            standing: Mutex::default(),
            outbox: Outbox::new(config, clock, metrics.clone()),
            metrics,
        }))
    }

    /// Its name within this process.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.0.id
    }

    /// Where it comes from, as far as that is known.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        self.0.peer
    }

    /// The token of the handshake's `auth`. Nothing has checked it yet.
    #[must_use]
    pub fn token(&self) -> Option<&Sealed<String>> {
        self.0.token.as_ref()
    }

    /// Who this socket has proved to be, with a token that was good then.
    #[must_use]
    pub fn player(&self) -> Option<PlayerId> {
        self.0.standing.lock().player
    }

    /// Remembers who this socket proved to be; a later proof replaces an earlier one.
    pub fn set_player(&self, player: PlayerId) {
        self.0.standing.lock().player = Some(player);
    }

    /// Who this socket has proved to have been, with a genuine token whose time was over: enough
    /// to cash out, and for nothing else.
    #[must_use]
    pub fn former_player(&self) -> Option<PlayerId> {
        self.0.standing.lock().former_player
    }

    /// Remembers whose token it was whose time was over.
    pub fn set_former_player(&self, player: PlayerId) {
        self.0.standing.lock().former_player = Some(player);
    }

    /// The lobby joined.
    #[must_use]
    pub fn lobby(&self) -> Option<LobbyId> {
        self.0.standing.lock().lobby
    }

    /// Set by the hub alone, so that its audiences and this never differ.
    pub(crate) fn set_lobby(&self, lobby: LobbyId) {
        self.0.standing.lock().lobby = Some(lobby);
    }

    /// Sends an event to this socket.
    pub fn send(&self, event: &ServerEvent) {
        self.send_encoded(&Encoded::from(event));
    }

    /// Sends an event that was encoded before. Never blocks: what the transport does not take
    /// waits in a backlog, where a tick replaces the tick before it.
    pub fn send_encoded(&self, event: &Encoded) {
        self.0.outbox.push(Frame::Event(event.clone()));
    }

    /// Answers an acknowledgement callback with JSON text.
    pub(crate) fn acknowledge(&self, id: i64, json: String) {
        self.0.outbox.push(Frame::Acknowledgement { id, json });
    }

    /// Closes the socket: it is told why in an `error` and disconnected. Socket.IO has no close
    /// codes, so the code's word stands in the event.
    pub fn close(&self, code: CloseCode) {
        if self.0.outbox.close(code) {
            self.0.metrics.closed.get_or_create(&Reason { reason: code.as_str() }).inc();
        }
    }

    /// Gives the session its transport; false if the socket is gone already.
    pub(crate) fn attach(&self, wire: Box<dyn Wire>) -> bool {
        self.0.outbox.attach(wire)
    }

    /// The transport is gone: nothing is sent any more.
    pub(crate) fn detach(&self) {
        self.0.outbox.detach();
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("id", &self.0.id).finish_non_exhaustive()
    }
}
