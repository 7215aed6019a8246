//! One lobby's seeds: which chain it plays, which seed is next, and when one is opened.
//!
//! A seed is opened for a lock and never before. Its index advances iff the lock was stored; a
//! round voided before its lock hands the same seed on. No round opens without a public seed.

mod beacon;
mod maker;
mod tend;
mod vault;
mod views;

use std::sync::Arc;

use fairness::{Seed, Segment};
use kernel::{Multiplier, RoundId, Sealed, SeedIndex};
use parking_lot::Mutex;
use protocol::chains::{AbandonReason, Abandoned, AbandonedChain, LostRounds};
use protocol::rounds::CommitmentView;
use tokio::sync::Notify;

use crate::store::{Abandonment, ChainRecord, Owner, StoreError};

pub(crate) use beacon::{Beacon, DrandClient};
pub(crate) use maker::{ChainPlan, SeedMaker};
pub(crate) use vault::Vault;
pub(crate) use views::{anchored, chain_view, commitment_view, kind};

/// Numbers left out after a store turned out to be an older copy and the clock to stand behind the
/// last number: a chain of the lost store may have been promised under any of them, and no two
/// promises may share a number.
const NUMBERS_SKIPPED: u32 = 1_000;
/// How many abandoned chains a picture shows.
const ABANDONED_SHOWN: usize = 5;

/// Why no seed can be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SeedError {
    /// The chain is used up and there is no other that may be played yet.
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
    pub(crate) anchored: bool,
    pub(crate) seed_index: u32,
    /// The chain that follows, once it is promised.
    pub(crate) next_commitment: Option<CommitmentView>,
    pub(crate) abandoned: Vec<AbandonedChain>,
}

/// How far a store is behind the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    pub(crate) lost_rounds: Option<LostRounds>,
}

/// The seeds of one lobby.
pub(crate) struct Seeds {
    maker: Arc<SeedMaker>,
    plan: ChainPlan,
    state: Mutex<State>,
    /// Rung when [`State::ready`] becomes true.
    bell: Notify,
}

struct State {
    /// The chain that is played, or the last one that was.
    current: ChainRecord,
    /// The index that the next lock will use.
    next: u32,
    /// The chain that follows, promised; it may still await its public seed.
    successor: Option<ChainRecord>,
    /// The number that the next chain is made under, and the seeds before it.
    number: u32,
    seeds_before: u32,
    /// A task makes or awaits the successor.
    tending: bool,
    /// Whether a round may be opened, as far as is known.
    ready: bool,
    abandoned: Vec<AbandonedChain>,
    /// The chain's neighbouring seeds, so that a lock needs no walk.
    segment: Option<(u32, Segment)>,
    opened: Option<Opened>,
}

impl Seeds {
    /// Goes on where the stored chains stand; makes the first chain if there is none. `fenced` is
    /// the last seed that the wallet has seen used up, counted over all chains.
    ///
    /// # Errors
    /// [`SeedError`] if the store fails.
    pub(crate) async fn load(
        maker: Arc<SeedMaker>,
        plan: ChainPlan,
        mut chains: Vec<ChainRecord>,
        fenced: SeedIndex,
    ) -> Result<Arc<Self>, SeedError> {
        for chain in chains.iter_mut().filter(|chain| is_live(chain) && awaits(chain)) {
            *chain = maker.promise(plan.owner, chain.clone()).await?;
        }
        let (mut number, mut seeds_before) = after(&chains, fenced);
        let mut live = chains.iter().filter(|chain| is_live(chain)).cloned();
        let mut first = live.next();
        let mut second = live.next();
        if first.is_none() {
            let made = maker.make(plan, number, seeds_before).await?;
            (number, seeds_before) = next_after(&made);
            chains.push(made.clone());
            first = Some(made);
        }
        if let Some(awaiting) = [&mut first, &mut second].into_iter().flatten().find(|c| awaits(c))
        {
            maker.draw_if_local(plan.owner, awaiting).await?;
        }
        // What is played goes into `current`, what must wait for its public seed into `successor`.
        let (current, successor) = match first {
            Some(first) if !awaits(&first) && first.abandoned.is_none() => (Some(first), second),
            waiting => (None, waiting.filter(|chain| chain.abandoned.is_none())),
        };
        let newest = || chains.last().cloned().ok_or(SeedError::Unreadable);
        let current = current.map_or_else(newest, Ok)?;
        let next = current.used + 1;
        let abandoned = newest_abandoned(&chains);
        let (tending, ready, segment, opened) = (false, false, None, None);
        let state = State {
            current,
            next,
            successor,
            number,
            seeds_before,
            tending,
            ready,
            abandoned,
            segment,
            opened,
        };
        let seeds = Self { maker, plan, state: Mutex::new(state), bell: Notify::new() };
        seeds.note_left();
        Ok(Arc::new(seeds))
    }

    /// Chooses the chain of a round that opens; the only moment at which chains change.
    ///
    /// # Errors
    /// [`SeedError::Exhausted`] if no chain has a seed that may be played: wait for
    /// [`Self::ready`].
    pub(crate) fn begin_round(self: &Arc<Self>) -> Result<u32, SeedError> {
        let (found, tend) = {
            let mut state = self.state.lock();
            if state.left() == 0
                && let Some(successor) = state.successor.take_if(|chain| !awaits(chain))
            {
                state.next = successor.used + 1;
                state.current = successor;
                state.segment = None;
            }
            let found = (state.left() > 0).then_some(state.current.chain);
            let provided = state.successor.as_ref().is_some_and(|chain| !awaits(chain));
            let tend = state.left() <= self.maker.successor_at && !provided && !state.tending;
            state.tending |= tend;
            state.ready = found.is_some();
            (found, tend)
        };
        if tend {
            self.maker.spawner.spawn(Box::pin(Arc::clone(self).tend()));
        }
        self.note_left();
        found.ok_or(SeedError::Exhausted)
    }

    /// Waits until [`Self::begin_round`] may find a seed.
    pub(crate) async fn ready(&self) {
        loop {
            // Made before the look, so that no ring between the two is missed.
            let rung = self.bell.notified();
            if self.state.lock().ready {
                return;
            }
            rung.await;
        }
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
        {
            let mut state = self.state.lock();
            if let Some(opened) = &state.opened
                && opened.round == round
            {
                state.next = state.next.max(opened.index + 1);
            }
        }
        self.note_left();
    }

    /// The seed opened for `round`, if it was.
    pub(crate) fn opened(&self, round: u32) -> Option<Opened> {
        self.state.lock().opened.clone().filter(|opened| opened.round == round)
    }

    /// What `round` is played under: its own seed's index once locked, the next one before.
    pub(crate) fn promise(&self, round: u32) -> Promise {
        let state = self.state.lock();
        let own = state.opened.as_ref().filter(|opened| opened.round == round);
        // A lobby without a chain that can be played shows the one it waits for.
        let awaited = state.successor.as_ref().filter(|_| state.current.abandoned.is_some());
        let current = awaited.unwrap_or(&state.current);
        let next = state.successor.as_ref().filter(|next| next.chain != current.chain);
        Promise {
            commitment: commitment_view(current),
            public_seed: current.public_seed.clone().unwrap_or_default(),
            anchored: anchored(current),
            seed_index: match own {
                Some(opened) => opened.index,
                None if awaited.is_some() => 1,
                None => state.next,
            },
            next_commitment: next.map(commitment_view),
            abandoned: state.abandoned.clone(),
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

    /// Tells the alarm how many seeds may still be played.
    fn note_left(&self) {
        let state = self.state.lock();
        let followed = state.successor.as_ref().filter(|chain| !awaits(chain));
        let left = state.left() + followed.map_or(0, |chain| chain.length - chain.used);
        self.maker.metrics.seeds_left.note(self.plan.owner.lobby, left);
    }
}

impl Drop for Seeds {
    fn drop(&mut self) {
        self.maker.metrics.seeds_left.forget(self.plan.owner.lobby);
    }
}

impl State {
    /// How many rounds the current chain can still play.
    const fn left(&self) -> u32 {
        if self.current.abandoned.is_some() || self.current.public_seed.is_none() {
            return 0;
        }
        (self.current.length + 1).saturating_sub(self.next)
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

/// Gives up every chain of a store that is an older copy, for all to see: what it takes for unused
/// may have been shown to everybody.
///
/// # Errors
/// [`SeedError`] if it cannot be stored.
pub(crate) async fn give_up(
    maker: &SeedMaker,
    owner: Owner,
    chains: &[ChainRecord],
    behind: Behind,
) -> Result<(), SeedError> {
    let (reason, lost_rounds) = (AbandonReason::StoreBehind, behind.lost_rounds);
    let how = Abandoned { reason, at: maker.clock.unix_ms(), lost_rounds };
    let lobby = owner.lobby;
    tracing::error!(lobby.id = %lobby, "the store is behind the wallet; its seeds are given up");
    maker.store.abandon(owner, Abandonment { chain: None, how }).await?;
    for _ in chains.iter().filter(|chain| is_live(chain)) {
        maker.metrics.chains_abandoned.inc();
    }
    Ok(())
}

/// The number of the next chain and the seeds before it: beyond all that was ever promised, and
/// beyond all that the wallet has seen used up.
fn after(chains: &[ChainRecord], fenced: SeedIndex) -> (u32, u32) {
    let Some(last) = chains.last() else { return (1, fenced.0) };
    let (number, seeds_before) = next_after(last);
    (number, seeds_before.max(fenced.0))
}

fn next_after(chain: &ChainRecord) -> (u32, u32) {
    let number = match chain.abandoned.filter(|how| how.reason.lost_records()) {
        Some(how) if second_of(how.at) > chain.chain => second_of(how.at),
        // The clock was set back since.
        Some(_) => chain.chain.saturating_add(NUMBERS_SKIPPED),
        None => chain.chain + 1,
    };
    (number, chain.seeds_before.saturating_add(chain.length))
}

/// One copy may be put back twice, and nothing in it tells the second time from the first: only
/// the clock does. A lobby uses up fewer chains than seconds, and none is promised under a second
/// that has not ended, so none was promised under this one.
fn second_of(unix_ms: i64) -> u32 {
    u32::try_from(unix_ms / 1_000).unwrap_or(0)
}

pub(crate) fn newest_abandoned(chains: &[ChainRecord]) -> Vec<AbandonedChain> {
    let abandoned = chains.iter().rev().filter_map(|chain| {
        let reason = chain.abandoned?.reason;
        Some(AbandonedChain { chain: chain.chain, reason })
    });
    abandoned.take(ABANDONED_SHOWN).collect()
}

/// Whether the chain may still be played, now or once its public seed is known.
const fn is_live(chain: &ChainRecord) -> bool {
    chain.abandoned.is_none() && chain.used < chain.length
}

const fn awaits(chain: &ChainRecord) -> bool {
    chain.public_seed.is_none()
}

#[cfg(test)]
mod tests;
