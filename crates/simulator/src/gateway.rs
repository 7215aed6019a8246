//! A gateway process: production's re-sending of calls, and the news of lobbies for the crowd.

use std::sync::Arc;

use gateway::play::Owners;
use kernel::LobbyId;
use protocol::picture::{Picture, PictureEvent, Snapshot};
use protocol::rounds::Phase;

use crate::crowd::screens::{News, Screens};
use crate::network::{Link, Network, Peer};

/// How a gateway process is called. Clones are the same.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Inner>);

struct Inner {
    owners: Owners,
    network: Network,
    link: Link,
    screens: Screens,
}

impl Gateway {
    pub(crate) fn new(owners: Owners, network: Network, peer: Peer, screens: Screens) -> Self {
        let link = Link { from: peer, to: Peer::Crowd };
        Self(Arc::new(Inner { owners, network, link, screens }))
    }

    pub(crate) fn owners(&self) -> &Owners {
        &self.0.owners
    }

    /// A picture came off the bus: whoever watches is shown what changed.
    pub(crate) fn hears(&self, lobby: LobbyId, picture: &Picture) {
        let phase = match &picture.event {
            PictureEvent::BettingOpened(_) => Phase::Open,
            PictureEvent::RoundLocked(_) => Phase::Locked,
            PictureEvent::RoundStarted(_) => Phase::Running,
            PictureEvent::Crashed(_) => Phase::Crashed,
            PictureEvent::Settled(_) => Phase::Settled,
            PictureEvent::Voided(_) => Phase::Voided,
            PictureEvent::Interrupted(_) => Phase::Interrupted,
            _ => return,
        };
        let at = (picture.epoch, picture.seq);
        self.show(lobby, News { at, round: picture.round, phase });
    }

    /// What the owner says of a lobby, for who noticed that pictures were lost.
    pub(crate) async fn look(&self, lobby: LobbyId) {
        let Ok(json) = self.0.owners.snapshot(lobby, None).await else { return };
        if let Ok(snapshot) = serde_json::from_slice::<Snapshot>(&json) {
            let at = (snapshot.epoch, snapshot.seq);
            self.show(lobby, News { at, round: snapshot.round, phase: snapshot.phase });
        }
    }

    fn show(&self, lobby: LobbyId, news: News) {
        let screens = self.0.screens.clone();
        self.0.network.send(self.0.link, move || screens.show(lobby, news));
    }
}
