//! One life of the server after the other: started, asked in every lobby for a bet, stopped,
//! continued, killed, told to end.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use checker::dump::{Moment, sqlite};
use tokio::task::JoinSet;

use super::asking;
use super::plan::Plan;
use super::weather::Proxy;
use super::world::World;
use crate::harness::time::now;
use crate::harness::{Place, Player, Random, Server};

/// A lobby that takes no bet for so long after a start is stuck.
const STUCK: Duration = Duration::from_mins(4);
/// How long a server may take to end when it is told to.
const ENDS_WITHIN: Duration = Duration::from_secs(40);

/// From a death to what came back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recovery {
    pub(crate) ready: Duration,
    /// The first bet that was acknowledged.
    pub(crate) first_bet: Duration,
    /// One in every lobby.
    pub(crate) every_lobby: Duration,
}

/// What has happened to the server.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: u64,
    pub(crate) kills_while_starting: u64,
    pub(crate) kills_while_stopped: u64,
    pub(crate) pauses: u64,
    /// How long the server stood still, in all.
    pub(crate) paused: Duration,
    pub(crate) terminations: u64,
    pub(crate) recoveries: Vec<Recovery>,
    /// What deaths left, in their order.
    pub(crate) deaths: Vec<PathBuf>,
}

/// The world's end and beginning, over and over.
pub(crate) struct Lives<'a> {
    pub(crate) place: &'a Place,
    pub(crate) proxy: &'a Proxy,
    pub(crate) world: &'a Arc<World>,
    pub(crate) plan: &'a Plan,
    /// Who asks for a bet in each lobby after each start.
    pub(crate) probes: Vec<(Player, u64)>,
    pub(crate) random: Random,
    /// Where what deaths left is kept.
    pub(crate) evidence: PathBuf,
    pub(crate) tally: Tally,
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kill,
    Pause,
    Terminate,
}

impl Lives<'_> {
    /// Lives until the plan's time is over; the last server, still running.
    pub(crate) async fn live(&mut self) -> Server {
        let began = now();
        let mut server = self.place.start().await;
        self.proxy.lead_to([&server.base]);
        self.probe(&server).await;
        while began.elapsed() < self.plan.lasts {
            let life = self.life(began.elapsed());
            server = match self.fate() {
                Fate::Kill => {
                    tokio::time::sleep(life).await;
                    self.kill(server).await
                }
                Fate::Pause => self.pause(server, life).await,
                Fate::Terminate => {
                    tokio::time::sleep(life).await;
                    self.terminate(server).await
                }
            };
            self.say(began.elapsed());
        }
        server
    }

    /// How long the next life lasts after everybody was asked, so that the deaths planned fit.
    fn life(&mut self, passed: Duration) -> Duration {
        let left = self.plan.lasts.saturating_sub(passed);
        let deaths = self.plan.kills.saturating_sub(self.tally.kills).max(1);
        let cycle = left / u32::try_from(deaths).unwrap();
        // Starting, asking, and the pauses between take their share.
        let mean = u64::try_from(cycle.as_millis()).unwrap() * 5 / 10;
        Duration::from_millis(self.random.between(50, (2 * mean).clamp(100, 8_000)))
    }

    fn fate(&mut self) -> Fate {
        let deaths = self.plan.kills.saturating_sub(self.tally.kills).max(1);
        let pauses = self.plan.pauses.saturating_sub(self.tally.pauses);
        match self.random.between(0, 999) {
            chance if chance < 1_000 * pauses / deaths => Fate::Pause,
            chance if chance >= 970 => Fate::Terminate,
            _ => Fate::Kill,
        }
    }

    /// `kill -9`, then a start that is measured.
    async fn kill(&mut self, mut server: Server) -> Server {
        if let Some(status) = server.has_ended() {
            self.world.wrong(format!("nobody killed the server, and it ended with {status}"));
        }
        self.proxy.lead_to([]);
        let mut died = now();
        server.kill();
        self.tally.kills += 1;
        if self.random.between(0, self.plan.dump_every - 1) == 0 {
            let looked = now();
            self.dump();
            // The look is ours, not the server's.
            died += looked.elapsed();
        }
        if self.random.between(0, 19) == 0 {
            let (mut child, _) = self.place.spawn();
            let moment = Duration::from_millis(self.random.between(0, 200));
            tokio::time::sleep(moment).await;
            child.kill().unwrap();
            child.wait().unwrap();
            self.tally.kills += 1;
            self.tally.kills_while_starting += 1;
            died = now();
        }
        let server = self.place.start().await;
        let ready = died.elapsed();
        self.proxy.lead_to([&server.base]);
        let asked = died.elapsed();
        if let Some((first, every)) = self.probe(&server).await {
            let recovery = Recovery { ready, first_bet: asked + first, every_lobby: asked + every };
            self.tally.recoveries.push(recovery);
        }
        server
    }

    /// SIGSTOP; then it goes on, or dies as it stands.
    async fn pause(&mut self, server: Server, life: Duration) -> Server {
        tokio::time::sleep(life / 2).await;
        let longest = match self.random.between(0, 99) {
            0..5 => self.random.between(5_000, self.plan.pause_max_ms),
            5..30 => self.random.between(300, 1_000),
            _ => self.random.between(1_000, 2_000),
        };
        signal(&server, "STOP");
        let stopped = now();
        tokio::time::sleep(Duration::from_millis(longest)).await;
        self.tally.pauses += 1;
        self.tally.paused += stopped.elapsed();
        if self.random.between(0, 4) == 0 {
            self.tally.kills_while_stopped += 1;
            return self.kill(server).await;
        }
        signal(&server, "CONT");
        tokio::time::sleep(life / 2).await;
        server
    }

    /// SIGTERM; it ends by itself, or is killed in the middle of it.
    async fn terminate(&mut self, mut server: Server) -> Server {
        server.signal();
        self.tally.terminations += 1;
        if self.random.between(0, 2) == 0 {
            let moment = Duration::from_millis(self.random.between(0, 2_000));
            tokio::time::sleep(moment).await;
            if server.has_ended().is_none() {
                return self.kill(server).await;
            }
        }
        let status = server.wait(ENDS_WITHIN).await;
        if !status.is_some_and(|status| status.success()) {
            self.world.wrong(format!("told to end, the server ended with {status:?}"));
        }
        self.proxy.lead_to([]);
        let server = self.place.start().await;
        self.proxy.lead_to([&server.base]);
        self.probe(&server).await;
        server
    }

    /// Keeps what the death has left, and changes nothing about it.
    fn dump(&mut self) {
        let path = self.evidence.join(format!("death-{:05}.jsonl", self.tally.kills));
        let mut lines = String::new();
        let read = sqlite::rows(&self.place.data(), Moment::Death, &mut |line| {
            lines.push_str(line);
            lines.push('\n');
            Ok(())
        });
        match read {
            Ok(()) => {
                std::fs::write(&path, lines).unwrap();
                self.tally.deaths.push(path);
            }
            Err(error) => self.world.wrong(format!("what a death left cannot be read: {error}")),
        }
    }

    /// Asks for a bet in every lobby until it is taken: when the first was, and when the last.
    pub(crate) async fn probe(&mut self, server: &Server) -> Option<(Duration, Duration)> {
        let random = self.random.fork();
        let times = probe(self.world, &server.base, &self.probes, random).await;
        Some((times.iter().min().copied()?, times.iter().max().copied()?))
    }

    fn say(&self, passed: Duration) {
        let Tally { kills, pauses, terminations, .. } = &self.tally;
        if kills.is_multiple_of(25) {
            let counts = &self.world.journal.counts;
            println!(
                "{passed:.0?}: {kills} kills, {pauses} pauses, {terminations} terminations, \
                 {} network faults, {counts:?}",
                self.proxy.damage.faults(),
            );
        }
    }
}

/// Asks for a bet in every lobby until it is taken, past the proxy: how long each took.
pub(super) async fn probe(
    world: &Arc<World>,
    base: &str,
    probes: &[(Player, u64)],
    mut random: Random,
) -> Vec<Duration> {
    let asked = now();
    let mut asking = JoinSet::new();
    for (player, lobby) in probes.iter().cloned() {
        let (world, base, random) = (Arc::clone(world), base.to_owned(), random.fork());
        asking.spawn(async move {
            let taken = take_bet(&world, &base, &player, lobby, random);
            if tokio::time::timeout(STUCK, taken).await.is_err() {
                world.wrong(format!("lobby {lobby} has taken no bet for {STUCK:?}"));
            }
            asked.elapsed()
        });
    }
    asking.join_all().await
}

/// One bet, asked for until it is taken.
async fn take_bet(world: &World, base: &str, player: &Player, lobby: u64, mut random: Random) {
    loop {
        if let Ok(socket) = asking::sit(base, lobby).await {
            loop {
                let mut sent = asking::invent(&mut random, lobby, 1);
                sent.target = None;
                match asking::bet(&world.journal, &socket, player, sent).await {
                    Ok(Some(_)) => return,
                    Ok(None) => {}
                    Err(_) => break,
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends a signal to the server, by the id of the child this test started.
fn signal(server: &Server, name: &str) {
    let script = format!("kill -{name} \"$0\"");
    let sent = Command::new("sh").args(["-c", &script, &server.id().to_string()]).status();
    assert!(sent.unwrap().success());
}
