//! Seeds come from a committed chain, in order, each once.

use std::sync::Arc;

use fairness::{Commitment, Formula, Terminal, step};
use kernel::{RoundId, Sealed, SeedIndex};
use platform::clock::SystemClock;
use platform::random::SeededRandom;

use super::{ChainPlan, SeedError, SeedMaker, Seeds, Vault};
use crate::config::Config;
use crate::store::{ChainRecord, SqliteStore, Store};
use crate::testing::{lobby, open};

const LENGTH: u32 = 2_500;

async fn maker() -> (tempfile::TempDir, Arc<SeedMaker>) {
    let directory = tempfile::tempdir().unwrap();
    let (writer, reader) = open(directory.path());
    let store = SqliteStore::new(writer, reader);
    let rules = engine::Rules::standard(kernel::Curve::linear());
    store.create_lobby(Config::default().main_lobby(&rules, 1), 1).await.unwrap();
    let maker = SeedMaker {
        store: Arc::new(store),
        vault: Arc::new(Vault::new(&Sealed::new([1; 32]))),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SeededRandom::new(1)),
        commitment_key: Sealed::new([2; 32]),
    };
    (directory, Arc::new(maker))
}

fn plan() -> ChainPlan {
    ChainPlan { lobby: lobby(1), length: LENGTH, house_edge_bps: 100 }
}

async fn load(maker: &Arc<SeedMaker>, chains: Vec<ChainRecord>, fenced: u32) -> Arc<Seeds> {
    let seeds = Seeds::load(Arc::clone(maker), plan(), chains, SeedIndex(fenced)).await;
    Arc::new(seeds.unwrap())
}

fn round(number: u32) -> RoundId {
    RoundId::new(lobby(1), number)
}

#[tokio::test]
async fn every_seed_hashes_down_to_the_signed_terminal() {
    let (_directory, maker) = maker().await;
    let chain = maker.make(plan(), 1, 0).await.unwrap();
    let commitment = Commitment {
        lobby: lobby(1),
        chain: 1,
        terminal: Terminal::from_bytes(chain.terminal),
        length: LENGTH,
        house_edge_bps: 100,
        formula: Formula::Waxwing1,
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
    let (_directory, maker) = maker().await;
    let chain = maker.make(plan(), 1, 0).await.unwrap();
    let sealed = maker.store.checkpoint(lobby(1), 1, 1).await.unwrap().unwrap();
    let right = super::vault::Place { lobby: lobby(1), chain: 1, index: sealed.index };
    assert!(maker.vault.open(right, &sealed).is_ok());
    let places = [
        super::vault::Place { index: 2_000, ..right },
        super::vault::Place { chain: 2, ..right },
        super::vault::Place { lobby: lobby(2), ..right },
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
    let (_directory, maker) = maker().await;
    let seeds = load(&maker, Vec::new(), 0).await;
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

#[tokio::test]
async fn what_the_fence_has_seen_is_never_played() {
    let (_directory, maker) = maker().await;
    let chain = maker.make(plan(), 1, 0).await.unwrap();
    let seeds = load(&maker, vec![chain], 7).await;
    assert_eq!(seeds.open(round(1)).await.unwrap().index, 8);
}

#[tokio::test]
async fn a_used_up_chain_hands_over_to_its_successor_or_stops() {
    let (_directory, maker) = maker().await;
    let mut first = maker.make(plan(), 1, 0).await.unwrap();
    first.used = LENGTH - 1;
    let seeds = load(&maker, vec![first.clone()], 0).await;
    assert_eq!(seeds.begin_round(), Ok(1));
    assert_eq!(seeds.open(round(1)).await.unwrap().index, LENGTH);
    seeds.used(1);
    for _ in 0..1_000 {
        if maker.store.chain(lobby(1), 2).await.unwrap().is_some_and(|c| c.public_seed.is_some()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    while seeds.begin_round() != Ok(2) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(seeds.open(round(2)).await.unwrap().index, 1);
    let second = maker.store.chain(lobby(1), 2).await.unwrap().unwrap();
    assert_eq!(second.seeds_before, LENGTH);

    // A process that ended between the commitment and its public seed left no way to play it.
    let mut unpublished = second.clone();
    unpublished.public_seed = None;
    let seeds = load(&maker, vec![first.clone(), unpublished], 0).await;
    seeds.open(round(1)).await.unwrap();
    seeds.used(1);
    assert_eq!(seeds.begin_round(), Ok(2));
    assert!(seeds.open(round(2)).await.is_ok());

    first.used = LENGTH;
    let alone = load(&maker, vec![first], 0).await;
    assert_eq!(alone.begin_round(), Err(SeedError::Exhausted));
}
