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
use kernel::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::{Session, SessionHandler};

/// A message on its way to its answer.
pub(crate) type Handling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a transport reads from its clients.
pub(crate) trait Message: Send + 'static {
    /// Beside what it may be handled.
    fn turn(&self) -> Turn;

    /// Whether nothing that came before can change what it means.
    fn passes(&self, session: &Session) -> bool;

    /// Has it handled and answered; what it means is fixed when this is called.
    fn handle(
        self,
        stamp: Timestamp,
        session: Session,
        handler: Arc<dyn SessionHandler>,
    ) -> Handling;
}

/// When a message is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Alone: what came after it waits for it.
    Alone,
    /// Alone, and after the bets before it: it changes whose they would be.
    AfterAll,
    /// After the bets before it.
    InOrder,
    /// At once.
    AtOnce,
}

/// One message on its way to the role.
pub(crate) struct Incoming<M> {
    pub(crate) stamp: Timestamp,
    pub(crate) message: M,
    /// Its place among the messages in flight, given back with the answer.
    pub(crate) place: OwnedSemaphorePermit,
}

/// Where a reader puts what it took. It has no bound of its own: each message in it holds one of
/// the places.
pub(crate) type Queue<M> = mpsc::UnboundedSender<Box<Incoming<M>>>;

/// Messages that follow each other.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<Handling>,
}

/// Everything of one session that is not answered yet; each message holds its place in flight,
/// which bounds them all.
struct Lanes<M> {
    session: Session,
    handler: Arc<dyn SessionHandler>,
    /// What came after a join that is still being handled, in order.
    held: VecDeque<Box<Incoming<M>>>,
    joins: Lane,
    bets: Lane,
    at_once: FuturesUnordered<Handling>,
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

impl<M: Message> Lanes<M> {
    /// Takes a message in: it begins, or waits for what came before it.
    fn take(&mut self, incoming: Box<Incoming<M>>) {
        let is_next = self.held.is_empty() && self.may_begin(&incoming.message);
        if is_next || incoming.message.passes(&self.session) {
            self.begin(*incoming);
        } else {
            self.held.push_back(incoming);
        }
    }

    fn may_begin(&self, message: &M) -> bool {
        let bets_are_done = self.bets.waiting.is_empty();
        self.joins.waiting.is_empty() && (bets_are_done || message.turn() != Turn::AfterAll)
    }

    /// Begins what was held back, up to what has to wait on.
    fn resume(&mut self) {
        while self.held.front().is_some_and(|first| self.may_begin(&first.message))
            && let Some(incoming) = self.held.pop_front()
        {
            self.begin(*incoming);
        }
    }

    fn begin(&mut self, incoming: Incoming<M>) {
        let Incoming { stamp, message, place } = incoming;
        let turn = message.turn();
        let handling = message.handle(stamp, self.session.clone(), Arc::clone(&self.handler));
        let handling = Box::pin(async move {
            handling.await;
            drop(place);
        });
        match turn {
            Turn::Alone | Turn::AfterAll => self.joins.waiting.push_back(handling),
            Turn::InOrder => self.bets.waiting.push_back(handling),
            Turn::AtOnce => self.at_once.push(handling),
        }
    }

    /// Whether everything is answered. What is held waits for a join or a bet.
    fn is_empty(&self) -> bool {
        let sequence_is_empty = self.joins.waiting.is_empty() && self.bets.waiting.is_empty();
        sequence_is_empty && self.at_once.is_empty()
    }
}

/// Handles one session's messages until its reader is gone and everything is answered.
pub(crate) async fn run<M: Message>(
    session: Session,
    handler: Arc<dyn SessionHandler>,
    mut inbox: mpsc::UnboundedReceiver<Box<Incoming<M>>>,
) {
    handler.connected(&session).await;
    let mut lanes = Lanes {
        session: session.clone(),
        handler: Arc::clone(&handler),
        held: VecDeque::new(),
        joins: Lane::default(),
        bets: Lane::default(),
        at_once: FuturesUnordered::new(),
    };
    let mut is_open = true;
    while is_open || !lanes.is_empty() {
        tokio::select! {
            biased;
            Some(()) = lanes.at_once.next() => {}
            () = lanes.joins.step() => lanes.resume(),
            incoming = inbox.recv(), if is_open => match incoming {
                None => is_open = false,
                Some(incoming) => lanes.take(incoming),
            },
            () = lanes.bets.step() => lanes.resume(),
        }
    }
    handler.disconnected(&session).await;
}

#[cfg(test)]
mod tests;
