//! Lobbies that are this node's no more though its lease holds: a failover may have lost the
//! claim, or the database's clock leapt and another node has claimed them.
//!
//! One that plays finds out by its next write. One that waits, for the wallet or for seeds, writes
//! nothing: it would refuse players for ever whom the new owner would serve.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Epoch, LobbyId};

use super::Lobbies;
use crate::live::{Ended, LiveLobby};

/// How often lobbies are looked at, in milliseconds; one that showed nothing since the last look
/// is compared with its claim.
const LOOK_MS: u64 = 2_000;

impl Lobbies {
    /// Ends quiet lobbies whose claim is void, for as long as this node takes anything.
    pub(crate) async fn look_for_void_claims(self: Arc<Self>) {
        let mut shown: BTreeMap<LobbyId, (Epoch, u64)> = BTreeMap::new();
        while self.ownership.is_shared() && !self.is_stopping() {
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => return,
                () = self.clock.sleep_until(self.clock.now() + LOOK_MS) => {}
            }
            let before = std::mem::take(&mut shown);
            for live in self.all_awake().into_iter().filter(|live| !live.is_ended()) {
                let picture = (live.epoch, live.seq());
                if before.get(&live.id()) == Some(&picture) && self.ownership.holds() {
                    self.compare(&live).await;
                }
                shown.insert(live.id(), picture);
            }
        }
    }

    /// Read after the claim that the lobby lives under: whatever differs came later.
    async fn compare(&self, live: &LiveLobby) {
        let left = match self.takeover.store.inherit(live.id()).await {
            Ok(Some(left)) => left,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, lobby.id = %live.id(), "a claim could not be read");
                return;
            }
        };
        if (left.owner, left.claimed) != (Some(self.ownership.node()), live.epoch) {
            tracing::error!(lobby.id = %live.id(), "the claim on a lobby is void; it ends here");
            live.end(self.clock.now(), Ended::Fenced);
        }
    }
}
