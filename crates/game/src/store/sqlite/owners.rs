//! Owners on a file that one process holds: the data directory's lock proves that no other lives.
//!
//! So a claim is a number in memory, never stored and never committed, and it fences only what
//! this process itself still has on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::{Epoch, LobbyId};
use parking_lot::Mutex;
use rusqlite::{Result, Transaction};

use super::super::{Claim, Claimed};
use super::lobbies;

/// The epoch that each lobby was last claimed under. One that nobody claimed has nobody who could
/// be fenced. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    epochs: Arc<Mutex<BTreeMap<LobbyId, Epoch>>>,
}

impl Claims {
    /// Above the epoch that was taken over last and above every claim since the start: that a
    /// claim which was never taken over is forgotten at the end does no harm, it did nothing.
    pub(super) fn claim(&self, tx: &Transaction<'_>, claim: Claim) -> Result<Claimed> {
        let Some(record) = lobbies::one(tx, claim.lobby)? else { return Ok(Claimed::Unknown) };
        let epoch = record.epoch.max(self.last(claim.lobby)).next().max(claim.at_least);
        self.epochs.lock().insert(claim.lobby, epoch);
        Ok(Claimed::Yours(epoch))
    }

    /// The epoch of the last claim, zero if there was none since the start.
    pub(super) fn last(&self, lobby: LobbyId) -> Epoch {
        self.epochs.lock().get(&lobby).copied().unwrap_or_default()
    }

    /// Whether nobody has claimed the lobby under another epoch.
    pub(super) fn own(&self, lobby: LobbyId, epoch: Epoch) -> bool {
        self.epochs.lock().get(&lobby).is_none_or(|claimed| *claimed == epoch)
    }

    /// Those that were claimed under another epoch.
    pub(super) fn not_owned(&self, owned: &BTreeMap<LobbyId, Epoch>) -> BTreeSet<LobbyId> {
        let other = |(lobby, epoch): &(&LobbyId, &Epoch)| !self.own(**lobby, **epoch);
        owned.iter().filter(other).map(|(lobby, _)| *lobby).collect()
    }
}
