//! Looking at lobbies. One that rests is drawn from the store and stays asleep.

use std::sync::Arc;

use contracts::{PlayError, PlayRefusal};
use engine::Mode;
use kernel::{LobbyId, PlayerId};
use protocol::Snapshot;

use super::Lobbies;
use crate::pictures::resting;
use crate::store::{ChainRecord, Inheritance, StoreError};

impl Lobbies {
    /// The lobby as it stands, and a player's own bets in it.
    ///
    /// # Errors
    /// As for [`Lobbies::wake`].
    pub(crate) async fn look(
        self: &Arc<Self>,
        lobby: LobbyId,
        player: Option<PlayerId>,
    ) -> Result<Snapshot, PlayError> {
        self.must_hold()?;
        if let Some(live) = self.awake(lobby) {
            self.visited(lobby);
            match live.look(player).await {
                // It lay down meanwhile.
                Err(_) if live.is_resting() => {}
                answer => return answer,
            }
        }
        if let Some(resting) = self.draw_resting(lobby).await? {
            // Only what exists is noted: anybody may ask for any number.
            self.visited(lobby);
            return Ok(resting);
        }
        self.wake(lobby).await?.look(player).await
    }

    /// Whether nobody plays the lobby and nobody is needed to: whatever is asked of its round
    /// other than a bet finds nothing.
    ///
    /// # Errors
    /// [`PlayRefusal::UnknownLobby`], or the store's.
    pub(crate) async fn rests(&self, lobby: LobbyId) -> Result<bool, PlayError> {
        self.must_hold()?;
        if self.awake(lobby).is_some() {
            return Ok(false);
        }
        Ok(self.at_rest(lobby).await?.is_some())
    }

    /// The picture of a resting lobby: where its next owner will begin. `None` where it takes an
    /// owner to know.
    async fn draw_resting(&self, lobby: LobbyId) -> Result<Option<Snapshot>, PlayError> {
        let Some(left) = self.at_rest(lobby).await? else { return Ok(None) };
        let Some(chain) = next_chain(&left.chains) else { return Ok(None) };
        let rules = self.takeover.rules(&left.lobby);
        let last = self.takeover.last_rounds(lobby).await.map_err(|error| failed(&error))?;
        Ok(Some(resting(&left, chain, &rules, last)))
    }

    /// What is stored of the lobby, if it rests.
    async fn at_rest(&self, lobby: LobbyId) -> Result<Option<Inheritance>, PlayError> {
        if self.is_stopping() || self.is_left_alone(lobby) {
            return Err(PlayRefusal::Draining.into());
        }
        let left = self.takeover.store.inherit(lobby).await.map_err(|error| failed(&error))?;
        let left = left.filter(|left| !left.lobby.closed).ok_or(PlayRefusal::UnknownLobby)?;
        // Its picture is the owner's to draw, whatever is stored of it.
        if left.owner.is_some_and(|owner| owner != self.ownership.node()) {
            return Err(PlayRefusal::NotOwner.into());
        }
        let rests = left.unfinished.is_empty() && left.lobby.rules.mode == Mode::OnFirstBet;
        Ok(rests.then_some(left))
    }
}

/// The chain whose seed is next, if it is promised.
fn next_chain(chains: &[ChainRecord]) -> Option<&ChainRecord> {
    chains.iter().filter(|chain| chain.is_playable()).min_by_key(|chain| chain.chain)
}

fn failed(error: &StoreError) -> PlayError {
    tracing::error!(%error, "a lobby could not be read");
    PlayError::Unavailable
}
