//! The mistake of [`Bug::SweepVoidsLiveRounds`](kernel::planted::Bug::SweepVoidsLiveRounds): at its
//! start a node ends what it takes for left behind, and asks nobody whose it is.

use engine::Reason;

use super::Takeover;
use crate::recorder::apply_until_definite;
use crate::store::{NodeId, Owner, StoreCommand, StoreError, UnfinishedRound};

impl Takeover {
    /// Voids every round that has no end, under whatever name the store takes it.
    pub(crate) async fn sweep(&self, node: NodeId) -> Result<(), StoreError> {
        let (reason, at) = (Reason::OwnerLost, self.clock.unix_ms());
        for record in self.store.public_lobbies(u32::MAX).await? {
            let Some(left) = self.store.inherit(record.lobby).await? else { continue };
            let void = |left: &UnfinishedRound| StoreCommand::VoidRound {
                round: left.record.round,
                reason,
                at,
            };
            let commands = left.unfinished.iter().map(void).collect();
            let (node, epoch) = (left.owner.unwrap_or(node), left.claimed);
            let batch = Owner { node, lobby: record.lobby, epoch }.batch(commands);
            apply_until_definite(&*self.store, &*self.clock, batch).await?;
        }
        Ok(())
    }
}
