//! Lobbies that need an owner and have none: whoever sees it first takes them over.

use std::sync::Arc;

use super::Lobbies;

/// How often they are looked for, in milliseconds.
const LOOK_MS: u64 = 250;
/// The most that one look takes.
const TAKEN_MAX: u32 = 256;

impl Lobbies {
    /// Takes over what other nodes have left, for as long as this one takes anything. Where no
    /// other node can be, a start has taken over everything there is.
    pub(crate) async fn look_for_orphans(self: Arc<Self>) {
        while self.ownership.is_shared() && !self.is_stopping() {
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => break,
                () = self.clock.sleep_until(self.clock.now() + LOOK_MS) => {}
            }
            let found = if self.ownership.holds() { self.take_orphans().await } else { Some(0) };
            // What cannot be looked at is as it was.
            if let Some(found) = found {
                self.takeover.metrics.lobbies_without_owner.set(found);
            }
        }
        // Whoever looks no more says nothing of others.
        self.takeover.metrics.lobbies_without_owner.set(0);
    }

    /// Takes over what it can; how many there were, if the store says.
    async fn take_orphans(self: &Arc<Self>) -> Option<i64> {
        let store = &self.takeover.store;
        let orphans = match store.lobbies_to_own(self.ownership.node(), TAKEN_MAX).await {
            Ok(orphans) => orphans,
            Err(error) => {
                tracing::warn!(%error, "lobbies without an owner could not be looked for");
                return None;
            }
        };
        let found = i64::try_from(orphans.len()).unwrap_or(i64::MAX);
        for lobby in orphans {
            // A task each: one that cannot be taken over now holds no other up.
            if self.awake(lobby).is_none() && self.orphans.lock().insert(lobby) {
                let lobbies = Arc::clone(self);
                self.spawn(async move {
                    lobbies.persist(lobby, 0).await;
                    lobbies.orphans.lock().remove(&lobby);
                });
            }
        }
        Some(found)
    }
}
