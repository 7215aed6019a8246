//! Worlds of `make ci`.

use simulator::{Plan, run};

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
