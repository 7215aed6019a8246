//! Random where it must be, repeatable where a test asks for it.

use crate::clock::ManualClock;

use super::{Random, SeededRandom, SystemRandom, array, bet_id};

#[test]
fn the_system_does_not_repeat_itself() {
    let (first, second): ([u8; 32], [u8; 32]) = (array(&SystemRandom), array(&SystemRandom));
    assert_ne!(first, second);
    assert_ne!(first, [0; 32]);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, second) = (SeededRandom::new(7), SeededRandom::new(7));
    assert_eq!(array::<19>(&first), array::<19>(&second));
    assert_ne!(array::<19>(&first), array::<19>(&SeededRandom::new(8)));
}

#[test]
fn the_generator_is_splitmix64() {
    // The first output for state 0, from the authors' reference implementation.
    assert_eq!(u64::from_le_bytes(array(&SeededRandom::new(0))), 0xe220_a839_7b1d_cdaf);
}

#[test]
fn every_byte_is_filled() {
    let random = SeededRandom::new(1);
    let mut seen = [false; 13];
    for _ in 0..64 {
        let mut bytes = [0; 13];
        random.fill(&mut bytes);
        for (seen, byte) in seen.iter_mut().zip(bytes) {
            *seen |= byte != 0;
        }
    }
    assert_eq!(seen, [true; 13]);
}

#[test]
fn bet_ids_are_version_7_and_sort_by_time() {
    let (clock, random) = (ManualClock::new(), SeededRandom::new(3));
    let first = bet_id(&clock, &random);
    clock.advance(1);
    let second = bet_id(&clock, &random);
    assert!(first < second);
    assert_eq!(first.as_bytes()[6] >> 4, 7);
    assert_eq!(first.as_bytes()[8] >> 6, 0b10);
    let unix_ms = first.as_bytes()[..6].iter().fold(0, |ms, byte| ms << 8 | i64::from(*byte));
    assert_eq!(unix_ms, ManualClock::DEFAULT_UNIX_MS);
}
