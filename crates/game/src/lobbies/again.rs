//! A lobby that was lost is taken over again, and so is one whose take-over failed.

use std::sync::Arc;

use contracts::{PlayError, PlayRefusal};
use kernel::LobbyId;
use platform::tasks::Task;

use super::Lobbies;
use crate::live::{Ended, LiveLobby};
use crate::pictures;
use crate::store::Owner;

/// How long to wait before the next try, in milliseconds, doubling up to the last: whatever stood
/// in the way, three seconds after it is gone the lobby is played.
const BACKOFF_MS: (u64, u64) = (100, 2_000);
/// How long a lobby is left alone whose fence the wallet refused, in milliseconds, where the store
/// says who owns it. It never is asked for again where only the wallet knows of a newer owner.
const FENCED_MS: u64 = 2_000;
/// As many tries as stand for the pause between two looks whether everything was answered.
const ANSWERED_TRIES: u32 = 2;
/// A lobby that was played for so long, in milliseconds, starts with the shortest wait again.
const WELL_MS: u64 = 60_000;

impl Lobbies {
    /// Waits for the end of a lobby's task. One that was lost is taken over again, which decides
    /// the round that it left. `tries` counts how often that happened in a row.
    pub(super) async fn watch(self: Arc<Self>, live: Arc<LiveLobby>, played: Task, tries: u32) {
        let since = self.clock.now();
        if played.await.is_err() {
            tracing::error!(lobby.id = %live.id(), "a lobby's task panicked");
            live.end(self.clock.now(), Ended::Lost);
        }
        self.metrics.lobbies.dec();
        if !live.is_lost() {
            live.written().await;
            // Who asks for one that stopped is told so while the process does.
            if live.is_resting() || (live.is_stopped() && !self.is_stopping()) {
                self.forget(&live);
            }
            live.note_over();
            self.hand_over(&live).await;
            return;
        }
        if live.is_fenced() {
            return self.watch_fenced(&live).await;
        }
        pictures::lose(&*self.bus, &live);
        // Nothing may be decided about its round while a write of it may still come to be.
        live.written().await;
        let well = self.clock.now().ms_since(since) >= WELL_MS;
        let tries = if well { 0 } else { tries };
        // Still in the registry meanwhile, so that nobody's touch takes it over any sooner.
        self.pause(tries).await;
        if self.is_stopping() {
            return;
        }
        self.metrics.lobbies_lost.inc();
        self.forget(&live);
        self.persist(live.id(), tries + 1).await;
    }

    /// Another node owns the lobby, or may: not a word to players, its rounds are that node's to
    /// end. If none does, the lobby is taken over again.
    async fn watch_fenced(self: &Arc<Self>, live: &Arc<LiveLobby>) {
        self.metrics.lobbies_not_owned.inc();
        live.set_playing(None);
        live.written().await;
        self.forget(live);
        self.persist(live.id(), 0).await;
    }

    /// Lets another node have the lobby: at once if this one drains, else once the wallet has
    /// answered everything, since until then it needs an owner. Woken here meanwhile, it stays.
    async fn hand_over(&self, live: &LiveLobby) {
        let owner = Owner { node: self.ownership.node(), lobby: live.id(), epoch: live.epoch };
        while self.ownership.is_shared() && !self.is_stopping() {
            match self.takeover.store.inherit(owner.lobby).await {
                Ok(Some(left)) if left.claimed > owner.epoch => return,
                Ok(Some(left)) if left.unclosed.is_empty() => break,
                Ok(None) => return,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a resting lobby could not be read"),
            }
            self.pause(ANSWERED_TRIES).await;
        }
        self.ownership.hand_over(owner).await;
    }

    /// Takes the lobby over as often as it needs.
    pub(crate) async fn persist(self: &Arc<Self>, lobby: LobbyId, mut tries: u32) {
        while !self.is_stopping() {
            match self.own(lobby, tries).await {
                // Not said by an owner that lives: the node's own lease has lapsed, or it claimed
                // the lobby twice.
                Err(PlayError::Refused(PlayRefusal::NotOwner))
                    if !self.ownership.holds() || !self.ownership.is_shared() =>
                {
                    self.pause(tries).await;
                }
                // Ours, unknown, or a newer owner's: nothing that another try would change.
                Ok(_)
                | Err(PlayError::Refused(
                    PlayRefusal::UnknownLobby | PlayRefusal::NotOwner | PlayRefusal::Draining,
                )) => return,
                Err(_) => self.pause(tries).await,
            }
            tries += 1;
        }
    }

    /// Waits longer the more often it was tried, and no longer once the node stops.
    pub(super) async fn pause(&self, tries: u32) {
        let backoff_ms = BACKOFF_MS.0.saturating_mul(1 << tries.min(16)).min(BACKOFF_MS.1);
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => {}
            () = self.ownership.regained() => {}
            () = self.clock.sleep_until(self.clock.now() + backoff_ms) => {}
        }
    }

    /// A newer owner plays the lobby. Said once.
    pub(super) fn note_fenced(&self, lobby: LobbyId) {
        if self.fenced.lock().insert(lobby, self.clock.now()).is_none() {
            self.metrics.lobbies_fenced.inc();
            tracing::error!(lobby.id = %lobby, "a newer owner plays this lobby; it is left alone");
        }
    }

    /// Whether the lobby is to be left alone: for ever, or on a store that others may share until
    /// its owner may have died.
    pub(super) fn is_left_alone(&self, lobby: LobbyId) -> bool {
        let fenced = self.fenced.lock().get(&lobby).copied();
        let is_recent = |since| self.clock.now().ms_since(since) < FENCED_MS;
        fenced.is_some_and(|since| !self.ownership.is_shared() || is_recent(since))
    }

    fn forget(&self, ended: &Arc<LiveLobby>) {
        let mut live = self.live.lock();
        if live.get(&ended.id()).is_some_and(|live| Arc::ptr_eq(live, ended)) {
            live.remove(&ended.id());
        }
    }
}
