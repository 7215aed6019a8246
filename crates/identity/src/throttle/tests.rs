//! A few failures at once, then one a pause, and all is forgotten in time.

use platform::random::SeededRandom;

use super::*;

const PAUSE_MS: u64 = 6_000;

fn throttle(failures_at_once: u32) -> Throttle {
    let config = Config { failures_at_once, failure_pause_ms: PAUSE_MS, ..Config::default() };
    Throttle::new(&config, &SeededRandom::new(1))
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ms(ms)
}

/// Takes tries that fail until one is refused; how many were taken, and the seconds told.
fn exhaust(throttle: &Throttle, username: &str, now: Timestamp) -> (u32, u32) {
    let mut taken = 0;
    loop {
        match throttle.take(username, now) {
            Ok(_failed) => taken += 1,
            Err(seconds) => return (taken, seconds),
        }
    }
}

#[test]
fn after_the_first_few_one_try_a_pause_is_let_through() {
    let throttle = throttle(10);
    let start = 1_000;
    assert_eq!(exhaust(&throttle, "ann", at(start)), (10, 6));
    assert_eq!(exhaust(&throttle, "ann", at(start + PAUSE_MS - 1)), (0, 1));
    for pauses in 1..=20 {
        assert_eq!(exhaust(&throttle, "ann", at(start + pauses * PAUSE_MS)), (1, 6));
    }
}

#[test]
fn a_refused_try_costs_nothing() {
    let throttle = throttle(1);
    assert_eq!(exhaust(&throttle, "ann", at(0)), (1, 6));
    for ms in 1..PAUSE_MS {
        assert!(throttle.take("ann", at(ms)).is_err());
    }
    assert!(throttle.take("ann", at(PAUSE_MS)).is_ok());
}

#[test]
fn a_name_left_alone_is_soon_as_new() {
    let throttle = throttle(10);
    exhaust(&throttle, "ann", at(0));
    assert_eq!(exhaust(&throttle, "ann", at(5 * PAUSE_MS)).0, 5);
    assert_eq!(exhaust(&throttle, "ann", at(1_000 * PAUSE_MS)).0, 10, "no more than at first");
}

#[test]
fn what_is_given_back_was_never_counted() {
    let throttle = throttle(3);
    for _ in 0..100 {
        throttle.take("ann", at(7)).unwrap_or_else(|_| panic!("refused")).give_back();
    }
    assert_eq!(exhaust(&throttle, "ann", at(7)).0, 3);
}

#[test]
fn names_are_spread_by_a_key_of_this_start() {
    let (one, other) = (throttle(1), Throttle::new(&Config::default(), &SeededRandom::new(2)));
    let places = |throttle: &Throttle| -> Vec<usize> {
        (0..1_000).map(|number| throttle.place(&format!("player {number}"))).collect()
    };
    let distinct: std::collections::BTreeSet<_> = places(&one).into_iter().collect();
    assert!(distinct.len() > 950, "{}", distinct.len());
    assert_eq!(places(&one), places(&one));
    assert_ne!(places(&one), places(&other));
}
