//! A Socket.IO message between its reader and its answer.

use std::sync::Arc;

use kernel::Timestamp;
use protocol::socket_io::ClientMessage;

use crate::lanes::{Handling, Message, Turn};
use crate::{Session, SessionHandler};

/// What a client sent.
pub(crate) struct Event {
    pub(crate) message: ClientMessage,
    /// The acknowledgement callback that waits, if any.
    pub(crate) acknowledgement: Option<i64>,
}

impl Message for Event {
    fn turn(&self) -> Turn {
        match self.message {
            ClientMessage::JoinRoom(_) => Turn::Alone,
            ClientMessage::PlaceBet(_) => Turn::InOrder,
            ClientMessage::Withdraw(_) => Turn::AtOnce,
        }
    }

    /// No join can change what a cash-out means that names its lobby, if who sends it is in the
    /// message or known already.
    fn passes(&self, session: &Session) -> bool {
        match &self.message {
            ClientMessage::Withdraw(withdraw) => {
                let proved = session.player().or_else(|| session.former_player());
                withdraw.lobby.is_some() && (withdraw.token.is_some() || proved.is_some())
            }
            ClientMessage::JoinRoom(_) | ClientMessage::PlaceBet(_) => false,
        }
    }

    /// The joined lobby is taken now, when the message begins, not when its turn in its lane
    /// comes.
    fn handle(
        self,
        stamp: Timestamp,
        session: Session,
        handler: Arc<dyn SessionHandler>,
    ) -> Handling {
        let message = match self.message {
            join @ ClientMessage::JoinRoom(_) => join,
            message => message.in_lobby(session.lobby()),
        };
        let acknowledgement = self.acknowledgement;
        Box::pin(async move {
            let reply = handler.message(&session, stamp, message).await;
            reply.events.iter().for_each(|event| session.send(event));
            if let Some(id) = acknowledgement {
                session.acknowledge(id, reply.acknowledgement());
            }
        })
    }
}
