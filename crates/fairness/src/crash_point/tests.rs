//! The formula at its ends and its laws in between; `tests/distribution.rs` counts outcomes.

use kernel::Multiplier;
use proptest::prelude::*;

use super::{Mapping, crash_point, crash_point_of};
use crate::Seed;

const LAST: u64 = (1 << 52) - 1;

#[test]
fn the_ends_of_the_entropy_are_the_ends_of_the_range() {
    assert_eq!(crash_point_of(0, 0), Multiplier::ONE);
    assert_eq!(crash_point_of(0, 100), Multiplier::ONE);
    assert_eq!(crash_point_of(LAST, 100), Multiplier::MAX);
    assert_eq!(crash_point_of(LAST, 9_999), Multiplier::MAX);
}

#[test]
fn half_of_the_entropy_is_twice_what_the_edge_leaves() {
    assert_eq!(crash_point_of(1 << 51, 0).centi(), 200);
    assert_eq!(crash_point_of(1 << 51, 100).centi(), 198);
    assert_eq!(crash_point_of(1 << 51, 300).centi(), 194);
}

#[test]
fn a_known_seed_has_a_known_crash_point() {
    // Computed by docs/fairness.md's Python; the document's own test compares many more.
    let seed = Seed::from_bytes([0; 32]);
    let public_seed = "0".repeat(64);
    assert_eq!(crash_point(&public_seed, &seed, 100).to_string(), "1.73");
    assert_eq!(crash_point(&public_seed, &seed, 300).to_string(), "1.70");
}

#[test]
#[should_panic(expected = "below 100 %")]
fn a_house_that_keeps_everything_is_refused() {
    let _ = Mapping::new("", 10_000);
}

proptest! {
    #[test]
    fn more_entropy_never_crashes_earlier(a in 0..=LAST, b in 0..=LAST, edge in 0_u32..10_000) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(crash_point_of(low, edge) <= crash_point_of(high, edge));
    }

    #[test]
    fn a_larger_edge_never_crashes_later(
        entropy in 0..=LAST,
        a in 0_u32..10_000,
        b in 0_u32..10_000,
    ) {
        let (small, large) = (a.min(b), a.max(b));
        prop_assert!(crash_point_of(entropy, large) <= crash_point_of(entropy, small));
    }

    /// The floor is exact: m is reached iff keep · 2^52 >= 100 · m · (2^52 − r).
    #[test]
    fn the_crash_point_is_the_highest_multiplier_reached(
        entropy in 0..=LAST, edge in 0_u32..10_000,
    ) {
        let crash = crash_point_of(entropy, edge);
        let reaches = |centi: u128| {
            let keep = u128::from(10_000 - edge);
            keep << 52 >= 100 * centi * u128::from((1 << 52) - entropy)
        };
        prop_assume!(crash < Multiplier::MAX);
        prop_assert!(crash == Multiplier::ONE || reaches(u128::from(crash.centi())));
        prop_assert!(!reaches(u128::from(crash.centi()) + 1));
    }

    #[test]
    fn keyed_once_or_each_time_is_the_same(public_seed: String, bytes: [u8; 32]) {
        let seed = Seed::from_bytes(bytes);
        let mapping = Mapping::new(&public_seed, 100);
        prop_assert_eq!(mapping.crash_point(&seed), crash_point(&public_seed, &seed, 100));
    }
}
