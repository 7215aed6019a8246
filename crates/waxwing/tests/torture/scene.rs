//! Many processes and the same crowd before them, for tests that trouble some of them; in the end
//! the databases and what everybody was told are judged.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use checker::Case;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::outcome::{judge, settled};
use super::plan::Plan;
use super::stage::{Stage, invite};
use super::weather::Proxy;
use super::world::World;
use super::{lives, stop};
use crate::harness::databases::copied;
use crate::harness::fleet::Fleet;
use crate::harness::time::{PATIENCE, eventually, now};
use crate::harness::{Place, Player, Random};
use crate::journal::Journal;

/// A deployment in play.
pub(super) struct Scene {
    pub(super) fleet: Fleet,
    pub(super) proxy: Arc<Proxy>,
    pub(super) world: Arc<World>,
    /// Who asks every lobby for a bet.
    probes: Vec<(Player, u64)>,
    pub(super) random: Random,
    playing: JoinSet<()>,
    began: Instant,
    log: PathBuf,
    _evidence: TempDir,
}

/// Lobbies, whose each is, and the end of the lease that ends last, all as text.
struct Owned {
    lobbies: String,
    owners: String,
    lease: String,
}

/// A node that was killed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) number: usize,
    pub(super) died: Instant,
    /// From its death until its lobbies had a living owner.
    pub(super) claimed: Duration,
    /// Whether any lobby was its own.
    pub(super) owned_any: bool,
}

impl Scene {
    /// Lobbies, processes and players at `place`, and everybody plays.
    pub(super) async fn open(place: Place, plan: &Plan) -> Self {
        let mut random = Random::announced();
        let stage = Stage::build(place, plan).await;
        let evidence = tempfile::tempdir().unwrap();
        let log = evidence.path().join("clients.jsonl");
        let proxy = Arc::new(Proxy::start().await);
        let world = Arc::new(World::new(proxy.base.clone(), Journal::to(&log)));
        let fleet = Fleet::at(stage.place).await;
        let crowd = invite(stage.lobbies.len(), plan, &world, &fleet.caller(0)).await;
        let playing = crowd.play(plan, &stage.lobbies, &world, &mut random);
        // A long climb takes no bets for a minute: in a short run the others show it.
        let asked = if plan.is_long() { stage.lobbies.len() } else { plan.quick_lobbies };
        let lobbies = stage.lobbies.iter().copied();
        let probes = crowd.probes.iter().cloned().zip(lobbies).take(asked).collect();
        let scene = Self {
            fleet,
            proxy,
            world,
            probes,
            random,
            playing,
            began: now(),
            log,
            _evidence: evidence,
        };
        scene.open_doors();
        scene
    }

    /// How long everybody has played.
    pub(super) fn lasted(&self) -> Duration {
        self.began.elapsed()
    }

    /// Players come through every gateway there is.
    pub(super) fn open_doors(&self) {
        self.proxy.lead_to(self.fleet.processes.gateways.iter().map(|gateway| &gateway.base));
    }

    /// Every lobby takes a bet through some gateway: how long the last one took.
    pub(super) async fn probe(&mut self) -> Duration {
        let random = self.random.fork();
        let times = lives::probe(&self.world, self.world.base(), &self.probes, random).await;
        times.into_iter().max().unwrap_or_default()
    }

    /// Some process of a role.
    pub(super) fn any(&mut self, role: &'static str) -> usize {
        let last = u64::try_from(self.fleet.processes.of(role).len()).unwrap() - 1;
        usize::try_from(self.random.between(0, last)).unwrap()
    }

    /// `kill -9` for a game node, whose lobbies are taken over; it may be started again.
    pub(super) async fn lose_a_node(&mut self) -> Lost {
        let one = self.any("game");
        let victim = self.fleet.processes.games.remove(one);
        let (died, number) = (now(), victim.number());
        victim.kill();
        // Not before: a renewal of the dead between the two would pass for another's.
        let owned = self.owned();
        eventually("the dead node's lobbies to be taken over", PATIENCE, || async {
            self.is_owned_anew(&owned).then_some(())
        })
        .await;
        let claimed = died.elapsed();
        let owned_any = self.owners(&owned.lobbies) != owned.owners;
        Lost { number, died, claimed, owned_any }
    }

    /// Whose these lobbies are.
    fn owners(&self, lobbies: &str) -> String {
        self.fleet.ask_games(&format!(
            "SELECT coalesce(string_agg(encode(node, 'hex'), ',' ORDER BY lobby), '')
             FROM lobby_owner WHERE lobby IN ({lobbies})"
        ))
    }

    /// The lobbies that have an owner.
    fn owned(&self) -> Owned {
        let both = self.fleet.ask_games(
            "SELECT coalesce(string_agg(lobby::text, ','), '0'),
                    (SELECT max(lease_until) FROM node)
             FROM lobby_owner WHERE node IS NOT NULL",
        );
        let (lobbies, lease) = both.split_once('|').expect("two columns");
        let owners = self.owners(lobbies);
        Owned { lobbies: lobbies.to_owned(), owners, lease: lease.to_owned() }
    }

    /// Whether each of these lobbies is owned by a node that has renewed its lease since.
    fn is_owned_anew(&self, Owned { lobbies, lease, .. }: &Owned) -> bool {
        let left = self.fleet.ask_games(&format!(
            "SELECT count(*) FROM lobby_owner LEFT JOIN node USING (node)
             WHERE lobby IN ({lobbies}) AND coalesce(lease_until <= '{lease}', true)"
        ));
        left == "0"
    }

    /// Everybody stops, and nothing was lost or doubled.
    pub(super) async fn close_soundly(mut self) {
        let lasted = self.lasted();
        self.world.end();
        stop(&self.world, &mut self.playing).await;
        let counts = &self.world.journal.counts;
        let taken = counts.bets_taken.load(Ordering::Relaxed);
        let second = lasted.as_secs().max(1);
        println!("lasted {lasted:.0?}: {counts:?}, {} bets taken a second", taken / second);
        settled(&self.fleet.place.data()).await;
        self.fleet.end_soundly().await;
        self.world.journal.close();
        let dump = copied(&self.fleet.place.data());
        // Every hold is decided; the close of the last, empty rounds is their next owner's to send.
        let (dumps, logs) = (vec![dump.path().to_path_buf()], vec![self.log.clone()]);
        let report = judge(Case { dumps, logs, settled: false }).await;
        println!("{}", serde_json::to_string_pretty(&report).unwrap());
        assert_eq!(report["sound"], true, "the checker has found something");
        assert_eq!(self.world.wrongs(), Vec::<String>::new());
        let log = self.fleet.place.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}
