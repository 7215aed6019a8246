//! Many processes under the same crowd: any of them dies, stands still or leaves, and what they
//! stand on goes away, one after the other, while everybody plays on through all gateways.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use checker::Case;

use super::outcome::{judge, ranks, settled};
use super::plan::Plan;
use super::stage::{Stage, invite};
use super::weather::Proxy;
use super::world::World;
use super::{bad_weather, lives, stop};
use crate::harness::fleet::Fleet;
use crate::harness::time::{PATIENCE, eventually, now};
use crate::harness::{Place, Player, Random};
use crate::journal::Journal;

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
struct Trouble<'a> {
    fleet: &'a mut Fleet,
    proxy: &'a Proxy,
    world: &'a Arc<World>,
    probes: Vec<(Player, u64)>,
    random: Random,
    met: BTreeMap<Fate, u32>,
    take_overs: Vec<Duration>,
}

impl Trouble<'_> {
    /// Each of `fates` once at least, in an order of its own each time.
    async fn go_on(&mut self, lasts: Duration, fates: &[Fate]) {
        let began = now();
        self.open_doors();
        self.probe().await;
        let mut coming = self.random.shuffled(fates);
        let mut met = 0;
        while began.elapsed() < lasts || met < fates.len() {
            if coming.is_empty() {
                coming = self.random.shuffled(fates);
            }
            let calm = Duration::from_millis(self.random.between(200, 2_500));
            tokio::time::sleep(calm).await;
            let Some(fate) = coming.pop() else { continue };
            self.meet(fate).await;
            met += 1;
            *self.met.entry(fate).or_default() += 1;
            // Whatever it was, every lobby takes bets again.
            let took = self.probe().await;
            println!("{:.0?}: {fate:?}, every lobby took a bet after {took:.1?}", began.elapsed());
        }
    }

    async fn meet(&mut self, fate: Fate) {
        match fate {
            Fate::Kill(role) => self.kill(role).await,
            Fate::Pause(role) => self.pause(role).await,
            Fate::Leave(role) => self.leave(role).await,
            Fate::NatsAway => {
                self.fleet.place.shared().nats().stop().unwrap();
                self.wait(500, 6_000).await;
                self.fleet.place.shared().nats().restart().unwrap();
            }
            Fate::DatabaseCrash => {
                self.fleet.place.shared().server().crash_and_restart().unwrap();
            }
            Fate::DatabaseStands => {
                self.fleet.place.shared().server().pause().unwrap();
                self.wait(500, 6_000).await;
                self.fleet.place.shared().server().resume().unwrap();
            }
        }
    }

    /// `kill -9`; a node's lobbies are waited for before it comes back.
    async fn kill(&mut self, role: &'static str) {
        let one = self.any(role);
        let (died, owned) = (now(), self.owned());
        let victim = self.fleet.processes.of(role).remove(one);
        let number = victim.number();
        victim.kill();
        self.open_doors();
        if role == "game" {
            eventually("the dead node's lobbies to be taken over", PATIENCE, || async {
                self.is_owned_anew(&owned).then_some(())
            })
            .await;
            self.take_overs.push(died.elapsed());
        } else {
            self.wait(0, 1_500).await;
        }
        self.fleet.start_one(role, number).await;
        self.open_doors();
    }

    /// SIGSTOP, often for longer than a lease lasts; then it goes on, or dies as it stands.
    async fn pause(&mut self, role: &'static str) {
        let one = self.any(role);
        self.fleet.processes.of(role)[one].signal("STOP");
        self.wait(500, 6_000).await;
        if self.random.between(0, 3) == 0 {
            let victim = self.fleet.processes.of(role).remove(one);
            let number = victim.number();
            victim.kill();
            self.open_doors();
            self.fleet.start_one(role, number).await;
            self.open_doors();
        } else {
            self.fleet.processes.of(role)[one].signal("CONT");
        }
    }

    /// SIGTERM; it ends by itself and is started again, as an upgrade does it.
    async fn leave(&mut self, role: &'static str) {
        let one = self.any(role);
        let leaving = self.fleet.processes.of(role).remove(one);
        let number = leaving.number();
        self.open_doors();
        leaving.terminate(LEAVES_WITHIN).await;
        self.fleet.start_one(role, number).await;
        self.open_doors();
    }

    fn any(&mut self, role: &'static str) -> usize {
        let last = u64::try_from(self.fleet.processes.of(role).len()).unwrap() - 1;
        usize::try_from(self.random.between(0, last)).unwrap()
    }

    async fn wait(&mut self, least_ms: u64, most_ms: u64) {
        let ms = self.random.between(least_ms, most_ms);
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// Players come through every gateway there is.
    fn open_doors(&self) {
        self.proxy.lead_to(self.fleet.processes.gateways.iter().map(|gateway| &gateway.base));
    }

    /// The lobbies that have an owner, and the end of the lease that ends last, both as text.
    fn owned(&self) -> (String, String) {
        let both = self.fleet.ask_games(
            "SELECT coalesce(string_agg(lobby::text, ','), '0'),
                    (SELECT max(lease_until) FROM node)
             FROM lobby_owner WHERE node IS NOT NULL",
        );
        let (lobbies, lease) = both.split_once('|').expect("two columns");
        (lobbies.to_owned(), lease.to_owned())
    }

    /// Whether each of these lobbies is owned by a node that has renewed its lease since.
    fn is_owned_anew(&self, (lobbies, lease): &(String, String)) -> bool {
        let left = self.fleet.ask_games(&format!(
            "SELECT count(*) FROM lobby_owner LEFT JOIN node USING (node)
             WHERE lobby IN ({lobbies}) AND coalesce(lease_until <= '{lease}', true)"
        ));
        left == "0"
    }

    /// Every lobby takes a bet through some gateway: how long the last one took.
    async fn probe(&mut self) -> Duration {
        let random = self.random.fork();
        let times = lives::probe(self.world, self.world.base(), &self.probes, random).await;
        times.into_iter().max().unwrap_or_default()
    }
}

/// Troubles many processes under a crowd until the plan's time is over, and judges what is left.
async fn suffer(plan: &Plan, evidence: &Path, random: &mut Random) {
    let stage = Stage::build(Place::apart_and_alone(&[]), plan).await;
    let log = evidence.join("clients.jsonl");
    let proxy = Arc::new(Proxy::start().await);
    let world = Arc::new(World::new(proxy.base.clone(), Journal::to(&log)));
    let mut fleet = Fleet::at(stage.place).await;
    let crowd = invite(stage.lobbies.len(), plan, &world, &fleet.caller(0)).await;
    let mut playing = crowd.play(plan, &stage.lobbies, &world, random);
    let weather = tokio::spawn(bad_weather(Arc::clone(&proxy), plan.clone(), random.fork()));
    // A long climb takes no bets for a minute: in a short run the others show that play goes on.
    let asked = if plan.is_long() { stage.lobbies.len() } else { plan.quick_lobbies };
    let fates: &[Fate] = if plan.is_long() { &FATES } else { &WORST };
    let mut trouble = Trouble {
        fleet: &mut fleet,
        proxy: &proxy,
        world: &world,
        probes: crowd
            .probes
            .iter()
            .cloned()
            .zip(stage.lobbies.iter().copied())
            .take(asked)
            .collect(),
        random: random.fork(),
        met: BTreeMap::new(),
        take_overs: Vec::new(),
    };
    let began = now();
    trouble.go_on(plan.lasts, fates).await;
    let (met, take_overs) = (trouble.met, trouble.take_overs);
    weather.abort();
    let lasted = began.elapsed();
    world.end();
    stop(&world, &mut playing).await;
    let taken = world.journal.counts.bets_taken.load(std::sync::atomic::Ordering::Relaxed);
    println!("lasted {lasted:.0?}: {met:?}, network {:?}", proxy.damage);
    println!(
        "clients {:?}, {} bets taken a second",
        world.journal.counts,
        taken / lasted.as_secs()
    );
    let [half, late, worst] = ranks(take_overs.clone());
    println!("{} take-overs, p50 {half:.2?}, p99 {late:.2?}, worst {worst:.2?}", take_overs.len());
    settled(&fleet.place.data()).await;
    fleet.end_soundly().await;
    world.journal.close();
    let dump = crate::harness::databases::copied(&fleet.place.data());
    // Every hold is decided; the close of the last, empty rounds is their next owner's to send.
    let case = Case { dumps: vec![dump.path().to_path_buf()], logs: vec![log], settled: false };
    let report = judge(case).await;
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
    assert_eq!(report["sound"], true, "the checker has found something");
    assert_eq!(world.wrongs(), Vec::<String>::new());
    assert!(!fleet.place.log().contains("panicked"), "{}", fleet.place.log());
    assert!(!plan.is_long() || late <= TAKEN_OVER_WITHIN, "p99 of take-overs: {late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_of_many_processes_goes_nothing_is_lost_or_doubled() {
    let (minutes, _) = super::asked_for();
    // Where the time is short every fate comes once, however long that takes.
    let plan = Plan::of_minutes(if minutes > SHORT { minutes } else { 1 });
    let mut random = Random::announced();
    let evidence = tempfile::tempdir().unwrap();
    suffer(&plan, evidence.path(), &mut random).await;
}
