//! What a role does with its sockets.

use async_trait::async_trait;
use kernel::Timestamp;
use protocol::Problem;
use protocol::socket_io::{ClientMessage, ServerEvent};

use crate::Session;

/// A role's side of every session.
///
/// Messages of one socket come in the order they were sent, with one exception that money
/// deserves: a `withdraw` waits neither for bets that are still being stored nor for the withdraws
/// before it, and where it says itself which lobby and who, not for a join either. A join is
/// handled alone; a bet waits for the joins and bets before it. A message without a lobby is given
/// the one that was joined when it was its turn.
#[async_trait]
pub trait SessionHandler: Send + Sync + 'static {
    /// The socket is there and was told `connected`.
    async fn connected(&self, session: &Session);

    /// One message, read completely at `stamp`. It runs to its end even if the socket goes.
    async fn message(&self, session: &Session, stamp: Timestamp, message: ClientMessage) -> Reply;

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
