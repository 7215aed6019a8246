//! A plain socket's request between its reader and its answer.

use std::sync::Arc;

use kernel::Timestamp;
use protocol::plain::{Ask, Request};

use crate::lanes::{Handling, Message, Turn};
use crate::{Session, SessionHandler};

/// What a client asks.
pub(crate) struct Question(pub(crate) Request);

impl Message for Question {
    fn turn(&self) -> Turn {
        match self.0.ask {
            Ask::Authenticate { .. } => Turn::AfterAll,
            Ask::Join { .. } | Ask::Leave | Ask::Sync => Turn::Alone,
            Ask::PlaceBet { .. } | Ask::CancelBet { .. } => Turn::InOrder,
            Ask::CashOut { .. } | Ask::Ping => Turn::AtOnce,
        }
    }

    /// A cash-out names its lobby, so that it waits only to know whose it is.
    fn passes(&self, session: &Session) -> bool {
        match self.0.ask {
            Ask::Ping => true,
            Ask::CashOut { .. } => session.player().or_else(|| session.former_player()).is_some(),
            _ => false,
        }
    }

    fn handle(
        self,
        stamp: Timestamp,
        session: Session,
        handler: Arc<dyn SessionHandler>,
    ) -> Handling {
        Box::pin(async move {
            let json = handler.ask(&session, stamp, self.0).await;
            if !json.is_empty() {
                session.send_text(&json);
            }
        })
    }
}
