//! Seed chains: promised, anchored, given up. A promise is never changed.

use game::store::{Abandonment, ChainRecord, PublicSeed, SealedSeed};
use kernel::LobbyId;
use protocol::chains::{Abandoned, Skipped};

use super::Records;

impl Records {
    pub(super) fn add_chain(&mut self, chain: &ChainRecord, checkpoints: &[SealedSeed]) {
        let name = (chain.lobby, chain.chain);
        if let Some(stands) = self.chains.get_mut(&name) {
            // The same chain, of which more is known.
            stands.promised |= stands.terminal == chain.terminal && chain.promised;
            return;
        }
        self.chains.insert(name, chain.clone());
        for sealed in checkpoints {
            let place = (chain.lobby, chain.chain, sealed.index);
            self.checkpoints.insert(place, sealed.clone());
        }
    }

    /// The first public seed stands, and a chain that was given up gets none.
    pub(super) fn set_public_seed(
        &mut self,
        lobby: LobbyId,
        chain: u32,
        seed: &PublicSeed,
    ) -> Option<ChainRecord> {
        let chain = self.chains.get_mut(&(lobby, chain))?;
        if chain.public_seed.is_none() && chain.abandoned.is_none() {
            chain.public_seed = Some(seed.text.clone());
            chain.beacon_signature = seed.signature;
        }
        Some(chain.clone())
    }

    /// Gives up every chain named that still has seeds, and the newest in any case.
    pub(super) fn abandon(&mut self, lobby: LobbyId, abandonment: &Abandonment) {
        let Abandonment { chain: named, how } = abandonment;
        let chains = (lobby, 0)..=(lobby, u32::MAX);
        let newest = self.chains.range(chains.clone()).next_back().map(|(name, _)| name.1);
        for ((_, number), chain) in self.chains.range_mut(chains) {
            let is_newest = Some(*number) == newest;
            if named.is_none_or(|named| named == *number)
                && chain.abandoned.is_none()
                && (chain.used < chain.length || is_newest)
            {
                chain.abandoned = Some(*how);
            }
            if is_newest
                && how.lost_rounds.is_some()
                && let Some(stands) = &mut chain.abandoned
                && stands.lost_rounds.is_none()
            {
                stands.lost_rounds = how.lost_rounds;
            }
        }
    }

    /// Seeds above the used ones are used up without a round; told once.
    pub(super) fn skip_seeds(&mut self, lobby: LobbyId, chain: u32, skipped: &Skipped) {
        if let Some(chain) = self.chains.get_mut(&(lobby, chain))
            && !chain.skipped.contains(skipped)
        {
            let seeds = skipped.seeds.as_ref();
            chain.used = chain.used.max(seeds.map_or(0, |seeds| seeds.to));
            chain.skipped.push(skipped.clone());
        }
    }

    pub(super) fn abandon_all(&mut self, how: &Abandoned) -> usize {
        let lobbies: Vec<LobbyId> = self.lobbies.keys().copied().collect();
        let mut count = 0;
        for lobby in lobbies {
            let chains = (lobby, 0)..=(lobby, u32::MAX);
            let newest = self.chains.range(chains.clone()).next_back().map(|(name, _)| name.1);
            for ((_, number), chain) in self.chains.range_mut(chains) {
                let live = chain.used < chain.length || Some(*number) == newest;
                if chain.abandoned.is_none() && live {
                    chain.abandoned = Some(*how);
                    count += 1;
                }
            }
        }
        count
    }

    /// The sealed value at or above `index`.
    pub(super) fn checkpoint(&self, lobby: LobbyId, chain: u32, index: u32) -> Option<SealedSeed> {
        let above = (lobby, chain, index)..=(lobby, chain, u32::MAX);
        self.checkpoints.range(above).next().map(|(_, sealed)| sealed.clone())
    }

    /// Chains below `before`, newest first.
    pub(super) fn chains_below(
        &self,
        lobby: LobbyId,
        before: Option<u32>,
        limit: u32,
    ) -> Vec<ChainRecord> {
        let chains = self.chains.range((lobby, 0)..=(lobby, u32::MAX)).rev();
        let chains = chains.filter(|((_, number), _)| before.is_none_or(|before| *number < before));
        chains.map(|(_, chain)| chain.clone()).take(limit as usize).collect()
    }
}
