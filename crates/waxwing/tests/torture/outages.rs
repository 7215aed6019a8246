//! What processes stand on goes away for a while under a crowd: NATS, and each database. Without
//! NATS play goes on; without a database nothing is accepted and nothing lost, and play resumes by
//! itself.
//!
//! `make outages SECONDS=60` is the long run; every run of the tests has the worst, shortly.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::plan::{Plan, asked_number};
use super::scene::Scene;
use crate::harness::Place;
use crate::harness::time::{PATIENCE, eventually, now};

/// How long each is away in a run of the tests.
const SHORT: u64 = 7;
/// Until what was on its way when it went is through.
const SETTLE: Duration = Duration::from_secs(3);
/// From the return of a database until every lobby has taken a bet again.
const RESUMES_WITHIN: Duration = Duration::from_secs(10);
/// Calm between two outages, in which everybody plays.
const CALM: Duration = Duration::from_secs(2);

/// Gateways ask owners for pictures so long after the last one, while the bus brings none.
const LOOKS: &[(&str, &str)] = &[("WAXWING_GATEWAY__FEED_QUIET_MS", "250")];

/// What goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Away {
    Nats,
    Users,
    Games,
    BothDatabases,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It ends at once, as in a crash.
    Ends,
    /// It stands still with its connections open.
    Stands,
}

/// Those of every run of the tests.
const WORST: [(Away, How); 5] = [
    (Away::Nats, How::Stands),
    (Away::Nats, How::Ends),
    (Away::Users, How::Ends),
    (Away::Games, How::Stands),
    (Away::BothDatabases, How::Ends),
];
/// Those that are left for the long run.
const REST: [(Away, How); 3] =
    [(Away::Users, How::Stands), (Away::Games, How::Ends), (Away::BothDatabases, How::Stands)];

/// What happened so far.
#[derive(Clone, Copy, Debug)]
struct Seen {
    bets: u64,
    cash_outs: u64,
    pictures: u64,
}

impl Seen {
    fn by(scene: &Scene) -> Self {
        let counts = &scene.world.journal.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Self {
            bets: read(&counts.bets_taken),
            cash_outs: read(&counts.cash_outs),
            pictures: read(&counts.pictures),
        }
    }

    /// What has happened since `earlier`.
    const fn since(self, earlier: Self) -> Self {
        Self {
            bets: self.bets - earlier.bets,
            cash_outs: self.cash_outs - earlier.cash_outs,
            pictures: self.pictures - earlier.pictures,
        }
    }
}

impl Away {
    fn goes(self, scene: &Scene, how: How) {
        let shared = scene.fleet.place.shared();
        match (self, how) {
            (Self::Nats, How::Ends) => shared.nats().stop().unwrap(),
            (Self::Nats, How::Stands) => shared.nats().pause().unwrap(),
            (Self::Users, How::Ends) => shared.users().crash().unwrap(),
            (Self::Users, How::Stands) => shared.users().freeze().unwrap(),
            (Self::Games, How::Ends) => shared.server().crash().unwrap(),
            (Self::Games, How::Stands) => shared.server().freeze().unwrap(),
            (Self::BothDatabases, how) => {
                Self::Users.goes(scene, how);
                Self::Games.goes(scene, how);
            }
        }
    }

    fn returns(self, scene: &Scene, how: How) {
        let shared = scene.fleet.place.shared();
        match (self, how) {
            (Self::Nats, How::Ends) => shared.nats().restart().unwrap(),
            (Self::Nats, How::Stands) => shared.nats().resume().unwrap(),
            (Self::Users, How::Ends) => shared.users().restart().unwrap(),
            (Self::Users, How::Stands) => shared.users().thaw().unwrap(),
            (Self::Games, How::Ends) => shared.server().restart().unwrap(),
            (Self::Games, How::Stands) => shared.server().thaw().unwrap(),
            (Self::BothDatabases, how) => {
                Self::Users.returns(scene, how);
                Self::Games.returns(scene, how);
            }
        }
    }

    /// Rounds of its database that were stopped.
    const fn stops_rounds(self) -> bool {
        matches!(self, Self::Games | Self::BothDatabases)
    }
}

/// Waits until two rounds were just locked: their climbs have hardly begun, so they are stopped.
async fn until_rounds_start(scene: &Scene) {
    let sql = "SELECT count(*) >= 2 FROM round WHERE state = 'locked' AND heartbeat_centi IS NULL";
    eventually("two rounds to start", PATIENCE, || async {
        (scene.fleet.ask_games(sql) == "t").then_some(())
    })
    .await;
}

/// Rounds that did not end by their crash.
fn stopped_rounds(scene: &Scene) -> u64 {
    let sql = "SELECT count(*) FROM round WHERE state IN ('voided', 'interrupted')";
    scene.fleet.ask_games(sql).parse().unwrap()
}

/// Whether nobody was told anything in any stretch of so many of these seconds.
fn stood_still(seconds: &[Seen], stretch: usize) -> bool {
    seconds.windows(stretch).any(|seconds| {
        let told = |of: fn(&Seen) -> u64| seconds.iter().map(of).sum::<u64>();
        told(|second| second.bets + second.cash_outs) == 0 || told(|second| second.pictures) == 0
    })
}

/// NATS is away for so long: all the time bets or cash-outs are acknowledged, and pictures come.
async fn play_goes_on(scene: &mut Scene, how: How, lasts: Duration) {
    let (went, before) = (now(), Seen::by(scene));
    Away::Nats.goes(scene, how);
    tokio::time::sleep(SETTLE).await;
    let mut seconds = Vec::new();
    while went.elapsed() < lasts {
        let earlier = Seen::by(scene);
        tokio::time::sleep(Duration::from_secs(1)).await;
        seconds.push(Seen::by(scene).since(earlier));
    }
    let all = Seen::by(scene).since(before);
    Away::Nats.returns(scene, how);
    let least = seconds.iter().map(|second| second.bets + second.cash_outs).min();
    println!("without NATS ({how:?}) {:.1?}: {all:?}, least in a second {least:?}", went.elapsed());
    // One second of a machine that does other work says little.
    let stretch = if lasts.as_secs() > SHORT { 1 } else { 2 };
    assert!(!stood_still(&seconds, stretch), "play stood still: {seconds:?}");
    assert!(all.bets > 0 && all.cash_outs > 0, "{all:?}");
    scene.probe().await;
}

/// A database is away for so long: nothing is accepted, and every lobby takes bets soon after.
async fn play_waits(scene: &mut Scene, (away, how): (Away, How), lasts: Duration) {
    let stopped_before = stopped_rounds(scene);
    until_rounds_start(scene).await;
    let went = now();
    away.goes(scene, how);
    tokio::time::sleep(SETTLE).await;
    let settled = Seen::by(scene);
    tokio::time::sleep(lasts.saturating_sub(went.elapsed())).await;
    let meanwhile = Seen::by(scene).since(settled);
    let was_away = went.elapsed();
    away.returns(scene, how);
    let resumed = scene.probe().await;
    let stopped = stopped_rounds(scene) - stopped_before;
    println!(
        "without {away:?} ({how:?}) {was_away:.1?}: {meanwhile:?} in the middle of it, {stopped} \
         rounds stopped, every lobby took a bet {resumed:.1?} after its return",
    );
    assert_eq!(meanwhile.bets, 0, "bets were accepted that nobody could store");
    if away.stops_rounds() {
        assert_eq!(meanwhile.cash_outs, 0, "cash-outs were acknowledged and not stored");
        assert!(stopped > 0, "no round was stopped");
    }
    assert!(resumed <= RESUMES_WITHIN, "{resumed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_play_goes_on_and_without_a_database_nothing_is_accepted_or_lost() {
    let asked = asked_number("OUTAGE_SECONDS");
    let lasts = Duration::from_secs(asked.unwrap_or(SHORT));
    assert!(lasts > SETTLE, "an outage lasts longer than {SETTLE:?}");
    let mut plan = Plan::of_minutes(1);
    (plan.quick_lobbies, plan.slow_lobbies) = (8, 0);
    let mut scene = Scene::open(Place::apart_on_two_servers(LOOKS), &plan).await;
    scene.probe().await;
    let rest: &[_] = if asked.is_some() { &REST } else { &[] };
    for (away, how) in WORST.iter().chain(rest).copied() {
        tokio::time::sleep(CALM).await;
        if away == Away::Nats {
            play_goes_on(&mut scene, how, lasts).await;
        } else {
            play_waits(&mut scene, (away, how), lasts).await;
        }
    }
    scene.close_soundly().await;
}
