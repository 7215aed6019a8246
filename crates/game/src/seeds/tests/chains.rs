//! Chains of five: promised in time, followed, exhausted, anchored, given up.

use fairness::hex;
use protocol::chains::{AbandonReason, LostRounds};

use super::*;
use crate::seeds::next_after;
use crate::testing::apply;

const FIVE: u32 = 5;
/// Quicknet's round 1,000 was due at this Unix millisecond.
const ROUND_1000_MS: i64 = 1_692_806_364_000;

/// Plays one round, stored as the recorder stores it; the chain and index of its seed.
async fn play(ground: &Ground, seeds: &Arc<Seeds>, number: u32) -> (u32, u32) {
    use crate::store::{LockRecord, StoreCommand};
    let chain = begun(seeds).await;
    let opened = seeds.open(round(number)).await.unwrap();
    let open =
        StoreCommand::OpenRound { round: round(number), epoch: kernel::Epoch(1), chain, at: 1 };
    let lock = StoreCommand::Lock(Box::new(LockRecord {
        round: round(number),
        bets: Vec::new(),
        totals: engine::Totals::default(),
        seed_index: opened.index,
        bets_hash: [0; 32],
        start_at: 2,
        at: 1,
    }));
    let stored = apply(&*ground.maker.store, 1, vec![open, lock]).await;
    assert!(stored.iter().all(Result::is_ok), "{stored:?}");
    seeds.used(number);
    (chain, opened.index)
}

/// Waits until `holds`.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..1_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn the_next_chain_is_announced_before_the_last_rounds_and_follows_at_a_round() {
    let ground = ground(Arc::new(SystemClock::new()), None, 2).await;
    let seeds = load(&ground, FIVE).await;
    let mut played = Vec::new();
    for number in 1..=3 {
        played.push(play(&ground, &seeds, number).await);
        assert_eq!(seeds.promise(number).next_commitment, None, "too early at {number}");
    }
    // The fourth round begins with two seeds left.
    seeds.begin_round().unwrap();
    until("announced", async || seeds.promise(4).next_commitment.is_some()).await;
    let next = seeds.promise(4).next_commitment.unwrap();
    assert_eq!((next.chain, next.length), (2, FIVE));
    assert_eq!(seeds.promise(4).commitment.chain, 1);
    for number in 4..=12 {
        played.push(play(&ground, &seeds, number).await);
    }
    let expected: Vec<(u32, u32)> = (0..12).map(|at| (at / 5 + 1, at % 5 + 1)).collect();
    assert_eq!(played, expected);
    assert_eq!(seeds.promise(12).commitment.chain, 3);
    until("three seeds left", async || ground.left() == 3).await;
    let second = chain(&ground, 2).await;
    assert_eq!((second.seeds_before, second.used), (FIVE, FIVE));
    assert_eq!(hex::encode(&second.terminal), next.terminal, "the one that was announced");
}

#[tokio::test]
async fn without_a_beacon_the_lobby_waits_and_goes_on_by_itself() {
    let clock = ManualClock::starting_at(ROUND_1000_MS - 7_000);
    let beacon = Arc::new(TestBeacon::default());
    let ground = ground(Arc::new(clock.clone()), Some(beacon.clone()), 2).await;
    let seeds = load(&ground, FIVE).await;
    assert_eq!(seeds.begin_round(), Err(SeedError::Exhausted));
    let promise = seeds.promise(1);
    assert_eq!((promise.commitment.beacon_round, promise.anchored), (Some(1_000), true));
    assert_eq!((promise.public_seed.as_str(), ground.left()), ("", 0));
    // It is due in seven seconds and not asked for before.
    let recorded = recorded();
    until("it sleeps", async || clock.sleepers() > 0).await;
    clock.advance(6_999);
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(seeds.begin_round(), Err(SeedError::Exhausted));
    clock.advance(1);
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(seeds.begin_round(), Err(SeedError::Exhausted), "due, but nobody has it");
    beacon.known.lock().extend(recorded.iter().copied());
    until("it is asked for again", async || {
        clock.advance(500);
        seeds.begin_round().is_ok()
    })
    .await;
    let chain = chain(&ground, 1).await;
    let text = drand::public_seed(1_000, &recorded[0].1).unwrap();
    assert_eq!(chain.public_seed.as_deref(), Some(text.as_str()));
    assert_eq!(chain.beacon_signature, Some(recorded[0].1));
    assert_eq!(seeds.open(round(1)).await.unwrap().index, 1);
}

#[tokio::test]
async fn a_beacon_missing_for_a_minute_gives_the_chain_up_and_the_next_begins_at_once() {
    let clock = ManualClock::starting_at(ROUND_1000_MS - 7_000);
    let beacon = Arc::new(TestBeacon::default());
    let ground = ground(Arc::new(clock.clone()), Some(beacon.clone()), 2).await;
    let seeds = load(&ground, FIVE).await;
    assert!(seeds.begin_round().is_err());
    until("given up", async || {
        clock.advance(1_000);
        chain(&ground, 1).await.abandoned.is_some()
    })
    .await;
    assert!(clock.unix_ms() >= ROUND_1000_MS + 60_000);
    until("the next", async || ground.maker.store.chain(lobby(1), 2).await.unwrap().is_some())
        .await;
    until("shown", async || seeds.promise(1).abandoned.len() == 1).await;
    assert_eq!(seeds.promise(1).abandoned[0].reason, AbandonReason::BeaconMissing);
    let second = chain(&ground, 2).await;
    let Anchor::Drand { round } = second.anchor else { panic!("{second:?}") };
    assert!(drand::due_ms(round) >= second.created_at + 6_000);
    assert_eq!(seeds.begin_round(), Err(SeedError::Exhausted));
    // A public seed that comes now is too late for the first chain.
    let late = crate::store::PublicSeed { text: "a".into(), signature: None };
    let stands = ground.maker.store.set_public_seed(owner(1), 1, late).await.unwrap().unwrap();
    assert_eq!(stands.public_seed, None);
}

#[tokio::test]
async fn a_process_that_ended_between_promise_and_public_seed_goes_on_with_the_promise() {
    let clock = ManualClock::starting_at(ROUND_1000_MS - 7_000);
    let beacon = Arc::new(TestBeacon::default());
    let ground = ground(Arc::new(clock.clone()), Some(beacon.clone()), 2).await;
    drop(load(&ground, FIVE).await);
    beacon.known.lock().extend(recorded());
    clock.advance(20_000);
    let seeds = load(&ground, FIVE).await;
    assert_eq!(begun(&seeds).await, 1);
    assert!(ground.maker.store.chain(lobby(1), 1).await.unwrap().unwrap().public_seed.is_some());
}

#[tokio::test]
async fn a_process_that_starts_a_minute_late_plays_no_chain_of_a_known_beacon() {
    let clock = ManualClock::starting_at(ROUND_1000_MS - 7_000);
    let beacon = Arc::new(TestBeacon::default());
    let ground = ground(Arc::new(clock.clone()), Some(beacon.clone()), 2).await;
    drop(load(&ground, FIVE).await);
    beacon.known.lock().extend(recorded());
    clock.advance(67_000);
    let seeds = load(&ground, FIVE).await;
    assert!(seeds.begin_round().is_err());
    until("given up", async || chain(&ground, 1).await.abandoned.is_some()).await;
    assert_eq!(chain(&ground, 1).await.public_seed, None);
}

#[tokio::test]
async fn a_chain_whose_promise_was_stored_too_late_is_given_up_by_the_next_process() {
    let clock = ManualClock::starting_at(ROUND_1000_MS - 7_000);
    let beacon = Arc::new(TestBeacon::default());
    let ground = ground(Arc::new(clock.clone()), Some(beacon.clone()), 2).await;
    drop(load(&ground, FIVE).await);
    let first = chain(&ground, 1).await;
    assert!(first.promised);
    // Stored while the beacon was seven seconds away; the process ended before it looked again.
    let unseen = ChainRecord { chain: 2, promised: false, ..first };
    ground.maker.store.abandon(owner(1), given_up(1)).await.unwrap();
    ground.maker.store.add_chain(owner(1), unseen, Vec::new()).await.unwrap();
    clock.advance(1_001);
    beacon.known.lock().extend(recorded());
    let seeds = load(&ground, FIVE).await;
    let late = chain(&ground, 2).await;
    assert_eq!(late.abandoned.map(|how| how.reason), Some(AbandonReason::PublishedLate));
    assert_eq!(late.public_seed, None);
    let shown = seeds.promise(1);
    assert_eq!((shown.commitment.chain, shown.abandoned[0].chain), (3, 2));
}

fn given_up(chain: u32) -> crate::store::Abandonment {
    let (reason, at, lost_rounds) = (AbandonReason::BeaconMissing, 1, None);
    let how = protocol::chains::Abandoned { reason, at, lost_rounds };
    crate::store::Abandonment { chain: Some(chain), how }
}

#[tokio::test]
async fn a_store_behind_the_wallet_gives_up_its_chains_in_public() {
    let ground = ground(Arc::new(SystemClock::new()), None, 2).await;
    let seeds = load(&ground, FIVE).await;
    for number in 1..=4 {
        play(&ground, &seeds, number).await;
    }
    until("announced", async || seeds.promise(4).next_commitment.is_some()).await;
    until("anchored", async || chain(&ground, 2).await.public_seed.is_some()).await;
    drop(seeds);
    let lost_rounds = Some(LostRounds { from: 5, to: 9 });
    let chains = ground.maker.store.inherit(lobby(1)).await.unwrap().unwrap().chains;
    give_up(&ground.maker, owner(1), &chains, Behind { lost_rounds }).await.unwrap();
    assert_eq!(ground.maker.metrics.chains_abandoned.get(), 2);
    let seeds = load_fenced(&ground, FIVE, 9).await;
    for number in [1, 2] {
        let how = chain(&ground, number).await.abandoned.unwrap();
        assert_eq!((how.reason, how.lost_rounds), (AbandonReason::StoreBehind, lost_rounds));
    }
    assert_eq!(seeds.promise(10).abandoned.len(), 2);
    // Chains 3 and on may have been promised by the store that was lost, and by one that the same
    // copy was put back for before: the second in which this one was found out is its own.
    let at = chain(&ground, 2).await.abandoned.unwrap().at;
    let number = u32::try_from(at / 1_000).unwrap();
    assert!(number > 1_002, "{number}");
    assert_eq!(play(&ground, &seeds, 10).await, (number, 1));
    let fresh = chain(&ground, number).await;
    assert!(fresh.created_at / 1_000 > i64::from(number), "promised within its second");
    assert_eq!(fresh.seeds_before, 10, "beyond both chains given up and what the wallet saw");
    // The next start finds nothing behind and goes on.
    drop(seeds);
    let seeds = load(&ground, FIVE).await;
    assert_eq!(play(&ground, &seeds, 11).await, (number, 2));
}

/// A copy of a lobby that was restored before, its newest chain a minute old.
#[tokio::test]
async fn a_copy_put_back_twice_within_minutes_is_numbered_by_each_second() {
    let ground = ground(Arc::new(SystemClock::new()), None, 2).await;
    drop(load(&ground, FIVE).await);
    let mut newest = chain(&ground, 1).await;
    newest.chain = 1_790_000_000;
    let mut after = |at_s: i64| {
        let (reason, lost_rounds) = (AbandonReason::Restored, None);
        newest.abandoned =
            Some(protocol::chains::Abandoned { reason, at: at_s * 1_000, lost_rounds });
        next_after(&newest).0
    };
    assert_eq!(after(1_790_000_060), 1_790_000_060);
    assert_eq!(after(1_790_000_200), 1_790_000_200);
    assert_eq!(after(1_789_999_000), 1_790_001_000, "the clock was set back");
}

/// Quicknet's rounds from 1,000 on, as they were.
fn recorded() -> Vec<(u64, BeaconSignature)> {
    let text = include_str!("../../../../../fixtures/drand_quicknet.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let beacons = file["beacons"].as_array().unwrap().iter();
    let read = |beacon: &serde_json::Value| {
        let signature = hex::decode(beacon["signature"].as_str().unwrap()).unwrap();
        (beacon["round"].as_u64().unwrap(), signature)
    };
    beacons.map(read).filter(|(round, _)| *round >= 1_000).collect()
}
