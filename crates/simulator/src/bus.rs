//! The bus between processes: pictures may be lost, late, or come twice; nobody loses money by it.

use std::sync::Arc;

use bytes::Bytes;
use cluster::{Bus, MemoryBus, Subscription};
use kernel::LobbyId;
use protocol::picture::PictureEvent;

use crate::gateway::Gateway;
use crate::judge::Judge;
use crate::network::{Link, Machine, Network, Peer};

/// A process' way onto the bus. Whatever is published is judged as it leaves.
pub(crate) struct WorldBus {
    pub(crate) network: Network,
    pub(crate) from: Peer,
    pub(crate) gateways: Vec<Arc<Machine<Gateway>>>,
    pub(crate) judge: Judge,
    /// Nobody in a game or user process subscribes; this answers if one does.
    pub(crate) nobody: MemoryBus,
}

impl Bus for WorldBus {
    fn publish(&self, lobby: LobbyId, picture: Bytes) {
        let Some(picture) = self.judge.shows(&picture).map(Arc::new) else { return };
        // Nobody here draws a curve.
        if matches!(picture.event, PictureEvent::Tick(_) | PictureEvent::BetsAccepted(_)) {
            return;
        }
        for gateway in &self.gateways {
            let (gateway, picture) = (Arc::clone(gateway), Arc::clone(&picture));
            let link = Link { from: self.from, to: gateway.peer };
            self.network.send(link, move || {
                if let Some((_, up)) = gateway.serving() {
                    up.hears(lobby, &picture);
                }
            });
        }
    }

    fn subscribe(&self, lobby: LobbyId) -> Subscription {
        self.nobody.subscribe(lobby)
    }

    fn notify(&self, notice: Bytes) {
        self.judge.notifies(&notice);
    }

    fn notices(&self) -> Subscription {
        self.nobody.notices()
    }
}
