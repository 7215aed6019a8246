//! Outputs that quicknet really gave, and what is none.

use serde::Deserialize;

use super::{BeaconError, GENESIS_MS, due_ms, first_due_at, public_seed};
use crate::hex;

/// `fixtures/drand_quicknet.json`: rounds as drand's API answered them.
#[derive(Deserialize)]
struct Recorded {
    beacons: Vec<Beacon>,
}

#[derive(Deserialize)]
struct Beacon {
    round: u64,
    randomness: String,
    signature: String,
}

fn recorded() -> Vec<Beacon> {
    let text = include_str!("../../../../fixtures/drand_quicknet.json");
    serde_json::from_str::<Recorded>(text).unwrap().beacons
}

#[test]
fn a_real_output_verifies_and_gives_its_randomness() {
    let beacons = recorded();
    assert!(beacons.len() >= 5);
    for Beacon { round, randomness, signature } in beacons {
        let signature = hex::decode(&signature).unwrap();
        assert_eq!(public_seed(round, &signature), Ok(randomness), "{round}");
    }
}

#[test]
fn an_output_of_another_round_or_a_changed_one_is_refused() {
    let beacons = recorded();
    let signature: [u8; 48] = hex::decode(&beacons[1].signature).unwrap();
    for round in [0, 999, 1_001, u64::MAX] {
        assert_eq!(public_seed(round, &signature), Err(BeaconError { round }));
    }
    for place in [0, 1, 20, 47] {
        let mut changed = signature;
        changed[place] ^= 1;
        assert_eq!(public_seed(1_000, &changed), Err(BeaconError { round: 1_000 }), "{place}");
    }
    // Neither all zeros nor the point at infinity signs anything.
    let mut infinity = [0; 48];
    assert!(public_seed(1_000, &infinity).is_err());
    infinity[0] = 0xc0;
    assert!(public_seed(1_000, &infinity).is_err());
}

#[test]
fn rounds_are_due_every_three_seconds_from_the_first() {
    assert_eq!((due_ms(0), due_ms(1), due_ms(2)), (GENESIS_MS, GENESIS_MS, GENESIS_MS + 3_000));
    assert_eq!(due_ms(1_000), 1_692_806_364_000);
    for (unix_ms, round) in [
        (0, 1),
        (GENESIS_MS, 1),
        (GENESIS_MS + 1, 2),
        (GENESIS_MS + 3_000, 2),
        (1_692_806_364_000, 1_000),
        (1_692_806_364_001, 1_001),
        (i64::MAX, first_due_at(i64::MAX)),
    ] {
        assert_eq!(first_due_at(unix_ms), round, "{unix_ms}");
    }
    assert_eq!(due_ms(u64::MAX), i64::MAX);
}
