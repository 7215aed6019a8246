//! How long nobody can bet in a dead node's lobbies: nodes are killed one after the other under a
//! crowd, and each time it is measured until others own the lobbies and play them.
//!
//! `make takeover N=100` measures; every run of the tests has three deaths.

use std::time::Duration;

use super::outcome::ranks;
use super::plan::{Plan, asked_number};
use super::scene::Scene;
use crate::harness::Place;

/// The most that 99 of 100 take-overs may take, from `kill -9` to a living owner.
const CLAIMED_WITHIN: Duration = Duration::from_secs(3);
/// From so many on the 99th of a hundred is judged.
const MANY: usize = 20;
/// Deaths in a run of the tests.
const DEATHS: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn the_lobbies_of_a_killed_node_have_another_owner_within_three_seconds() {
    let mut plan = Plan::of_minutes(1);
    plan.slow_lobbies = 0;
    let mut scene = Scene::open(Place::apart_and_alone(&[]), &plan).await;
    scene.probe().await;
    let (mut claimed, mut played) = (Vec::new(), Vec::new());
    let (asked, mut left_nothing) = (asked_number("TAKEOVERS").unwrap_or(DEATHS), 0);
    while (claimed.len() as u64) < asked {
        // At any instant of a round, and of the time between two renewals.
        let calm = Duration::from_millis(scene.random.between(500, 3_000));
        tokio::time::sleep(calm).await;
        let lost = scene.lose_a_node().await;
        scene.probe().await;
        if lost.owned_any {
            claimed.push(lost.claimed);
            played.push(lost.died.elapsed());
        } else {
            left_nothing += 1;
        }
        scene.fleet.start_one("game", lost.number).await;
    }
    let deaths = claimed.len();
    let (claimed, played) = (ranks(claimed), ranks(played));
    println!("{deaths} owners killed, and {left_nothing} who owned nothing; p50, p99, longest:");
    println!("  lobbies owned by another {claimed:.2?}");
    println!("  every lobby took a bet {played:.2?}");
    scene.close_soundly().await;
    // Of a few deaths on a machine that does more the worst says little; the median says whether
    // leases are taken over at all.
    let judged = if deaths < MANY { claimed[0] } else { claimed[1] };
    assert!(judged <= CLAIMED_WITHIN, "take-overs took {claimed:?}");
}
