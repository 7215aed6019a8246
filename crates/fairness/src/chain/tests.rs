//! Chains against walking them naively.

use kernel::SeedIndex;
use proptest::prelude::*;

use super::{Chain, ChainError, Checkpoint, Segment, checkpoint_of, descend};
use crate::{Seed, step};

/// Every seed of a chain, `s_0` first.
fn naive(last: Seed, length: u32) -> Vec<Seed> {
    let mut seeds = vec![last];
    for _ in 0..length {
        let next = step(seeds.last().unwrap());
        seeds.push(next);
    }
    seeds.reverse();
    seeds
}

fn stored(chain: &Chain, index: SeedIndex) -> &Checkpoint {
    chain.checkpoints().iter().find(|checkpoint| checkpoint.index == index).unwrap()
}

#[test]
fn every_seed_opens_from_its_checkpoint() {
    for length in [1, 2, 999, 1_000, 1_001, 2_000, 3_456] {
        let last = Seed::from_bytes([3; 32]);
        let seeds = naive(last.clone(), length);
        let chain = Chain::grow(last, length);
        assert_eq!(chain.length(), length);
        assert_eq!(chain.terminal(), seeds[0].to_terminal());
        for index in 1..=length {
            let top = checkpoint_of(SeedIndex(index), length).unwrap();
            let segment = Segment::expand(stored(&chain, top));
            assert_eq!(segment.open(SeedIndex(index)), Some(&seeds[index as usize]));
        }
    }
}

#[test]
fn a_segment_holds_its_own_seeds_only() {
    let chain = Chain::grow(Seed::from_bytes([9; 32]), 2_500);
    let segment = Segment::expand(stored(&chain, SeedIndex(2_000)));
    assert!(segment.open(SeedIndex(2_000)).is_some());
    assert!(segment.open(SeedIndex(1_001)).is_some());
    assert_eq!(segment.open(SeedIndex(2_001)), None);
    assert_eq!(segment.open(SeedIndex(1_000)), None);
    let first = Segment::expand(stored(&chain, SeedIndex(1_000)));
    assert_eq!(first.open(SeedIndex(0)), None, "no round is played with s_0");
}

#[test]
fn checkpoints_are_the_last_and_every_thousandth() {
    let indexes = |length| {
        let chain = Chain::grow(Seed::from_bytes([1; 32]), length);
        chain.checkpoints().iter().map(|checkpoint| checkpoint.index.0).collect::<Vec<_>>()
    };
    assert_eq!(indexes(2_500), [2_500, 2_000, 1_000]);
    assert_eq!(indexes(2_000), [2_000, 1_000]);
    assert_eq!(indexes(7), [7]);
}

#[test]
fn nothing_is_opened_outside_the_chain_or_upwards() {
    let outside = |index| ChainError::OutOfChain { index: SeedIndex(index), length: 10 };
    assert_eq!(checkpoint_of(SeedIndex(0), 10), Err(outside(0)));
    assert_eq!(checkpoint_of(SeedIndex(11), 10), Err(outside(11)));
    assert_eq!(checkpoint_of(SeedIndex(u32::MAX), u32::MAX), Ok(SeedIndex(u32::MAX)));
    let seed = Seed::from_bytes([0; 32]);
    let upwards = ChainError::Upwards { from: SeedIndex(3), to: SeedIndex(4) };
    assert_eq!(descend(SeedIndex(3), &seed, SeedIndex(4)), Err(upwards));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn descending_in_two_parts_is_descending_at_once(
        bytes: [u8; 32], top in 0_u32..3_000, middle in 0_u32..3_000, low in 0_u32..3_000,
    ) {
        let mut indexes = [top, middle, low].map(SeedIndex);
        indexes.sort_unstable();
        let [low, middle, top] = indexes;
        let seed = Seed::from_bytes(bytes);
        let half = descend(top, &seed, middle).unwrap();
        prop_assert_eq!(descend(middle, &half, low), descend(top, &seed, low));
    }

    #[test]
    fn every_checkpoint_descends_to_the_terminal(bytes: [u8; 32], length in 1_u32..4_000) {
        let chain = Chain::grow(Seed::from_bytes(bytes), length);
        for Checkpoint { index, seed } in chain.checkpoints() {
            let end = descend(*index, seed, SeedIndex(0)).unwrap();
            prop_assert_eq!(end.to_terminal(), chain.terminal());
        }
    }
}
