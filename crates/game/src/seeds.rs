//! One lobby's seeds: which chain it plays, which seed is next, and when one is opened.
//!
//! A seed is opened for a lock and never before. Its index advances iff the lock was stored; a
//! round voided before its lock hands the same seed on.

mod maker;
mod vault;

use std::sync::Arc;

use fairness::{Formula, Seed, Segment, hex};
use kernel::{Multiplier, RoundId, Sealed, SeedIndex};
use parking_lot::Mutex;
use protocol::rounds::CommitmentView;
use protocol::wire::WireLobbyId;

use crate::store::{ChainRecord, StoreError};

pub(crate) use maker::{ChainPlan, SeedMaker};
pub(crate) use vault::Vault;

/// With so many seeds left the next chain is made.
const SUCCESSOR_AT: u32 = 1_000;

/// Why no seed can be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SeedError {
    /// The chain is used up and there is no other.
    #[error("the seed chain is used up")]
    Exhausted,
    /// The store would not say.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored seeds are not those of the commitment, or the key is another one.
    #[error("the stored seeds cannot be opened with this key")]
    Unreadable,
}

/// A seed opened for a round's lock, with what it says.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// The round it was opened for.
    pub(crate) round: u32,
    /// Its place in the chain.
    pub(crate) index: u32,
    pub(crate) seed: Seed,
    pub(crate) crash_point: Sealed<Multiplier>,
}

/// What the rounds of a chain are played under, for all to see.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    pub(crate) commitment: CommitmentView,
    pub(crate) public_seed: String,
    pub(crate) seed_index: u32,
}

/// The seeds of one lobby.
pub(crate) struct Seeds {
    maker: Arc<SeedMaker>,
    state: Mutex<State>,
}

struct State {
    current: ChainRecord,
    /// The index that the next lock will use.
    next: u32,
    successor: Option<ChainRecord>,
    making: bool,
    /// The chain's neighbouring seeds, so that a lock needs no walk.
    segment: Option<(u32, Segment)>,
    opened: Option<Opened>,
}

impl Seeds {
    /// Goes on where the stored chains stand, behind `fenced` in any case; makes the first chain
    /// if there is none.
    ///
    /// # Errors
    /// [`SeedError`] if the store fails.
    pub(crate) async fn load(
        maker: Arc<SeedMaker>,
        plan: ChainPlan,
        chains: Vec<ChainRecord>,
        fenced: SeedIndex,
    ) -> Result<Self, SeedError> {
        let mut chains: Vec<_> =
            chains.into_iter().map(|chain| after_fence(chain, fenced)).collect();
        chains.sort_by_key(|chain| chain.chain);
        let unused = chains.iter().position(|chain| chain.used < chain.length);
        let (current, successor) = match unused {
            Some(place) => {
                let successor = (place + 1 < chains.len()).then(|| chains.remove(place + 1));
                (chains.remove(place), successor)
            }
            None => match chains.pop() {
                Some(last) => (last, None),
                None => (maker.make(plan, 1, 0).await?, None),
            },
        };
        let current = maker.publish(current).await?;
        // A process may have ended between its commitment and its public seed.
        let successor = match successor {
            Some(successor) => Some(maker.publish(successor).await?),
            None => None,
        };
        let next = current.used + 1;
        let (making, segment, opened) = (false, None, None);
        let state = State { current, next, successor, making, segment, opened };
        Ok(Self { maker, state: Mutex::new(state) })
    }

    /// Chooses the chain of a round that opens; the only moment at which chains change.
    ///
    /// # Errors
    /// [`SeedError::Exhausted`] if no chain has a seed left.
    pub(crate) fn begin_round(self: &Arc<Self>) -> Result<u32, SeedError> {
        let mut state = self.state.lock();
        if state.next > state.current.length {
            let successor = state.successor.take().ok_or(SeedError::Exhausted)?;
            state.next = successor.used + 1;
            state.current = successor;
            state.segment = None;
        }
        let left = state.current.length - (state.next - 1);
        if left <= SUCCESSOR_AT && state.successor.is_none() && !state.making {
            state.making = true;
            drop(state);
            let seeds = Arc::clone(self);
            tokio::spawn(async move { seeds.make_successor().await });
            return Ok(self.state.lock().current.chain);
        }
        Ok(state.current.chain)
    }

    /// Opens the seed of `round`, which is being locked. The same seed when it is locked again.
    ///
    /// # Errors
    /// [`SeedError`] if it cannot be read.
    pub(crate) async fn open(&self, round: RoundId) -> Result<Opened, SeedError> {
        let (chain, index) = {
            let state = self.state.lock();
            if let Some(opened) = &state.opened
                && opened.round == round.number
            {
                return Ok(opened.clone());
            }
            (state.current.clone(), state.next)
        };
        let seed = self.seed(&chain, index).await?;
        let opened = read_seed(&chain, round.number, index, seed)?;
        self.state.lock().opened = Some(opened.clone());
        Ok(opened)
    }

    /// The lock of `round` is durable: its seed is used up.
    pub(crate) fn used(&self, round: u32) {
        let mut state = self.state.lock();
        if let Some(opened) = &state.opened
            && opened.round == round
        {
            state.next = state.next.max(opened.index + 1);
        }
    }

    /// The seed opened for `round`, if it was.
    pub(crate) fn opened(&self, round: u32) -> Option<Opened> {
        self.state.lock().opened.clone().filter(|opened| opened.round == round)
    }

    /// What `round` is played under: its own seed's index once locked, the next one before.
    pub(crate) fn promise(&self, round: u32) -> Promise {
        let state = self.state.lock();
        let own = state.opened.as_ref().filter(|opened| opened.round == round);
        Promise {
            commitment: commitment_view(&state.current),
            public_seed: state.current.public_seed.clone().unwrap_or_default(),
            seed_index: own.map_or(state.next, |opened| opened.index),
        }
    }

    async fn seed(&self, chain: &ChainRecord, index: u32) -> Result<Seed, SeedError> {
        let index = SeedIndex(index);
        if let Some((of, segment)) = &self.state.lock().segment
            && *of == chain.chain
            && let Some(seed) = segment.open(index)
        {
            return Ok(seed.clone());
        }
        let segment = self.maker.segment(chain, index).await?;
        let seed = segment.open(index).cloned().ok_or(SeedError::Unreadable)?;
        self.state.lock().segment = Some((chain.chain, segment));
        Ok(seed)
    }

    async fn make_successor(self: Arc<Self>) {
        let (chain, seeds_before, plan) = {
            let state = self.state.lock();
            let current = &state.current;
            let plan = ChainPlan {
                lobby: current.lobby,
                length: current.length,
                house_edge_bps: current.house_edge_bps,
            };
            (current.chain + 1, current.seeds_before + current.length, plan)
        };
        let made = self.maker.make(plan, chain, seeds_before).await;
        let published = match made {
            Ok(chain) => self.maker.publish(chain).await,
            Err(error) => Err(error),
        };
        let mut state = self.state.lock();
        state.making = false;
        match published {
            Ok(successor) => {
                tracing::info!(lobby = %plan.lobby, chain, "the next seed chain is committed");
                state.successor = Some(successor);
            }
            Err(error) => {
                tracing::error!(%error, lobby = %plan.lobby, "the next seed chain was not made");
            }
        }
    }
}

/// What `seed` says about `round`.
pub(crate) fn read_seed(
    chain: &ChainRecord,
    round: u32,
    index: u32,
    seed: Seed,
) -> Result<Opened, SeedError> {
    let public_seed = chain.public_seed.as_deref().ok_or(SeedError::Unreadable)?;
    let crash_point = fairness::crash_point(public_seed, &seed, chain.house_edge_bps);
    Ok(Opened { round, index, seed, crash_point: Sealed::new(crash_point) })
}

/// The signed promise as it goes out.
pub(crate) fn commitment_view(chain: &ChainRecord) -> CommitmentView {
    CommitmentView {
        lobby_id: WireLobbyId(chain.lobby),
        chain: chain.chain,
        terminal: hex::encode(&chain.terminal),
        length: chain.length,
        house_edge_bps: chain.house_edge_bps,
        formula: Formula::Waxwing1.number(),
        public_key: hex::encode(&chain.public_key),
        signature: hex::encode(&chain.signature),
    }
}

/// Never plays a seed that the wallet's fence has seen used up.
fn after_fence(mut chain: ChainRecord, fenced: SeedIndex) -> ChainRecord {
    let fenced = fenced.0.saturating_sub(chain.seeds_before).min(chain.length);
    chain.used = chain.used.max(fenced);
    chain
}

#[cfg(test)]
mod tests;
