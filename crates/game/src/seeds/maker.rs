//! Makes chains, off the async threads, and reads them back a segment at a time.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use fairness::{Chain, Checkpoint, Commitment, Formula, Seed, Segment, hex};
use kernel::{LobbyId, Sealed, SeedIndex};
use platform::clock::Clock;
use platform::random::{self, Random};

use super::SeedError;
use super::vault::{Place, Vault};
use crate::store::{ChainRecord, SealedSeed, Store};

/// What every lobby's seeds share.
pub(crate) struct SeedMaker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) commitment_key: Sealed<[u8; 32]>,
}

/// A chain to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainPlan {
    pub(crate) lobby: LobbyId,
    pub(crate) length: u32,
    pub(crate) house_edge_bps: u32,
}

impl SeedMaker {
    /// Draws a chain, commits to it and stores it. Its public seed is not known yet.
    ///
    /// # Errors
    /// [`SeedError`] if it cannot be stored.
    pub(crate) async fn make(
        self: &Arc<Self>,
        plan: ChainPlan,
        chain: u32,
        seeds_before: u32,
    ) -> Result<ChainRecord, SeedError> {
        let maker = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || maker.draw(plan, chain, seeds_before));
        let (record, checkpoints) = made.await.map_err(|_| SeedError::Unreadable)??;
        self.store.add_chain(record.clone(), checkpoints).await?;
        // The row that stands: another attempt may have come first.
        Ok(self.store.chain(plan.lobby, chain).await?.unwrap_or(record))
    }

    /// Gives a stored chain its public seed, drawn only now that the commitment is durable.
    ///
    /// # Errors
    /// [`SeedError`] if it cannot be stored.
    pub(crate) async fn publish(&self, mut chain: ChainRecord) -> Result<ChainRecord, SeedError> {
        if chain.public_seed.is_none() {
            let drawn = hex::encode(&random::array::<32>(&*self.random));
            let stands = self.store.set_public_seed(chain.lobby, chain.chain, drawn).await?;
            chain.public_seed = Some(stands);
        }
        Ok(chain)
    }

    /// The seeds around `index`, expanded from the stored one at or above it.
    ///
    /// # Errors
    /// [`SeedError::Unreadable`] if the store holds no such seed under this key.
    pub(crate) async fn segment(
        &self,
        chain: &ChainRecord,
        index: SeedIndex,
    ) -> Result<Segment, SeedError> {
        let sealed = self.store.checkpoint(chain.lobby, chain.chain, index.0).await?;
        let sealed = sealed.ok_or(SeedError::Unreadable)?;
        let place = Place { lobby: chain.lobby, chain: chain.chain, index: sealed.index };
        let seed = Seed::from_bytes(self.vault.open(place, &sealed)?);
        // A thousand steps take a fraction of a millisecond.
        Ok(Segment::expand(&Checkpoint { index: SeedIndex(sealed.index), seed }))
    }

    /// The seed at `index`, for a round that is not played here.
    ///
    /// # Errors
    /// As for `segment`.
    pub(crate) async fn seed(&self, chain: &ChainRecord, index: u32) -> Result<Seed, SeedError> {
        let index = SeedIndex(index);
        let segment = self.segment(chain, index).await?;
        segment.open(index).cloned().ok_or(SeedError::Unreadable)
    }

    fn draw(
        &self,
        plan: ChainPlan,
        chain: u32,
        seeds_before: u32,
    ) -> Result<(ChainRecord, Vec<SealedSeed>), SeedError> {
        let ChainPlan { lobby, length, house_edge_bps } = plan;
        let grown = Chain::grow(Seed::from_bytes(random::array(&*self.random)), length);
        let seal = |checkpoint: &Checkpoint| {
            let place = Place { lobby, chain, index: checkpoint.index.0 };
            self.vault.seal(&*self.random, place, checkpoint.seed.as_bytes())
        };
        let checkpoints = grown.checkpoints().iter().map(seal).collect::<Result<_, _>>()?;
        let key = SigningKey::from_bytes(self.commitment_key.expose());
        let terminal = grown.terminal();
        let formula = Formula::Waxwing1;
        let commitment = Commitment { lobby, chain, terminal, length, house_edge_bps, formula };
        let record = ChainRecord {
            lobby,
            chain,
            length,
            seeds_before,
            house_edge_bps,
            terminal: *terminal.as_bytes(),
            public_key: key.verifying_key().to_bytes(),
            signature: commitment.sign(&key),
            public_seed: None,
            used: 0,
            created_at: self.clock.unix_ms(),
        };
        Ok((record, checkpoints))
    }
}
