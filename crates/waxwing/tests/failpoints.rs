//! SIGKILL at an exact instant: whatever the process was about to do when it ended, its next start
//! pays what the rules of interrupted rounds say, to the last unit.
//!
//! Each point is met by a server of its own, on a copy of the same files. What was durable at the
//! death is read from those files; the rules, written once more in `rule`, say from that what
//! every bet is worth, and the balances of the next server must be exactly that.

pub(crate) mod crowd;
mod point;
mod returns;
mod rule;
pub(crate) mod stage;

use futures_util::stream::{self, StreamExt as _};

use crate::harness::Server;
use point::{AT_START, BET, CLIMB, COME_LATE, CROWDED, Point, SETTLEMENT, TAKE_BACK, VOIDING};
use stage::Stage;

/// Servers that die beside each other.
const AT_ONCE: usize = 3;
/// The same with half a thousand players each.
const CROWDS_AT_ONCE: usize = 2;

/// Meets every point of `points`, `at_once` beside each other, on copies of one stage.
async fn die_at_each(points: impl IntoIterator<Item = &Point>, stage: &Stage, at_once: usize) {
    let dying = stream::iter(points).map(|point| stage.die_at(point));
    dying.buffer_unordered(at_once).collect::<()>().await;
}

/// Meets every point of a start, likewise.
async fn die_at_each_start(stage: &Stage, at_once: usize) {
    let in_the_climb = AT_START.iter().map(|point| ("heartbeat.after_commit@2", point));
    let while_open = VOIDING.iter().map(|point| ("bet.after_told@3", point));
    let dying = stream::iter(in_the_climb.chain(while_open));
    let dying = dying.map(|(first, point)| stage.die_at_the_start(first, point));
    dying.buffer_unordered(at_once).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_on_the_path_of_a_bet_gives_the_stake_back() {
    die_at_each(BET, &Stage::of_a_few().await, AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_in_the_climb_pays_what_is_durable() {
    die_at_each(CLIMB, &Stage::of_a_few().await, AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_in_the_settlement_pays_as_played() {
    die_at_each(SETTLEMENT, &Stage::of_a_few().await, AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_while_a_bet_is_taken_back_gives_the_stake_back_once() {
    die_at_each(TAKE_BACK, &Stage::of_a_few().await, AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_behind_the_lock_gives_back_what_came_too_late_for_it() {
    die_at_each(COME_LATE, &Stage::of_a_few().await, AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_while_taking_over_is_taken_over() {
    die_at_each_start(&Stage::of_a_few().await, AT_ONCE).await;
}

/// Half a thousand players with two bets each; every point with `FAILPOINTS=all`.
#[tokio::test(flavor = "multi_thread")]
async fn a_death_with_a_thousand_bets_pays_each_of_them() {
    let stage = Stage::of_a_crowd().await;
    if !stage::asked_for_all() {
        die_at_each(CROWDED, &stage, CROWDS_AT_ONCE).await;
        return;
    }
    let all = [BET, CLIMB, SETTLEMENT, TAKE_BACK, COME_LATE];
    die_at_each(all.into_iter().flatten(), &stage, CROWDS_AT_ONCE).await;
    die_at_each_start(&stage, CROWDS_AT_ONCE).await;
}

/// An answer that is lost behind its commit is asked for again, and nothing happens twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_again() {
    let stage = Stage::of_a_few().await;
    let names = [
        "wallet.reserve.after_commit",
        "wallet.resolve.after_commit",
        "wallet.close.after_commit",
        "wallet.fence.after_commit",
        "bet.after_commit",
        "lock.after_commit",
        "cash_out.after_commit",
        "crash.after_commit",
        "settle.after_commit",
    ];
    let losing = stream::iter(names).map(|name| stage.lose_an_answer_at(name));
    losing.buffer_unordered(AT_ONCE).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_armed_failpoint_is_announced_and_an_unknown_one_keeps_the_server_from_starting() {
    let mut place = crate::harness::Place::new();
    place.arm(Some("lock.before_commit:kill"));
    let server: Server = place.start().await;
    assert!(server.log().contains("A FAILPOINT IS ARMED"), "{}", server.log());
    drop(server);
    place.arm(Some("nowhere:kill"));
    let (mut child, log) = place.spawn();
    let limit = std::time::Duration::from_secs(20);
    let status = crate::harness::process::ended(&mut child, limit).await;
    assert!(status.is_some_and(|status| !status.success()), "{status:?}");
    let said = crate::harness::process::read(&log);
    assert!(said.contains("nowhere is no failpoint"), "{said}");
}

/// A place at which nobody dies is one of which nobody knows what a death there costs.
#[test]
fn somebody_dies_at_every_failpoint() {
    let met = [BET, CLIMB, SETTLEMENT, TAKE_BACK, COME_LATE, AT_START, VOIDING];
    let met: Vec<&str> = met.into_iter().flatten().map(|point| point.name).collect();
    for name in platform::failpoint::NAMES {
        // Top-ups have a test of their own, `http::money`.
        assert!(met.contains(name) || name.starts_with("wallet.funds."), "{name}");
    }
}

/// Every name in the list stands in the code, once beside each kind of store: a typo would be a
/// test that never dies.
#[test]
fn every_failpoint_has_its_place() {
    let crates = crate::harness::process::repository().join("crates");
    let (mut sources, mut of_postgres) = (String::new(), String::new());
    for role in ["game", "wallet"] {
        gather(&crates.join(role).join("src"), &mut sources, &mut of_postgres);
    }
    for name in platform::failpoint::NAMES {
        let places = |sources: &str| sources.matches(&format!("\"{name}\"")).count();
        assert_eq!(places(&sources), 1, "{name}");
        assert!(places(&of_postgres) <= 1, "{name}");
    }
}

fn gather(directory: &std::path::Path, sources: &mut String, of_postgres: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, sources, of_postgres);
        } else if path.to_string_lossy().contains("postgres") {
            of_postgres.push_str(&crate::harness::process::read(&path));
        } else {
            sources.push_str(&crate::harness::process::read(&path));
        }
    }
}
