//! Leases of nodes, and the epochs under which they own lobbies.

use std::collections::BTreeSet;

use game::store::{Batch, Claim, Claimed, NodeId, Owner};
use kernel::{Epoch, LobbyId};

use super::Records;

/// How long a lease is, in milliseconds of the database's clock.
pub(super) const LEASE_MS: u64 = 2_000;

impl Records {
    pub(super) fn renew(&mut self, node: NodeId, now_ms: u64) {
        self.nodes.insert(node, now_ms + LEASE_MS);
    }

    fn lives(&self, node: NodeId, now_ms: u64) -> bool {
        self.nodes.get(&node).is_some_and(|until_ms| now_ms < *until_ms)
    }

    /// Who owns the lobby under a lease that has not run out.
    pub(super) fn owner(&self, lobby: LobbyId, now_ms: u64) -> Option<NodeId> {
        let (node, _) = self.owners.get(&lobby).copied()?;
        node.filter(|node| self.lives(*node, now_ms))
    }

    /// An epoch higher than any that was given before, as far as is known here.
    pub(super) fn claim(&mut self, claim: Claim, now_ms: u64) -> Claimed {
        let Claim { node, lobby, at_least } = claim;
        let Some(row) = self.lobbies.get(&lobby) else { return Claimed::Unknown };
        if !self.lives(node, now_ms) {
            return Claimed::Lapsed;
        }
        if self.owner(lobby, now_ms).is_some_and(|owner| owner != node) {
            return Claimed::Others;
        }
        let epoch = row.record.epoch.max(self.claimed(lobby)).next().max(at_least);
        self.owners.insert(lobby, (Some(node), epoch));
        Claimed::Yours(epoch)
    }

    /// The epoch that the lobby was last claimed under.
    pub(super) fn claimed(&self, lobby: LobbyId) -> Epoch {
        self.owners.get(&lobby).map_or(Epoch(0), |(_, epoch)| *epoch)
    }

    pub(super) fn hand_over(&mut self, owner: Owner) {
        if let Some(row) = self.owners.get_mut(&owner.lobby)
            && *row == (Some(owner.node), owner.epoch)
        {
            row.0 = None;
        }
    }

    pub(super) fn leave(&mut self, node: NodeId) {
        self.nodes.remove(&node);
    }

    /// Every claim is void; the epochs that were given stay given.
    pub(super) fn disown_all(&mut self) {
        for (owner, _) in self.owners.values_mut() {
            *owner = None;
        }
    }

    /// Whether nobody has claimed the lobby since.
    pub(super) fn owns(&self, owner: &Owner) -> bool {
        self.is_owned(owner.node, owner.lobby, owner.epoch)
    }

    fn is_owned(&self, node: NodeId, lobby: LobbyId, epoch: Epoch) -> bool {
        self.owners.get(&lobby) == Some(&(Some(node), epoch))
    }

    /// Lobbies of the batch that were claimed by others, or under another epoch.
    pub(super) fn not_owned(&self, batch: &Batch) -> BTreeSet<LobbyId> {
        let owned = batch.owned.iter();
        let others = owned.filter(|(lobby, epoch)| !self.is_owned(batch.node, **lobby, **epoch));
        others.map(|(lobby, _)| *lobby).collect()
    }

    pub(super) fn acknowledges(&self, node: NodeId, lobby: LobbyId, epoch: Epoch) -> bool {
        self.is_owned(node, lobby, epoch)
    }
}
