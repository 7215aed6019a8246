//! Many processes under the same crowd: any of them dies, stands still or leaves, and what they
//! stand on goes away, one after the other, while everybody plays on through all gateways.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::bad_weather;
use super::outcome::ranks;
use super::plan::Plan;
use super::scene::Scene;
use crate::harness::Place;
use crate::harness::time::now;

/// The most that 99 of 100 take-overs of a dead node's lobbies may take.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(3);
/// Up to so many minutes are a short run.
const SHORT: u64 = 3;
/// How long a process that was told to end may take: open rounds are played to their end.
const LEAVES_WITHIN: Duration = Duration::from_secs(40);

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Kill(&'static str),
    Pause(&'static str),
    Leave(&'static str),
    NatsAway,
    DatabaseCrash,
    DatabaseStands,
}

/// What a short run has time for.
const WORST: [Fate; 7] = [
    Fate::Kill("game"),
    Fate::Kill("user"),
    Fate::Kill("gateway"),
    Fate::Pause("game"),
    Fate::Leave("game"),
    Fate::NatsAway,
    Fate::DatabaseCrash,
];
/// Everything that can happen, each as often as it stands here.
const FATES: [Fate; 16] = [
    Fate::Kill("game"),
    Fate::Kill("game"),
    Fate::Kill("game"),
    Fate::Kill("game"),
    Fate::Kill("user"),
    Fate::Kill("user"),
    Fate::Kill("gateway"),
    Fate::Pause("game"),
    Fate::Pause("user"),
    Fate::Pause("gateway"),
    Fate::Leave("game"),
    Fate::Leave("user"),
    Fate::Leave("gateway"),
    Fate::NatsAway,
    Fate::DatabaseCrash,
    Fate::DatabaseStands,
];

/// The world of many processes, troubled until the plan's time is over.
struct Trouble {
    scene: Scene,
    met: BTreeMap<Fate, u32>,
    take_overs: Vec<Duration>,
}

impl Trouble {
    /// Each of `fates` once at least, in an order of its own each time.
    async fn go_on(&mut self, lasts: Duration, fates: &[Fate]) {
        let began = now();
        self.scene.probe().await;
        let mut coming = self.scene.random.shuffled(fates);
        let mut met = 0;
        while began.elapsed() < lasts || met < fates.len() {
            if coming.is_empty() {
                coming = self.scene.random.shuffled(fates);
            }
            let calm = Duration::from_millis(self.scene.random.between(200, 2_500));
            tokio::time::sleep(calm).await;
            let Some(fate) = coming.pop() else { continue };
            self.meet(fate).await;
            met += 1;
            *self.met.entry(fate).or_default() += 1;
            // Whatever it was, every lobby takes bets again.
            let took = self.scene.probe().await;
            println!("{:.0?}: {fate:?}, every lobby took a bet after {took:.1?}", began.elapsed());
        }
    }

    async fn meet(&mut self, fate: Fate) {
        match fate {
            Fate::Kill(role) => self.kill(role).await,
            Fate::Pause(role) => self.pause(role).await,
            Fate::Leave(role) => self.leave(role).await,
            Fate::NatsAway => {
                self.scene.fleet.place.shared().nats().stop().unwrap();
                self.wait(500, 6_000).await;
                self.scene.fleet.place.shared().nats().restart().unwrap();
            }
            Fate::DatabaseCrash => {
                self.scene.fleet.place.shared().server().crash_and_restart().unwrap();
            }
            Fate::DatabaseStands => {
                self.scene.fleet.place.shared().server().pause().unwrap();
                self.wait(500, 6_000).await;
                self.scene.fleet.place.shared().server().resume().unwrap();
            }
        }
    }

    /// `kill -9`; a node's lobbies are waited for before it comes back.
    async fn kill(&mut self, role: &'static str) {
        if role == "game" {
            let lost = self.scene.lose_a_node().await;
            self.take_overs.push(lost.claimed);
            return self.come_back(role, lost.number).await;
        }
        let one = self.scene.any(role);
        let victim = self.scene.fleet.processes.of(role).remove(one);
        let number = victim.number();
        victim.kill();
        self.scene.open_doors();
        self.wait(0, 1_500).await;
        self.come_back(role, number).await;
    }

    async fn come_back(&mut self, role: &'static str, number: usize) {
        self.scene.fleet.start_one(role, number).await;
        self.scene.open_doors();
    }

    /// SIGSTOP, often for longer than a lease lasts; then it goes on, or dies as it stands.
    async fn pause(&mut self, role: &'static str) {
        let one = self.scene.any(role);
        self.scene.fleet.processes.of(role)[one].signal("STOP");
        self.wait(500, 6_000).await;
        if self.scene.random.between(0, 3) == 0 {
            let victim = self.scene.fleet.processes.of(role).remove(one);
            let number = victim.number();
            victim.kill();
            self.scene.open_doors();
            self.come_back(role, number).await;
        } else {
            self.scene.fleet.processes.of(role)[one].signal("CONT");
        }
    }

    /// SIGTERM; it ends by itself and is started again, as an upgrade does it.
    async fn leave(&mut self, role: &'static str) {
        let one = self.scene.any(role);
        let leaving = self.scene.fleet.processes.of(role).remove(one);
        let number = leaving.number();
        self.scene.open_doors();
        leaving.terminate(LEAVES_WITHIN).await;
        self.come_back(role, number).await;
    }

    async fn wait(&mut self, least_ms: u64, most_ms: u64) {
        let ms = self.scene.random.between(least_ms, most_ms);
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_of_many_processes_goes_nothing_is_lost_or_doubled() {
    let (minutes, _) = super::asked_for();
    // Where the time is short every fate comes once, however long that takes.
    let plan = Plan::of_minutes(if minutes > SHORT { minutes } else { 1 });
    let mut scene = Scene::open(Place::apart_and_alone(&[]), &plan).await;
    let (proxy, random) = (Arc::clone(&scene.proxy), scene.random.fork());
    let weather = tokio::spawn(bad_weather(proxy, plan.clone(), random));
    let mut trouble = Trouble { scene, met: BTreeMap::new(), take_overs: Vec::new() };
    let fates: &[Fate] = if plan.is_long() { &FATES } else { &WORST };
    trouble.go_on(plan.lasts, fates).await;
    weather.abort();
    let Trouble { scene, met, take_overs } = trouble;
    println!("{met:?}, network {:?}", scene.proxy.damage);
    let deaths = take_overs.len();
    let [half, late, worst] = ranks(take_overs);
    println!("{deaths} take-overs, p50 {half:.2?}, p99 {late:.2?}, worst {worst:.2?}");
    scene.close_soundly().await;
    assert!(!plan.is_long() || late <= TAKEN_OVER_WITHIN, "p99 of take-overs: {late:?}");
}
