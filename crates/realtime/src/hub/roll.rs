//! Which sockets a player has, wherever they are.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::PlayerId;
use parking_lot::Mutex;

use crate::{Session, SessionId};

/// Sessions by the player each has proved to be. A clone is the same roll.
#[derive(Clone, Default)]
pub(crate) struct Roll(Arc<Mutex<HashMap<PlayerId, HashMap<SessionId, Session>>>>);

impl Roll {
    /// The session is the player's from now on.
    pub(crate) fn enter(&self, player: PlayerId, session: &Session) {
        self.0.lock().entry(player).or_default().insert(session.id(), session.clone());
    }

    /// The session is not the player's any more.
    pub(crate) fn exit(&self, player: PlayerId, session: SessionId) {
        let mut by_player = self.0.lock();
        let Some(sessions) = by_player.get_mut(&player) else { return };
        let gone = sessions.remove(&session);
        if sessions.is_empty() {
            by_player.remove(&player);
        }
        drop(by_player);
        drop(gone);
    }

    /// The player's sessions.
    pub(crate) fn sessions(&self, player: PlayerId) -> Vec<Session> {
        let by_player = self.0.lock();
        by_player.get(&player).into_iter().flat_map(HashMap::values).cloned().collect()
    }
}
