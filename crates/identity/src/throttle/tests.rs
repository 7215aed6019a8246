//! A few failures at once, then one a pause, and nobody is locked out by somebody else.

use std::collections::BTreeSet;
use std::net::IpAddr;

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

fn network(number: u16) -> Network {
    let [high, low] = number.to_be_bytes();
    Network::of(IpAddr::from([198, 18, high, low]))
}

/// Takes tries that fail until one is refused; how many were taken, and what was told.
fn exhaust(throttle: &Throttle, who: Who, now: Timestamp) -> (u32, u32, Budget) {
    let mut taken = 0;
    loop {
        match throttle.take(who, now) {
            Ok(_failed) => taken += 1,
            Err(TooMany { retry_after_s, budget }) => return (taken, retry_after_s, budget),
        }
    }
}

#[test]
fn after_the_first_few_one_try_a_pause_is_let_through() {
    let throttle = throttle(10);
    let (ann, start) = (throttle.who("ann", Some(network(1))), 1_000);
    throttle.remember(ann);
    assert_eq!(exhaust(&throttle, ann, at(start)), (10, 6, Budget::NameHere));
    assert_eq!(exhaust(&throttle, ann, at(start + PAUSE_MS - 1)).0, 0);
    for pauses in 1..=20 {
        assert_eq!(exhaust(&throttle, ann, at(start + pauses * PAUSE_MS)).0, 1);
    }
}

#[test]
fn a_refused_try_costs_nothing() {
    let throttle = throttle(1);
    let ann = throttle.who("ann", Some(network(1)));
    assert_eq!(exhaust(&throttle, ann, at(0)), (1, 6, Budget::NameHere));
    for ms in 1..PAUSE_MS {
        assert!(throttle.take(ann, at(ms)).is_err());
    }
    assert!(throttle.take(ann, at(PAUSE_MS)).is_ok());
}

#[test]
fn a_name_left_alone_is_soon_as_new() {
    let throttle = throttle(10);
    let ann = throttle.who("ann", Some(network(1)));
    exhaust(&throttle, ann, at(0));
    assert_eq!(exhaust(&throttle, ann, at(5 * PAUSE_MS)).0, 5);
    assert_eq!(exhaust(&throttle, ann, at(10_000 * PAUSE_MS)).0, 10, "no more than at first");
}

#[test]
fn what_is_given_back_was_never_counted() {
    let throttle = throttle(3);
    let ann = throttle.who("ann", Some(network(1)));
    for _ in 0..1_000 {
        throttle.take(ann, at(7)).unwrap_or_else(|_| panic!("refused")).give_back();
    }
    assert_eq!(exhaust(&throttle, ann, at(7)).0, 3);
}

#[test]
fn failures_elsewhere_do_not_count_here() {
    let throttle = throttle(10);
    exhaust(&throttle, throttle.who("ann", Some(network(1))), at(0));
    assert_eq!(exhaust(&throttle, throttle.who("ann", Some(network(2))), at(0)).0, 10);
    assert_eq!(exhaust(&throttle, throttle.who("ann", None), at(0)).0, 10);
}

#[test]
fn one_network_cannot_try_name_after_name() {
    let throttle = throttle(10);
    let mut looked_at = 0;
    for number in 0..1_000 {
        let who = throttle.who(&format!("player {number}"), Some(network(1)));
        looked_at += usize::from(throttle.take(who, at(0)).is_ok());
    }
    assert_eq!(looked_at, 100);
    let refused =
        throttle.take(throttle.who("ann", Some(network(1))), at(0)).map(|_| ()).unwrap_err();
    assert_eq!(refused, TooMany { retry_after_s: 1, budget: Budget::Network });
    assert!(throttle.take(throttle.who("ann", Some(network(2))), at(0)).is_ok());
}

#[test]
fn many_networks_together_guess_one_name_slowly_and_its_owner_comes_in_at_home() {
    let throttle = throttle(10);
    let (home, hotel) =
        (throttle.who("ann", Some(network(1))), throttle.who("ann", Some(network(2))));
    throttle.remember(home);
    let mut looked_at = 0;
    for number in 1_000..2_000 {
        looked_at += exhaust(&throttle, throttle.who("ann", Some(network(number))), at(0)).0;
    }
    assert_eq!(looked_at, 100);
    let refused = throttle.take(hotel, at(0)).map(|_| ()).unwrap_err();
    assert_eq!(refused, TooMany { retry_after_s: 60, budget: Budget::Name });
    assert_eq!(exhaust(&throttle, home, at(0)).0, 10, "at home as ever");
    let bob = throttle.who("bob", Some(network(1_000)));
    assert!(throttle.take(bob, at(0)).is_ok(), "others are not meant");
    assert!(throttle.take(hotel, at(60_000)).is_ok());
}

#[test]
fn one_network_never_uses_up_what_a_name_has_elsewhere() {
    let throttle = throttle(10);
    let (guesser, hotel) =
        (throttle.who("ann", Some(network(1))), throttle.who("ann", Some(network(2))));
    let (mut taken, mut refused_by) = (0, None);
    // A day of guessing, as fast as it is let.
    for now_s in 0..86_400 {
        match throttle.take(guesser, at(now_s * 1_000)) {
            Ok(_failed) => taken += 1,
            Err(refused) => refused_by = Some(refused.budget),
        }
        if now_s % 3_600 == 0 {
            let own = throttle.take(hotel, at(now_s * 1_000));
            own.unwrap_or_else(|refused| panic!("locked out: {refused:?}")).give_back();
        }
    }
    assert_eq!(refused_by, Some(Budget::NameShare));
    assert_eq!(taken, 25 + 86_400 / 240 - 1, "a quarter at once, then one every four minutes");
}

#[test]
fn a_refusal_by_one_budget_costs_the_others_nothing() {
    let throttle = throttle(1);
    let ann = throttle.who("ann", Some(network(1)));
    exhaust(&throttle, ann, at(0));
    for _ in 0..1_000 {
        assert!(throttle.take(ann, at(0)).is_err());
    }
    let others =
        (0..1_000).map(|number| throttle.who(&format!("player {number}"), Some(network(1))));
    assert_eq!(others.filter(|who| throttle.take(*who, at(0)).is_ok()).count(), 99);
}

#[test]
fn keys_are_spread_by_a_key_of_this_start() {
    let (one, other) = (throttle(1), Throttle::new(&Config::default(), &SeededRandom::new(2)));
    let places = |throttle: &Throttle| -> Vec<usize> {
        let key = |number| throttle.who(&format!("player {number}"), Some(network(1))).name_here;
        (0..1_000).map(key).map(place).collect()
    };
    let distinct: BTreeSet<_> = places(&one).into_iter().collect();
    assert!(distinct.len() > 950, "{}", distinct.len());
    assert_eq!(places(&one), places(&one));
    assert_ne!(places(&one), places(&other));
}
