//! Visits, and the closing of lobbies that nobody visits. Configured lobbies are never closed.

use std::sync::Arc;

use engine::Command;
use kernel::LobbyId;

use super::Lobbies;
use crate::store::StoreError;

/// How often visits are stored and empty lobbies closed, in milliseconds.
const UPKEEP_MS: u64 = 60_000;
/// A lobby without a bet or a visitor for so long is closed, in milliseconds: a day.
const EMPTY_MS: i64 = 24 * 3_600 * 1_000;
/// The most lobbies closed at once, so that nobody waits for it.
const CLOSED_MAX: u32 = 200;

impl Lobbies {
    /// Somebody looked at the lobby or played in it.
    pub(crate) fn visited(&self, lobby: LobbyId) {
        self.visits.lock().insert(lobby, self.clock.unix_ms());
    }

    /// Whoever came found nothing: numbers that name no lobby are not kept.
    pub(super) fn not_visited(&self, lobby: LobbyId) {
        self.visits.lock().remove(&lobby);
    }

    /// Stores visits and closes empty lobbies, until the process ends.
    pub(crate) async fn keep_up(self: Arc<Self>) {
        loop {
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => return,
                () = self.clock.sleep_until(self.clock.now() + UPKEEP_MS) => {}
            }
            if let Err(error) = self.upkeep().await {
                tracing::warn!(%error, "visits were not stored");
            }
        }
    }

    /// Stores the visits and closes what nobody visited for a day.
    ///
    /// # Errors
    /// The store's; the next time makes up for it.
    pub(crate) async fn upkeep(self: &Arc<Self>) -> Result<(), StoreError> {
        let store = &self.takeover.store;
        let visits: Vec<_> = std::mem::take(&mut *self.visits.lock()).into_iter().collect();
        // Numbers that name no lobby change nothing.
        if !visits.is_empty() {
            store.visit(visits).await?;
        }
        let now = self.clock.unix_ms();
        for lobby in store.unvisited(now - EMPTY_MS, CLOSED_MAX).await? {
            self.close(lobby, now - EMPTY_MS, now).await?;
        }
        Ok(())
    }

    /// Closes the lobby unless somebody came after all. One that plays is told to finish first,
    /// and closed the next time.
    async fn close(&self, lobby: LobbyId, before: i64, now: i64) -> Result<(), StoreError> {
        let waking = Arc::clone(self.waking.lock().entry(lobby).or_default());
        let turn = waking.lock().await;
        let playing = self.live.lock().get(&lobby).cloned();
        let (mut closed, node) = (Ok(false), self.ownership.node());
        if let Some(live) = playing {
            live.tell(self.clock.now(), Command::Drain);
        } else if !self.visits.lock().contains_key(&lobby) {
            closed = self.takeover.store.close_lobby(node, lobby, before, now).await;
        }
        self.give_turn_back(lobby, turn, &waking);
        if closed? {
            self.metrics.lobbies_closed.inc();
            tracing::info!(lobby.id = %lobby, "a lobby nobody visited for a day is closed");
        }
        Ok(())
    }
}
