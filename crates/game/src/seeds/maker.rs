//! Makes chains, off the async threads, and reads them back a segment at a time.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use fairness::{Anchor, Chain, Checkpoint, Commitment, Formula, Seed, Segment, drand, hex};
use kernel::{LobbyId, Sealed, SeedIndex};
use platform::clock::Clock;
use platform::random::{self, Random};
use platform::tasks::Spawner;
use protocol::chains::{AbandonReason, Abandoned};

use super::SeedError;
use super::beacon::{Beacon, BeaconOutput};
use super::vault::{Place, Vault};
use crate::metrics::Metrics;
use crate::store::{Abandonment, ChainRecord, Owner, PublicSeed, SealedSeed, Store};

/// How long after its publication the beacon's round is due that a commitment names, at least.
const AHEAD_MS: i64 = 6_000;
/// How long storing a commitment may take; later than that it is published too late.
const STORED_MS: i64 = 1_000;
/// How long after it was due a beacon's round is asked for.
const GIVE_UP_MS: i64 = 60_000;
/// How long a chain waits at most for the second it is numbered by to end: the wait of a chain that
/// follows at once upon another one.
const OWN_SECOND_MS: i64 = 2_000;
/// How soon it is asked for again, in milliseconds, doubling up to the last.
const ASK_MS: (i64, i64) = (500, 5_000);

/// What every lobby's seeds share.
pub(crate) struct SeedMaker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) spawner: Arc<dyn Spawner>,
    pub(crate) commitment_key: Sealed<[u8; 32]>,
    /// The beacon new chains are anchored in, if any.
    pub(crate) beacon: Option<Arc<dyn Beacon>>,
    /// With so many seeds left the next chain is made.
    pub(crate) successor_at: u32,
    pub(crate) metrics: Metrics,
}

/// What became of a chain that awaited its public seed.
#[derive(Clone, Debug)]
pub(super) enum Published {
    /// It can be played.
    Ready(ChainRecord),
    /// It never will be.
    Abandoned(ChainRecord),
}

/// A chain to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainPlan {
    /// For which lobby, and who makes it.
    pub(crate) owner: Owner,
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
        self.outlast(chain).await;
        let maker = Arc::clone(self);
        let made = self.spawner.block(move || maker.draw(plan, chain, seeds_before));
        let (record, checkpoints) = made.await.map_err(|_| SeedError::Unreadable)??;
        self.store.add_chain(plan.owner, record.clone(), checkpoints).await?;
        // The row that stands: another attempt may have come first.
        let stands = self.store.chain(plan.owner.lobby, chain).await?.unwrap_or(record);
        self.promise(plan.owner, stands).await
    }

    /// Lets the second end that `chain` is numbered by, if a second numbers it: the same copy put
    /// back once more within it would be found out under the number that is promised here.
    async fn outlast(&self, chain: u32) {
        let ends = (i64::from(chain) + 1) * 1_000;
        if (1..=OWN_SECOND_MS).contains(&(ends - self.clock.unix_ms())) {
            self.sleep_until_unix(ends).await;
        }
    }

    /// Notes that the promise of a stored chain was public in time, or gives the chain up: its
    /// beacon's round must still be far enough ahead. Whoever ended between storing a chain and
    /// this note leaves it to the next owner to judge.
    ///
    /// # Errors
    /// [`SeedError`] if it cannot be stored.
    pub(super) async fn promise(
        &self,
        owner: Owner,
        mut chain: ChainRecord,
    ) -> Result<ChainRecord, SeedError> {
        let Anchor::Drand { round } = chain.anchor else { return Ok(chain) };
        if chain.promised || chain.public_seed.is_some() || chain.abandoned.is_some() {
            return Ok(chain);
        }
        if self.clock.unix_ms() + AHEAD_MS > drand::due_ms(round) {
            return self.abandon(owner, chain, AbandonReason::PublishedLate).await;
        }
        chain.promised = true;
        self.store.add_chain(owner, chain.clone(), Vec::new()).await?;
        Ok(chain)
    }

    /// Gives a stored chain its public seed, not drawn and not known before the commitment is
    /// durable. A beacon's is waited for; one that is not had in time gives the chain up.
    ///
    /// # Errors
    /// [`SeedError`] if it cannot be stored.
    pub(super) async fn publish(
        &self,
        owner: Owner,
        chain: ChainRecord,
    ) -> Result<Published, SeedError> {
        if chain.abandoned.is_some() {
            return Ok(Published::Abandoned(chain));
        }
        if chain.public_seed.is_some() {
            return Ok(Published::Ready(chain));
        }
        let seed = match chain.anchor {
            Anchor::Local => Some(self.local_seed()),
            Anchor::Drand { round } => self.await_beacon(chain.lobby, round).await,
        };
        if let Some(seed) = seed {
            return self.set(owner, chain, seed).await;
        }
        let abandoned = self.abandon(owner, chain, AbandonReason::BeaconMissing).await?;
        Ok(Published::Abandoned(abandoned))
    }

    /// Gives a chain its public seed if that takes no waiting.
    ///
    /// # Errors
    /// [`SeedError`] if it cannot be stored.
    pub(crate) async fn draw_if_local(
        &self,
        owner: Owner,
        chain: &mut ChainRecord,
    ) -> Result<(), SeedError> {
        if chain.anchor == Anchor::Local {
            let (Published::Ready(stands) | Published::Abandoned(stands)) =
                self.publish(owner, chain.clone()).await?;
            *chain = stands;
        }
        Ok(())
    }

    fn local_seed(&self) -> PublicSeed {
        let text = hex::encode(&random::array::<32>(&*self.random));
        PublicSeed { text, signature: None }
    }

    async fn set(
        &self,
        owner: Owner,
        chain: ChainRecord,
        seed: PublicSeed,
    ) -> Result<Published, SeedError> {
        let stands = self.store.set_public_seed(owner, chain.chain, seed).await?;
        let stands = stands.ok_or(SeedError::Unreadable)?;
        if stands.abandoned.is_some() {
            return Ok(Published::Abandoned(stands));
        }
        Ok(Published::Ready(stands))
    }

    /// The output of the beacon's `round`, asked for from its time on until it is given up.
    async fn await_beacon(&self, lobby: LobbyId, round: u64) -> Option<PublicSeed> {
        let due_ms = drand::due_ms(round);
        let until = due_ms.saturating_add(GIVE_UP_MS);
        let mut pause_ms = ASK_MS.0;
        self.sleep_until_unix(due_ms).await;
        // Also after a start an hour later: what comes too late is never played.
        while self.clock.unix_ms() < until {
            let answer = match &self.beacon {
                Some(beacon) => beacon.output(round).await,
                None => return None,
            };
            match answer {
                Ok(_) if self.clock.unix_ms() >= until => break,
                Ok(BeaconOutput { text, signature }) => {
                    return Some(PublicSeed { text, signature: Some(signature) });
                }
                Err(error) => {
                    tracing::warn!(%error, lobby.id = %lobby, beacon.round = round, "no beacon");
                }
            }
            let now = self.clock.unix_ms();
            self.sleep_until_unix(until.min(now.saturating_add(pause_ms))).await;
            pause_ms = (pause_ms * 2).min(ASK_MS.1);
        }
        None
    }

    async fn sleep_until_unix(&self, unix_ms: i64) {
        let ahead = unix_ms.saturating_sub(self.clock.unix_ms()).max(0).unsigned_abs();
        if ahead > 0 {
            self.clock.sleep_until(self.clock.now() + ahead).await;
        }
    }

    /// Gives a chain up, for all to see.
    async fn abandon(
        &self,
        owner: Owner,
        mut chain: ChainRecord,
        reason: AbandonReason,
    ) -> Result<ChainRecord, SeedError> {
        let (lobby, number) = (chain.lobby, chain.chain);
        let how = Abandoned { reason, at: self.clock.unix_ms(), lost_rounds: None };
        self.store.abandon(owner, Abandonment { chain: Some(number), how }).await?;
        tracing::error!(lobby.id = %lobby, chain = number, ?reason, "a seed chain is given up");
        self.metrics.chains_abandoned.inc();
        chain.abandoned = Some(how);
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
        let ChainPlan { owner: Owner { lobby, .. }, length, house_edge_bps } = plan;
        let grown = Chain::grow(Seed::from_bytes(random::array(&*self.random)), length);
        let seal = |checkpoint: &Checkpoint| {
            let place = Place { lobby, chain, index: checkpoint.index.0 };
            self.vault.seal(&*self.random, place, checkpoint.seed.as_bytes())
        };
        let checkpoints = grown.checkpoints().iter().map(seal).collect::<Result<_, _>>()?;
        let key = SigningKey::from_bytes(self.commitment_key.expose());
        let terminal = grown.terminal();
        let formula = Formula::Waxwing1;
        let anchor = self.anchor();
        let commitment =
            Commitment { lobby, chain, terminal, length, house_edge_bps, formula, anchor };
        let record = ChainRecord {
            lobby,
            chain,
            length,
            seeds_before,
            house_edge_bps,
            terminal: *terminal.as_bytes(),
            public_key: key.verifying_key().to_bytes(),
            signature: commitment.sign(&key),
            anchor,
            public_seed: None,
            beacon_signature: None,
            promised: false,
            used: 0,
            skipped: Vec::new(),
            abandoned: None,
            created_at: self.clock.unix_ms(),
        };
        Ok((record, checkpoints))
    }

    /// Where a chain that is promised now gets its public seed from: the beacon's first round that
    /// is due long enough after everybody can read the promise.
    fn anchor(&self) -> Anchor {
        if self.beacon.is_none() {
            return Anchor::Local;
        }
        let published_ms = self.clock.unix_ms().saturating_add(STORED_MS);
        Anchor::Drand { round: drand::first_due_at(published_ms.saturating_add(AHEAD_MS)) }
    }
}
