//! What a role does with its sockets.

use async_trait::async_trait;
use kernel::Timestamp;
use protocol::Problem;
use protocol::plain::Request;
use protocol::socket_io::{ClientMessage, ServerEvent};

use crate::Session;

/// A role's side of every session.
///
/// Messages of one socket come in the order they were sent, with one exception that money
/// deserves: a `withdraw` waits neither for bets that are still being stored nor for the withdraws
/// before it, and where it says itself which lobby and who, not for a join either. A join is
/// handled alone; a bet waits for the joins and bets before it. A message without a lobby is given
/// the one that was joined when it was its turn.
///
/// Plain sockets' requests are ordered likewise: `authenticate`, `join`, `leave` and `sync` are
/// handled alone, an `authenticate` after the bets before it; `place_bet` and `cancel_bet` follow
/// each other; a `cash_out` of a socket that has authenticated, and a `ping`, wait for nothing.
#[async_trait]
pub trait SessionHandler: Send + Sync + 'static {
    /// The socket is there; over Socket.IO it was told `connected`.
    async fn connected(&self, session: &Session);

    /// One Socket.IO message, read completely at `stamp`. It runs to its end even if the socket
    /// goes.
    async fn message(&self, session: &Session, stamp: Timestamp, message: ClientMessage) -> Reply;

    /// One request of a plain socket, read completely at `stamp`: its reply or refusal as JSON
    /// text. Empty says that it was told already, by [`Session::send_text`], where something had
    /// to come right behind it. It runs to its end even if the socket goes.
    async fn ask(&self, session: &Session, stamp: Timestamp, request: Request) -> String;

    /// The socket is gone, and all its messages were handled.
    async fn disconnected(&self, session: &Session);
}

/// What the sender of a message is told, in this order, and then its acknowledgement callback.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// Events for this socket alone.
    pub events: Vec<ServerEvent>,
    /// JSON text for the callback; without it the callback gets what the first event is worth.
    pub acknowledgement: Option<String>,
}

impl Reply {
    /// Tells `events`.
    #[must_use]
    pub fn tell(events: Vec<ServerEvent>) -> Self {
        Self { events, acknowledgement: None }
    }

    /// Tells an `error`.
    #[must_use]
    pub fn refuse(problem: Problem) -> Self {
        Self::tell(vec![ServerEvent::Error(problem)])
    }

    /// Gives `event` to the acknowledgement callback, told or not.
    #[must_use]
    pub fn acknowledged_by(mut self, event: &ServerEvent) -> Self {
        self.acknowledgement = Some(event.acknowledgement());
        self
    }

    /// What the callback gets, as JSON text.
    #[must_use]
    pub fn acknowledgement(&self) -> String {
        let first = || self.events.first().map(ServerEvent::acknowledgement);
        self.acknowledgement.clone().or_else(first).unwrap_or_else(|| "null".to_owned())
    }
}
