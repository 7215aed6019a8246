//! The order in which one socket's messages are handled.
//!
//! A join is handled alone: whatever came after it waits, so that a message without a lobby goes
//! to the one just joined. Bets follow each other. A cash-out that was read in time must not
//! become too late here: it begins at once beside all others, and waits for a join only if the
//! join says what the cash-out leaves open.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
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

/// Everything of one session that is not answered yet; each message holds its place in flight,
/// which bounds them all.
struct Lanes {
    session: Session,
    handler: Arc<dyn SessionHandler>,
    /// What came after a join that is still being handled, in order.
    held: VecDeque<Incoming>,
    joins: Lane,
    bets: Lane,
    cash_outs: FuturesUnordered<Handling>,
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

impl Lanes {
    /// Takes a message in: it begins, or waits for the joins before it.
    fn take(&mut self, incoming: Incoming) {
        if self.joins.waiting.is_empty() || self.passes_joins(&incoming.message) {
            self.begin(incoming);
        } else {
            self.held.push_back(incoming);
        }
    }

    /// Whether no join can change what the message means: it names its lobby, and who sends it is
    /// in the message or known already.
    fn passes_joins(&self, message: &ClientMessage) -> bool {
        match message {
            ClientMessage::Withdraw(withdraw) => {
                let proved = self.session.player().or_else(|| self.session.former_player());
                withdraw.lobby.is_some() && (withdraw.token.is_some() || proved.is_some())
            }
            ClientMessage::JoinRoom(_) | ClientMessage::PlaceBet(_) => false,
        }
    }

    /// Begins what a join has held back, up to the next join.
    fn resume(&mut self) {
        while self.joins.waiting.is_empty()
            && let Some(incoming) = self.held.pop_front()
        {
            self.begin(incoming);
        }
    }

    fn begin(&mut self, incoming: Incoming) {
        let lane = match incoming.message {
            ClientMessage::JoinRoom(_) => Some(&mut self.joins),
            ClientMessage::PlaceBet(_) => Some(&mut self.bets),
            ClientMessage::Withdraw(_) => None,
        };
        let handling = handle(self.session.clone(), Arc::clone(&self.handler), incoming);
        match lane {
            Some(lane) => lane.waiting.push_back(Box::pin(handling)),
            None => self.cash_outs.push(Box::pin(handling)),
        }
    }

    /// Whether everything is answered. What is held waits for a join.
    fn is_empty(&self) -> bool {
        let sequence_is_empty = self.joins.waiting.is_empty() && self.bets.waiting.is_empty();
        sequence_is_empty && self.cash_outs.is_empty()
    }
}

/// Handles one session's messages until its reader is gone and everything is answered.
pub(crate) async fn run(
    session: Session,
    handler: Arc<dyn SessionHandler>,
    mut inbox: mpsc::UnboundedReceiver<Incoming>,
) {
    handler.connected(&session).await;
    let mut lanes = Lanes {
        session: session.clone(),
        handler: Arc::clone(&handler),
        held: VecDeque::new(),
        joins: Lane::default(),
        bets: Lane::default(),
        cash_outs: FuturesUnordered::new(),
    };
    let mut is_open = true;
    while is_open || !lanes.is_empty() {
        tokio::select! {
            biased;
            Some(()) = lanes.cash_outs.next() => {}
            () = lanes.joins.step() => lanes.resume(),
            incoming = inbox.recv(), if is_open => match incoming {
                None => is_open = false,
                Some(incoming) => lanes.take(incoming),
            },
            () = lanes.bets.step() => {}
        }
    }
    handler.disconnected(&session).await;
}

/// The joined lobby is taken when the message begins, not when its turn in its lane comes.
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
