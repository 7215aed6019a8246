//! Seeds come from a committed chain, in order, each once; chains follow each other in public.

mod chains;
mod property;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fairness::drand::{self, BeaconSignature};
use fairness::{Anchor, Commitment, Formula, Seed, step};
use kernel::{RoundId, Sealed, SeedIndex};
use parking_lot::Mutex;
use platform::clock::{Clock, ManualClock, SystemClock};
use platform::metrics::Registry;
use platform::random::SeededRandom;
use platform::tasks::TokioSpawner;

use super::beacon::{BeaconError, BeaconOutput};
use super::vault::Place;
use super::{Beacon, Behind, ChainPlan, SeedError, SeedMaker, Seeds, Vault, give_up};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::store::{ChainRecord, SqliteStore, Store};
use crate::testing::{lobby, open, owner};

const LENGTH: u32 = 2_500;

/// A beacon that answers as a test says: what is not there yet is not answered.
#[derive(Default)]
struct TestBeacon {
    known: Mutex<Vec<(u64, BeaconSignature)>>,
}

#[async_trait]
impl Beacon for TestBeacon {
    async fn output(&self, round: u64) -> Result<BeaconOutput, BeaconError> {
        let known = self.known.lock().iter().find(|(known, _)| *known == round).copied();
        let (_, signature) = known.ok_or(BeaconError::Nowhere)?;
        Ok(BeaconOutput { text: drand::public_seed(round, &signature)?, signature })
    }
}

/// What the tests of seeds stand on.
struct Ground {
    _directory: tempfile::TempDir,
    maker: Arc<SeedMaker>,
}

impl Ground {
    fn left(&self) -> i64 {
        self.maker.metrics.seeds_left.least.get()
    }
}

async fn ground(
    clock: Arc<dyn Clock>,
    beacon: Option<Arc<dyn Beacon>>,
    successor_at: u32,
) -> Ground {
    let directory = tempfile::tempdir().unwrap();
    let (writer, reader) = open(directory.path());
    let store = SqliteStore::new(writer, reader);
    let rules = engine::Rules::standard(kernel::Curve::linear());
    store.create_lobby(Config::default().main_lobby(&rules, 1), 1).await.unwrap();
    let metrics = Metrics::register(&Registry::new());
    let maker = SeedMaker {
        store: Arc::new(store),
        vault: Arc::new(Vault::new(&Sealed::new([1; 32]))),
        clock,
        random: Arc::new(SeededRandom::new(1)),
        spawner: Arc::new(TokioSpawner),
        commitment_key: Sealed::new([2; 32]),
        beacon,
        successor_at,
        metrics,
    };
    Ground { _directory: directory, maker: Arc::new(maker) }
}

async fn local() -> Ground {
    ground(Arc::new(SystemClock::new()), None, 1_000).await
}

fn plan(length: u32) -> ChainPlan {
    ChainPlan { owner: owner(1), length, house_edge_bps: 100 }
}

/// The seeds as a new owner finds them whose wallet agrees with the store.
async fn load(ground: &Ground, length: u32) -> Arc<Seeds> {
    let chains = ground.maker.store.inherit(lobby(1)).await.unwrap().unwrap().chains;
    let used = chains.iter().map(|chain| chain.seeds_before + chain.used).max().unwrap_or(0);
    load_fenced(ground, length, used).await
}

async fn load_fenced(ground: &Ground, length: u32, fenced: u32) -> Arc<Seeds> {
    let chains = ground.maker.store.inherit(lobby(1)).await.unwrap().unwrap().chains;
    let maker = Arc::clone(&ground.maker);
    Seeds::load(maker, plan(length), chains, SeedIndex(fenced)).await.unwrap()
}

async fn chain(ground: &Ground, number: u32) -> ChainRecord {
    ground.maker.store.chain(lobby(1), number).await.unwrap().unwrap()
}

/// Opens a round as the recorder does: waits while there is no seed.
async fn begun(seeds: &Arc<Seeds>) -> u32 {
    for _ in 0..50 {
        if let Ok(chain) = seeds.begin_round() {
            return chain;
        }
        let _late = tokio::time::timeout(Duration::from_millis(200), seeds.ready()).await;
    }
    panic!("no chain was provided");
}

fn round(number: u32) -> RoundId {
    RoundId::new(lobby(1), number)
}

#[tokio::test]
async fn every_seed_hashes_down_to_the_signed_terminal() {
    let ground = local().await;
    let maker = &ground.maker;
    let chain = maker.make(plan(LENGTH), 1, 0).await.unwrap();
    let commitment = Commitment {
        lobby: lobby(1),
        chain: 1,
        terminal: Seed::from_bytes(chain.terminal).to_terminal(),
        length: LENGTH,
        house_edge_bps: 100,
        formula: Formula::Waxwing1,
        anchor: Anchor::Local,
    };
    assert_eq!(commitment.verify(&chain.public_key, &chain.signature), Ok(()));
    let mut below = commitment.terminal;
    for index in [1, 2, 3] {
        let seed = maker.seed(&chain, index).await.unwrap();
        assert_eq!(step(&seed).to_terminal(), below);
        below = seed.to_terminal();
    }
    for (index, next) in [(999, 1_000), (1_000, 1_001), (2_000, 2_001), (2_499, 2_500)] {
        let (seed, above) = (maker.seed(&chain, index).await, maker.seed(&chain, next).await);
        assert!(step(&above.unwrap()) == seed.unwrap(), "{index}");
    }
    assert!(maker.seed(&chain, 2_501).await.is_err());
}

#[tokio::test]
async fn a_seed_is_bound_to_its_key_and_place() {
    let ground = local().await;
    let maker = &ground.maker;
    let chain = maker.make(plan(LENGTH), 1, 0).await.unwrap();
    let sealed = maker.store.checkpoint(lobby(1), 1, 1).await.unwrap().unwrap();
    let right = Place { lobby: lobby(1), chain: 1, index: sealed.index };
    assert!(maker.vault.open(right, &sealed).is_ok());
    let places = [
        Place { index: 2_000, ..right },
        Place { chain: 2, ..right },
        Place { lobby: lobby(2), ..right },
    ];
    for place in places {
        assert_eq!(maker.vault.open(place, &sealed), Err(SeedError::Unreadable));
    }
    let other = Vault::new(&Sealed::new([9; 32]));
    assert_eq!(other.open(right, &sealed), Err(SeedError::Unreadable));
    let seed = maker.seed(&chain, sealed.index).await.unwrap();
    let in_the_clear = sealed.sealed.windows(32).any(|bytes| bytes == seed.as_bytes());
    assert!(!in_the_clear);
}

#[tokio::test]
async fn the_index_advances_iff_a_lock_was_stored() {
    let ground = local().await;
    let seeds = load(&ground, LENGTH).await;
    assert_eq!(seeds.begin_round(), Ok(1));
    assert_eq!(seeds.open(round(1)).await.unwrap().index, 1);
    assert_eq!(seeds.open(round(1)).await.unwrap().index, 1, "locked again: the same seed");
    // Round 1 was voided before its lock was stored; round 2 gets its seed.
    assert_eq!(seeds.open(round(2)).await.unwrap().index, 1);
    seeds.used(2);
    assert_eq!(seeds.open(round(3)).await.unwrap().index, 2);
    assert_eq!(seeds.promise(3).seed_index, 2);
    assert!(seeds.opened(2).is_none());
}
