//! Worlds of `make ci`: calm ones, and two hundred short ones under every kind of fault.

use std::collections::BTreeMap;

use simulator::{FaultKind, Plan, Tally, run};

/// How many stormy worlds one test lives through; four of them run side by side.
const WORLDS: u64 = 50;

#[test]
fn a_calm_world_plays_on_and_agrees_with_itself() {
    let outcome = run(1, &Plan::calm(60));
    assert_eq!(outcome.violation, None, "{outcome}");
    assert!(outcome.tally.rounds >= 60, "{outcome}");
    assert!(outcome.tally.bets > 5 * outcome.tally.rounds, "{outcome}");
    assert!(outcome.tally.cash_outs > outcome.tally.rounds, "{outcome}");
    assert!(outcome.tally.cancelled > 0, "{outcome}");
    assert_eq!(outcome.tally.interrupted, 0, "{outcome}");
}

#[test]
fn the_same_seed_is_the_same_world() {
    let plan = Plan::calm(30);
    let (one, again, other) = (run(7, &plan), run(7, &plan), run(8, &plan));
    assert_eq!(one, again);
    assert_ne!(one.hash, other.hash);
}

#[test]
fn stormy_worlds_1_to_50_keep_every_rule() {
    weather(1);
}

#[test]
fn stormy_worlds_51_to_100_keep_every_rule() {
    weather(51);
}

#[test]
fn stormy_worlds_101_to_150_keep_every_rule() {
    weather(101);
}

#[test]
fn stormy_worlds_151_to_200_keep_every_rule() {
    weather(151);
}

/// A world of three lobbies that plays under faults for about half a minute of its own, is healed,
/// and must come back to life.
fn short_storm() -> Plan {
    Plan { lobbies: 3, fault_every_ms: 2_000, ..Plan::stormy(18) }
}

/// Lives through fifty worlds. What they did and what befell them is counted, so that worlds in
/// which nothing happens do not pass.
fn weather(from: u64) {
    let (plan, mut tally) = (short_storm(), Tally::default());
    let mut faults: BTreeMap<FaultKind, u64> = BTreeMap::new();
    for seed in from..from + WORLDS {
        let outcome = run(seed, &plan);
        assert_eq!(outcome.violation, None, "{outcome}");
        tally.add(&outcome.tally);
        for (kind, count) in &outcome.faults {
            *faults.entry(*kind).or_default() += count;
        }
        if seed == from {
            assert_eq!(run(seed, &plan), outcome, "the same seed is the same world");
        }
    }
    assert!(tally.rounds > 40 * WORLDS, "{tally:?}");
    assert!(tally.bets > 6 * tally.rounds, "{tally:?}");
    assert!(tally.acknowledged > tally.bets / 2, "{tally:?}");
    assert!(tally.cash_outs > tally.rounds && tally.cancelled > tally.rounds / 4, "{tally:?}");
    assert!(tally.interrupted > WORLDS && tally.voided > WORLDS / 4, "{tally:?}");
    assert!(tally.lost_commits > 20, "{tally:?}");
    for kind in FaultKind::ALL {
        let count = faults.get(kind).copied().unwrap_or_default();
        assert!(count >= 5, "{kind} befell these worlds {count} times");
    }
}
