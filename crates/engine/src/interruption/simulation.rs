//! Stopping a round gains nothing to anyone: what is paid is what its bets are worth.
//!
//! Rounds drawn by the real mapping climb on the real curve, with a heartbeat each 250 ms, and
//! their owner is killed at a multiplier. No float decides anything here; floats only measure.
#![expect(clippy::float_arithmetic, reason = "means and deviations decide no money")]

use kernel::{Curve, Multiplier, Stake, Timestamp};

use super::tests::{bet, centi, round};
use super::{Interruption, Outcome, StoredRound, decide_interruption};
use crate::lobby::tests::world::World;

const EDGE_BPS: u32 = 100;
const HEARTBEAT_MS: u64 = 250;
/// Where the owner is killed: between two heartbeats, on one, early and late.
const KILLED_AT: [u32; 6] = [102, 117, 150, 203, 500, 1_234];
const ROUNDS: u32 = 60_000;

/// 52 uniform bits, the same at every run (splitmix64).
struct Draws(u64);

impl Draws {
    fn crash_point(&mut self) -> Multiplier {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        fairness::crash_point_of((mixed ^ (mixed >> 31)) >> 12, EDGE_BPS)
    }
}

/// Sums of payouts in hundredths of the stake.
#[derive(Default)]
struct Measured {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Measured {
    fn note(&mut self, payout: u32) {
        let payout = f64::from(payout);
        self.count += 1.0;
        self.sum += payout;
        self.squares += payout * payout;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// The deviation of the mean.
    fn sigma(&self) -> f64 {
        ((self.squares / self.count - self.mean() * self.mean()).max(0.0) / self.count).sqrt()
    }
}

/// What a stake of 1 gets back, in hundredths.
fn paid(outcome: Outcome) -> u32 {
    match outcome {
        Outcome::CashedOut { multiplier, payout } => {
            assert_eq!(payout, Stake::from_whole(10).payout_at(multiplier));
            multiplier.centi()
        }
        Outcome::Lost => 0,
        Outcome::Released => 100,
    }
}

/// How a bet with this target ends in a round whose owner died after the heartbeat at `durable`.
fn killed(crash_point: Multiplier, durable: Multiplier, target: Multiplier) -> Outcome {
    let mut stored = StoredRound { crash_point, ..round(100, Some(durable.centi())) };
    stored.bets = vec![bet(1, target.centi(), None)];
    match decide_interruption(&stored) {
        Interruption::Settled { outcomes } | Interruption::Stopped { outcomes, .. } => outcomes[0],
        other => panic!("{other:?}"),
    }
}

/// The same bet in the same round had it run.
fn played(crash_point: Multiplier, target: Multiplier) -> u32 {
    if target <= crash_point { target.centi() } else { 0 }
}

/// The last heartbeat of a climb that is at `multiplier`.
fn last_heartbeat(curve: &Curve, multiplier: Multiplier) -> Multiplier {
    let elapsed_ms = curve.first_ms(multiplier);
    curve.multiplier_at(elapsed_ms - elapsed_ms % HEARTBEAT_MS)
}

#[test]
fn killing_the_owner_at_any_multiplier_pays_what_the_round_was_worth() {
    let curve = Curve::exponential();
    for killed_at in KILLED_AT.map(centi) {
        let durable = last_heartbeat(&curve, killed_at);
        let above = [1, 7, 60, 400, 5_000].map(|more| centi(durable.centi() + more));
        let mut draws = Draws(killed_at.centi().into());
        let mut stopped: [Measured; 5] = Default::default();
        let mut run: [Measured; 5] = Default::default();
        let mut alive = 0_u32;
        for _ in 0..ROUNDS {
            let crash_point = draws.crash_point();
            if crash_point <= durable {
                continue;
            }
            alive += 1;
            for (place, target) in above.into_iter().enumerate() {
                stopped[place].note(paid(killed(crash_point, durable, target)));
                run[place].note(played(crash_point, target));
            }
        }
        assert!(alive > ROUNDS / 20, "{alive}");
        for (place, target) in above.into_iter().enumerate() {
            let (stopped, run) = (&stopped[place], &run[place]);
            let worth = f64::from(durable.centi());
            let off = (stopped.mean() - worth).abs();
            assert!(off <= 4.0 * stopped.sigma(), "{target} of {durable}: {}", stopped.mean());
            // Had it run, it would have been worth the same, to the hundredth that the climb was
            // known to have passed: P(crash point >= t) = (1 - edge) / t.
            let off = (run.mean() - (worth + 1.0)).abs();
            let sigma = run.sigma();
            assert!(off <= 4.0 * sigma, "{target} of {durable}: {} ± {sigma}", run.mean());
        }
    }
}

#[test]
fn a_target_that_the_climb_has_passed_is_paid_its_target() {
    let curve = Curve::exponential();
    for killed_at in KILLED_AT.map(centi) {
        let durable = last_heartbeat(&curve, killed_at);
        let mut draws = Draws(7);
        for target in [101, u32::midpoint(100, durable.centi()), durable.centi()].map(centi) {
            if target > durable || target < Multiplier::CASH_OUT_MIN {
                continue;
            }
            let (mut stopped, mut run) = (Measured::default(), Measured::default());
            for _ in 0..20_000 {
                let crash_point = draws.crash_point();
                if crash_point > durable {
                    assert_eq!(paid(killed(crash_point, durable, target)), target.centi());
                }
                stopped.note(paid(killed(crash_point, durable, target)));
                run.note(played(crash_point, target));
            }
            // In every round, dead or alive: the very same.
            assert!((stopped.sum - run.sum).abs() < 0.5);
        }
    }
}

/// What a whole lobby has stored when it is killed, decided as its successor does.
fn stored_when_killed(crash_point: Multiplier, killed_ms: u64) -> (StoredRound, u64) {
    let mut world = World::new(&format!("crash {crash_point}"));
    world.act(0, "ann bets 10 auto 1.2");
    world.act(0, "bob bets 10 auto 900");
    let started = 1_200;
    world.run_to(Timestamp::from_ms(started + killed_ms));
    (world.stored(crash_point), started)
}

#[test]
fn what_a_lobby_has_stored_when_it_dies_decides_as_the_rule_says() {
    let curve = Curve::exponential();
    let mut draws = Draws(3);
    for number in 0..300_u64 {
        let crash_point = draws.crash_point();
        let killed_ms = (number * 397) % 20_000;
        let (stored, _) = stored_when_killed(crash_point, killed_ms);
        let (auto, ride) = match decide_interruption(&stored) {
            Interruption::Settled { outcomes } => {
                assert!(stored.crashed, "{crash_point} at {killed_ms}");
                assert!(
                    curve.first_ms(crash_point.next()) <= killed_ms || crash_point.centi() == 100
                );
                (outcomes[0], outcomes[1])
            }
            Interruption::Stopped { multiplier, outcomes } => {
                let beaten = curve.multiplier_at(killed_ms - killed_ms % HEARTBEAT_MS);
                // A cash-out after the last heartbeat is a record too.
                let paid_auto = (curve.first_ms(centi(120)) <= killed_ms).then(|| centi(120));
                assert_eq!(Some(multiplier), Some(beaten).max(paid_auto));
                assert_eq!(paid(outcomes[1]), multiplier.centi());
                (outcomes[0], outcomes[1])
            }
            Interruption::Released => {
                assert!(killed_ms < HEARTBEAT_MS, "{killed_ms}");
                continue;
            }
            Interruption::Voided => panic!("it was locked"),
        };
        let auto_due = curve.first_ms(centi(120)) <= killed_ms && crash_point >= centi(120);
        assert!(!auto_due || paid(auto) == 120, "{crash_point} at {killed_ms}: {auto:?}");
        assert!(stored.crashed || paid(ride) >= 100);
        assert!(paid(ride) <= crash_point.centi(), "{crash_point} at {killed_ms}");
    }
}
