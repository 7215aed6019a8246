//! Torture: real processes, real sockets, real files; a crowd of honest, greedy, restless and
//! hostile players; `kill -9`, SIGSTOP, SIGTERM and a network that loses and cuts, all at once.
//! In the end two judges look at what is left: no unit is lost, none is doubled, no lobby is stuck.
//!
//! `make torture MINUTES=70` is the long run; every run of the tests has one of three minutes.

pub(crate) mod asking;
mod banker;
mod hostile;
pub(crate) mod lives;
mod many;
mod outages;
pub(crate) mod outcome;
pub(crate) mod plan;
mod rolling;
mod scene;
mod single;
pub(crate) mod stage;
mod table;
mod takeover;
mod watcher;
pub(crate) mod weather;
mod wire;
pub(crate) mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use checker::Case;

use crate::harness::time::now;
use crate::harness::{Place, Random};
use crate::journal::Journal;
use lives::{Lives, Tally};
use outcome::{judge, own_check, percentiles, settle};
use plan::Plan;
use stage::Stage;
use weather::{Proxy, STORM_MAX};
use world::World;

/// The most that 99 of 100 recoveries of a long run may take, until every lobby takes bets.
const RECOVERED_WITHIN: Duration = Duration::from_secs(2);

/// What a run leaves to be judged.
pub(crate) struct Remains {
    pub(crate) place: Place,
    pub(crate) world: Arc<World>,
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) tally: Tally,
    pub(crate) case: Case,
    lasted: Duration,
    /// What all lives of the server have logged.
    log: String,
}

/// Plays a plan to its end; what it leaves is in `evidence` and in the place.
pub(crate) async fn suffer(plan: &Plan, evidence: &Path, random: &mut Random) -> Remains {
    let stage = Stage::build(Place::alone(&[]), plan).await;
    let log = evidence.join("clients.jsonl");
    let proxy = Arc::new(Proxy::start().await);
    let world = Arc::new(World::new(proxy.base.clone(), Journal::to(&log)));
    let server = stage.place.start().await;
    let crowd = stage::invite(stage.lobbies.len(), plan, &world, &server.caller()).await;
    let status = server.terminate(Duration::from_mins(1)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    let began = now();
    let mut playing = crowd.play(plan, &stage.lobbies, &world, random);
    let weather = tokio::spawn(bad_weather(Arc::clone(&proxy), plan.clone(), random.fork()));
    let mut lives = Lives {
        place: &stage.place,
        proxy: &proxy,
        world: &world,
        plan,
        probes: crowd.probes.iter().cloned().zip(stage.lobbies.iter().copied()).collect(),
        random: random.fork(),
        evidence: evidence.to_path_buf(),
        tally: Tally::default(),
    };
    let server = lives.live().await;
    weather.abort();
    // Every lobby must take a bet once more, while everybody still plays.
    lives.probe(&server).await;
    let tally = std::mem::take(&mut lives.tally);
    let lasted = began.elapsed();
    world.end();
    stop(&world, &mut playing).await;
    let server_log = settle(&stage.place, server).await;
    world.journal.close();
    let mut dumps = tally.deaths.clone();
    dumps.push(stage.place.data());
    let case = Case { dumps, logs: vec![log], settled: true };
    Remains { place: stage.place, world, proxy, tally, case, lasted, log: server_log }
}

/// One fault of the network after the other, at any instant of its own share of the time, so that
/// as many come as were planned.
async fn bad_weather(proxy: Arc<Proxy>, plan: Plan, mut random: Random) {
    let every = plan.storm_every();
    let clear_max = u64::try_from(every.saturating_sub(STORM_MAX).as_millis()).unwrap();
    let mut shares = tokio::time::interval(every);
    loop {
        shares.tick().await;
        let clear = Duration::from_millis(random.between(0, clear_max));
        tokio::time::sleep(clear).await;
        proxy.storm(&mut random).await;
    }
}

/// Everybody stops by himself: what was asked is answered or given up, and written down.
async fn stop(world: &World, playing: &mut tokio::task::JoinSet<()>) {
    let ending = async {
        while let Some(ended) = playing.join_next().await {
            if let Err(error) = ended {
                world.wrong(format!("a player saw something impossible: {error}"));
            }
        }
    };
    if tokio::time::timeout(Duration::from_mins(1), ending).await.is_err() {
        world.wrong("somebody plays on after the end".to_owned());
    }
}

impl Remains {
    /// Everything worth telling.
    fn say(&self, plan: &Plan) {
        let Tally { kills, pauses, paused, terminations, recoveries, .. } = &self.tally;
        let (starting, stopped) = (self.tally.kills_while_starting, self.tally.kills_while_stopped);
        println!("lasted {:.0?}, planned {:?}", self.lasted, plan.lasts);
        println!("kills {kills}, {starting} of them while starting, {stopped} while stopped");
        println!("pauses {pauses}, {paused:.0?} in all; told to end {terminations} times");
        println!("network {:?}", self.proxy.damage);
        println!("clients {:?}", self.world.journal.counts);
        let taken = self.world.journal.counts.bets_taken.load(std::sync::atomic::Ordering::Relaxed);
        let sent = self.world.journal.counts.bets_sent.load(std::sync::atomic::Ordering::Relaxed);
        let seconds = self.lasted.as_secs().max(1);
        println!("{} bets asked for a second, {} taken", sent / seconds, taken / seconds);
        println!("recoveries {} measured, p50 p99 worst:", recoveries.len());
        println!("  ready {:?}", percentiles(recoveries, |times| times.ready));
        println!("  first bet {:?}", percentiles(recoveries, |times| times.first_bet));
        println!("  every lobby {:?}", percentiles(recoveries, |times| times.every_lobby));
    }

    /// Both judges, and the things that players saw.
    async fn assert_sound(&self, plan: &Plan) {
        let report = judge(self.case.clone()).await;
        let (sound, words) = own_check(&self.place).await;
        println!("{}", serde_json::to_string_pretty(&report).unwrap());
        println!("{words}");
        assert_eq!(report["sound"], true, "the checker has found something");
        assert!(sound, "`waxwing check` has found something");
        assert_eq!(self.world.wrongs(), Vec::<String>::new());
        assert!(!self.log.contains("panicked"), "the server panicked:\n{}", self.log);
        let met = [
            (self.tally.kills, plan.kills),
            (self.tally.pauses, plan.pauses),
            (self.proxy.damage.faults(), plan.storms),
        ];
        assert!(met.iter().all(|(met, planned)| met >= planned), "kills, pauses, faults: {met:?}");
        // Last, so that a machine busy with other things hides no broken promise. A short run is
        // played on a build for tests.
        let [_, late, _] = percentiles(&self.tally.recoveries, |times| times.every_lobby);
        assert!(!plan.is_long() || late <= RECOVERED_WITHIN, "p99 of recoveries: {late:?}");
    }
}

/// How long to go on, and where to leave what can be looked at later.
#[expect(clippy::disallowed_methods, reason = "`make torture` asks for the long run")]
fn asked_for() -> (u64, Option<PathBuf>) {
    let minutes = std::env::var("TORTURE_MINUTES").ok();
    let minutes = minutes.map_or(3, |text| text.parse().expect("TORTURE_MINUTES is a number"));
    (minutes, std::env::var("TORTURE_EVIDENCE").ok().map(PathBuf::from))
}

/// Keeps the databases under another name, beyond the end of their place.
fn keep(data: &Path, directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    for file in ["user.db", "game.db"] {
        // They may be larger than the room for a second copy.
        std::fs::hard_link(data.join(file), directory.join(file)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_minutes_or_more_lose_and_double_nothing() {
    let (minutes, kept) = asked_for();
    let plan = Plan::of_minutes(minutes);
    let mut random = Random::announced();
    let temporary = tempfile::tempdir().unwrap();
    let evidence = kept.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(evidence).unwrap();
    let remains = suffer(&plan, evidence, &mut random).await;
    if kept.is_some() {
        keep(&remains.place.data(), &evidence.join("data"));
    }
    remains.say(&plan);
    remains.assert_sound(&plan).await;
}
