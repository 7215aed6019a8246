//! Pictures of lobbies, from their owner to every gateway, and notices for all of them. Nothing
//! of value rides here: a lost picture costs nobody anything and is repaired from a snapshot.

mod nats;

use std::collections::BTreeMap;

use bytes::Bytes;
use kernel::LobbyId;
use parking_lot::Mutex;
use tokio::sync::broadcast;

pub use nats::{NatsBus, NatsError};

/// Pictures a subscription keeps for its reader; past them the oldest are lost. Room for the
/// results that the end of a crowded round sends at once, which no snapshot repairs.
const KEPT: usize = 4_096;

/// Carries pictures: JSON of `protocol::Picture`, in the order their publisher sent them.
pub trait Bus: Send + Sync {
    /// Sends `picture` to the subscribers of `lobby`. Never waits, never fails: where nobody
    /// listens it goes nowhere.
    fn publish(&self, lobby: LobbyId, picture: Bytes);

    /// Listens to `lobby` from now on.
    fn subscribe(&self, lobby: LobbyId) -> Subscription;

    /// Sends `notice`, JSON of `protocol::notice::Notice`, to everyone who listens to notices.
    /// Never waits, never fails.
    fn notify(&self, notice: Bytes);

    /// Listens to notices from now on.
    fn notices(&self) -> Subscription;
}

/// A listener's end. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    pictures: broadcast::Receiver<Delivery>,
}

/// What a listener gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The next picture.
    Picture(Bytes),
    /// Pictures were lost: ask the owner for a snapshot.
    Lagged,
}

/// The bus within one process.
#[derive(Debug, Default)]
pub struct MemoryBus {
    lobbies: Mutex<BTreeMap<LobbyId, broadcast::Sender<Delivery>>>,
    /// Made by the first listener.
    notices: Mutex<Option<broadcast::Sender<Delivery>>>,
}

impl Subscription {
    /// The next delivery; `None` once the bus is gone. May be dropped without losing a picture.
    pub async fn next(&mut self) -> Option<Delivery> {
        match self.pictures.recv().await {
            Ok(delivery) => Some(delivery),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Delivery::Lagged),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl MemoryBus {
    /// A bus without listeners.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Bus for MemoryBus {
    fn publish(&self, lobby: LobbyId, picture: Bytes) {
        let mut lobbies = self.lobbies.lock();
        let Some(listeners) = lobbies.get(&lobby) else { return };
        if listeners.send(Delivery::Picture(picture)).is_err() {
            // The last listener left; the next one makes a new channel.
            lobbies.remove(&lobby);
        }
    }

    fn subscribe(&self, lobby: LobbyId) -> Subscription {
        let mut lobbies = self.lobbies.lock();
        let listeners = lobbies.entry(lobby).or_insert_with(|| broadcast::channel(KEPT).0);
        Subscription { pictures: listeners.subscribe() }
    }

    fn notify(&self, notice: Bytes) {
        if let Some(listeners) = &*self.notices.lock() {
            let _nobody_listens = listeners.send(Delivery::Picture(notice));
        }
    }

    fn notices(&self) -> Subscription {
        let mut notices = self.notices.lock();
        let listeners = notices.get_or_insert_with(|| broadcast::channel(KEPT).0);
        Subscription { pictures: listeners.subscribe() }
    }
}

#[cfg(test)]
mod tests;
