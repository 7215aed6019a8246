//! One socket as a role sees it, whatever transport carries it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use kernel::{LobbyId, PlayerId, Sealed};
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::close::CloseCode;
use protocol::socket_io::ServerEvent;

use crate::hub::roll::Roll;
use crate::metrics::{Metrics, Reason};
use crate::{Config, Dialect, Encoded, plain};

mod backlog;
mod farewell;
mod outbox;
mod wire;

pub(crate) use outbox::Outbox;
pub(crate) use wire::{Direct, Frame, Sent, Wire};

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
    /// Locked before the roll, never after it.
    standing: Mutex<Standing>,
    roll: Roll,
    outbox: Outbox,
    metrics: Metrics,
}

/// What a session has come to.
#[derive(Default)]
struct Standing {
    player: Option<PlayerId>,
    former_player: Option<PlayerId>,
    lobby: Option<LobbyId>,
    sign_in: Option<SignIn>,
    is_gone: bool,
}

/// The sign-in whose token a session showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Which one, where its token says so.
    pub id: Option<String>,
    /// When the token was issued, in seconds since 1970.
    pub issued_at_s: i64,
}

/// What a session is born with.
pub(crate) struct Birth {
    pub(crate) id: SessionId,
    pub(crate) dialect: Dialect,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) token: Option<Sealed<String>>,
    pub(crate) roll: Roll,
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
            roll: birth.roll,
            outbox: Outbox::new(birth.dialect, config, clock, metrics.clone()),
            metrics,
        }))
    }

    /// Its name within this process.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.0.id
    }

    /// How it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.outbox.dialect()
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
        let mut standing = self.0.standing.lock();
        let before = standing.player.replace(player);
        if standing.is_gone || before == Some(player) {
            return;
        }
        if let Some(before) = before {
            self.0.roll.exit(before, self.id());
        }
        self.0.roll.enter(player, self);
    }

    /// The sign-in behind the token shown last.
    #[must_use]
    pub fn sign_in(&self) -> Option<SignIn> {
        self.0.standing.lock().sign_in.clone()
    }

    /// Remembers which sign-in the token was of, and when it was issued, so that its end can be
    /// told from that of others.
    pub fn set_sign_in(&self, id: Option<String>, issued_at_s: i64) {
        self.0.standing.lock().sign_in = Some(SignIn { id, issued_at_s });
    }

    /// The session is gone, out of its player's sockets too.
    pub(crate) fn leave_roll(&self) {
        let mut standing = self.0.standing.lock();
        standing.is_gone = true;
        if let Some(player) = standing.player {
            self.0.roll.exit(player, self.id());
        }
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
    pub(crate) fn set_lobby(&self, lobby: Option<LobbyId>) {
        self.0.standing.lock().lobby = lobby;
    }

    /// Sends an event to this socket.
    pub fn send(&self, event: &ServerEvent) {
        self.send_encoded(&Encoded::from(event));
    }

    /// Sends an event that was encoded before, unless it says nothing in this socket's dialect.
    /// Whether it does. Never blocks: what the transport does not take waits in a backlog, where a
    /// tick replaces the tick before it.
    pub fn send_encoded(&self, event: &Encoded) -> bool {
        let speaks = event.speaks(self.dialect());
        if speaks {
            self.0.outbox.push(Frame::Event(event.clone()));
        }
        speaks
    }

    /// Lends the raw socket for an event that goes to many; none if it has to wait or has none.
    pub(crate) fn lend(&self) -> Option<Direct> {
        self.0.outbox.lend()
    }

    /// Takes the raw socket back, with what became of the event that it was lent for.
    pub(crate) fn settle(&self, event: &Encoded, sent: Sent) {
        self.0.outbox.settle(Frame::Event(event.clone()), sent);
    }

    /// Answers an acknowledgement callback with JSON text.
    pub(crate) fn acknowledge(&self, id: i64, json: String) {
        self.0.outbox.push(Frame::Acknowledgement { id, json });
    }

    /// Sends one JSON text; for plain sockets.
    pub fn send_text(&self, json: &str) {
        if self.dialect() == Dialect::Plain {
            self.send_frame(plain::text_frame(json));
        }
    }

    /// Sends a finished frame; for plain sockets.
    pub(crate) fn send_frame(&self, frame: Bytes) {
        self.0.outbox.push(Frame::Raw(frame));
    }

    /// Closes the socket. A plain one gets a close frame with the code and its word. Socket.IO has
    /// no close codes: there the word comes in an `error`, and the socket is disconnected.
    pub fn close(&self, code: CloseCode) {
        self.close_because(code, code.as_str());
    }

    /// The same, counted under a reason of its own.
    pub(crate) fn close_because(&self, code: CloseCode, reason: &'static str) {
        if self.0.outbox.close(code) {
            self.0.metrics.closed.get_or_create(&Reason { reason }).inc();
        }
    }

    /// Ends a plain socket with this close frame; false if it was closed before.
    pub(crate) fn close_raw(&self, close: Bytes) -> bool {
        self.0.outbox.close_raw(close)
    }

    /// Whether it is being closed: nothing that comes in counts any more.
    pub(crate) fn is_closing(&self) -> bool {
        self.0.outbox.is_closing()
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
