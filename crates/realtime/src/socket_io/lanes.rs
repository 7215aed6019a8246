//! The order in which one socket's messages are handled.
//!
//! A join is handled alone: whatever came after it waits, so that a message without a lobby goes
//! to the one just joined. Bets follow each other in one lane and cash-outs in another, so that a
//! cash-out never waits for a bet that is still being stored.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use protocol::socket_io::ClientMessage;
use tokio::sync::mpsc;

use super::inbox::Incoming;
use crate::{Session, SessionHandler};

type Handling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Messages that follow each other.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<Handling>,
}

impl Lane {
    /// Runs the first one to its end; for ever if there is none. Dropping this future keeps it.
    async fn step(&mut self) {
        match self.waiting.front_mut() {
            Some(handling) => handling.as_mut().await,
            None => pending().await,
        }
        self.waiting.pop_front();
    }
}

/// Handles one session's messages until its reader is gone and everything is answered.
pub(crate) async fn run(
    session: Session,
    handler: Arc<dyn SessionHandler>,
    mut inbox: mpsc::UnboundedReceiver<Incoming>,
) {
    handler.connected(&session).await;
    let (mut joins, mut bets, mut cash_outs) = (Lane::default(), Lane::default(), Lane::default());
    let mut is_open = true;
    while is_open || !(bets.waiting.is_empty() && cash_outs.waiting.is_empty()) {
        let joined = joins.waiting.is_empty();
        tokio::select! {
            biased;
            () = cash_outs.step() => {}
            () = joins.step() => {}
            incoming = inbox.recv(), if is_open && joined => match incoming {
                None => is_open = false,
                Some(incoming) => {
                    let lane = match incoming.message {
                        ClientMessage::JoinRoom(_) => &mut joins,
                        ClientMessage::PlaceBet(_) => &mut bets,
                        ClientMessage::Withdraw(_) => &mut cash_outs,
                    };
                    let handling = handle(session.clone(), Arc::clone(&handler), incoming);
                    lane.waiting.push_back(Box::pin(handling));
                }
            },
            () = bets.step() => {}
        }
    }
    handler.disconnected(&session).await;
}

/// The joined lobby is taken when the message is, not when its turn comes.
fn handle(
    session: Session,
    handler: Arc<dyn SessionHandler>,
    incoming: Incoming,
) -> impl Future<Output = ()> + Send {
    let Incoming { stamp, message, acknowledgement, _place: place } = incoming;
    let message = match message {
        join @ ClientMessage::JoinRoom(_) => join,
        message => message.in_lobby(session.lobby()),
    };
    async move {
        let reply = handler.message(&session, stamp, message).await;
        reply.events.iter().for_each(|event| session.send(event));
        if let Some(id) = acknowledgement {
            session.acknowledge(id, reply.acknowledgement());
        }
        drop(place);
    }
}

#[cfg(test)]
mod tests;
