//! The same set has the same hash, any other set another one.

use kernel::{BetId, Multiplier, PlayerId, Stake};
use proptest::prelude::*;

use super::{BetEntry, bets_hash};
use crate::hex;

fn entry(player: u64, bet: u8, steps: u32, target: Option<u32>) -> BetEntry {
    BetEntry {
        player: PlayerId::new(player).unwrap(),
        bet: BetId::from_bytes([bet; 16]),
        stake: Stake::from_steps(steps).unwrap(),
        auto_cash_out: target.and_then(Multiplier::from_centi),
    }
}

#[test]
fn the_bytes_are_as_documented() {
    // printf 'waxwing accepted bets 1\n' | sha256sum
    let empty = "93d9cb4168e8cd1270971a5ca5bd6d50f0f99323dc5c775a947f8e2619bda14f";
    assert_eq!(hex::encode(&bets_hash(&[])), empty);
    // The same line and the bytes of two bets, hashed by Python's hashlib.
    let two = "0d302fc0977b97025fd11c347a580de69bcea6d798010474d7ee4187183c6dc2";
    let bets = [entry(7, 1, 1_000, Some(150)), entry(3, 2, 500, None)];
    assert_eq!(hex::encode(&bets_hash(&bets)), two);
}

#[test]
fn every_field_counts() {
    let base = entry(7, 1, 1_000, Some(150));
    for other in [
        entry(8, 1, 1_000, Some(150)),
        entry(7, 2, 1_000, Some(150)),
        entry(7, 1, 1_001, Some(150)),
        entry(7, 1, 1_000, Some(151)),
        entry(7, 1, 1_000, None),
    ] {
        assert_ne!(bets_hash(&[base]), bets_hash(&[other]), "{other:?}");
    }
    assert_ne!(bets_hash(&[base]), bets_hash(&[base, base]));
    assert_ne!(bets_hash(&[base]), bets_hash(&[]));
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_count(
        bets in proptest::collection::vec((1_u64..50, any::<u8>(), 1_u32..9_999), 0..40),
        turn in 0_usize..40,
    ) {
        let mut bets: Vec<_> =
            bets.into_iter().map(|(player, bet, steps)| entry(player, bet, steps, None)).collect();
        let before = bets_hash(&bets);
        let middle = turn % bets.len().max(1);
        bets.rotate_left(middle);
        prop_assert_eq!(bets_hash(&bets), before);
    }
}
