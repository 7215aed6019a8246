//! Starting and ending processes on their machines.

use std::collections::BTreeMap;
use std::sync::Arc;

use cluster::MemoryBus;
use gateway::play::Owners;
use kernel::Sealed;
use parking_lot::Mutex;
use platform::clock::Clock;
use platform::health::Health;
use platform::metrics::Registry;
use platform::shutdown::Shutdown;

use super::{World, purpose};
use crate::book::BookClient;
use crate::bus::WorldBus;
use crate::clock::{ProcessClock, WallOffset};
use crate::dice::{Dice, SharedDice};
use crate::executor::ProcessId;
use crate::gateway::Gateway;
use crate::network::play::{GameNode, PlayLink};
use crate::network::wallet::WalletLink;
use crate::network::{Caller, Peer};
use crate::plan::FaultKind;
use crate::records::RecordsClient;

/// How long a process waits for a database, in milliseconds.
const STORE_PATIENCE_MS: u64 = 4_000;
/// How long it waits for another process.
const CALL_PATIENCE_MS: u64 = 3_000;
/// How soon a process that could not start tries again.
const START_AGAIN_MS: u64 = 500;
/// How long a gateway sends a call again.
const PLAY_PATIENCE_MS: u64 = 10_000;

/// What runs where.
#[derive(Default)]
pub(super) struct Hosts {
    by_peer: BTreeMap<Peer, Host>,
    starts: u64,
    /// Nothing is started any more.
    closing: bool,
}

impl Hosts {
    pub(super) const fn close(&mut self) {
        self.closing = true;
    }
}

/// One machine.
#[derive(Default)]
struct Host {
    process: Option<ProcessId>,
    /// Kept by the machine, not by its processes.
    wall: WallOffset,
    /// Draining or stopping the game that runs there.
    shutdown: Option<Shutdown>,
}

impl World {
    /// Every machine, in order.
    pub(super) fn peers(&self) -> Vec<Peer> {
        let plan = &self.0.plan;
        let stores = [Peer::GameStore, Peer::WalletStore].into_iter();
        let wallets = (0..plan.wallets).map(Peer::Wallet);
        let games = (0..plan.games).map(Peer::Game);
        stores.chain(wallets).chain(games).chain((0..plan.gateways).map(Peer::Gateway)).collect()
    }

    /// The process that runs on the machine, if one does.
    pub(super) fn process(&self, peer: Peer) -> Option<ProcessId> {
        self.0.hosts.lock().by_peer.get(&peer)?.process
    }

    pub(super) fn wall(&self, peer: Peer) -> WallOffset {
        self.0.hosts.lock().by_peer.entry(peer).or_default().wall.clone()
    }

    pub(super) fn shutdown(&self, peer: Peer) -> Option<Shutdown> {
        self.0.hosts.lock().by_peer.get(&peer)?.shutdown.clone()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.0.hosts.lock().closing
    }

    /// Starts a process on the machine, unless one runs.
    pub(super) fn start(&self, peer: Peer) {
        let process = {
            let mut hosts = self.0.hosts.lock();
            if hosts.by_peer.entry(peer).or_default().process.is_some() {
                return;
            }
            hosts.starts += 1;
            let process = self.0.executor.start_process();
            hosts.by_peer.entry(peer).or_default().process = Some(process);
            process
        };
        match peer {
            Peer::GameStore => {
                self.0.records_machine.serve(process, Arc::clone(&self.0.records));
            }
            Peer::WalletStore => self.0.book_machine.serve(process, Arc::clone(&self.0.book)),
            Peer::Wallet(number) => self.start_wallet(process, number),
            Peer::Game(number) => self.start_game(process, number),
            Peer::Gateway(number) => self.start_gateway(process, number),
            Peer::Crowd => {}
        }
    }

    /// Ends the process on the machine as `kill -9` does.
    pub(super) fn kill(&self, peer: Peer) {
        let process = {
            let mut hosts = self.0.hosts.lock();
            let host = hosts.by_peer.entry(peer).or_default();
            host.shutdown = None;
            host.process.take()
        };
        let Some(process) = process else { return };
        match peer {
            Peer::GameStore => drop(self.0.records_machine.stop()),
            Peer::WalletStore => drop(self.0.book_machine.stop()),
            Peer::Wallet(number) => drop(self.0.wallets[usize::from(number)].stop()),
            Peer::Game(number) => drop(self.0.games[usize::from(number)].stop()),
            Peer::Gateway(number) => drop(self.0.gateways[usize::from(number)].stop()),
            Peer::Crowd => {}
        }
        self.0.executor.kill(process);
    }

    fn dice_of_process(&self) -> Dice {
        let starts = self.0.hosts.lock().starts;
        Dice::new(self.0.seed, purpose::PROCESSES + starts)
    }

    fn clock(&self, peer: Peer, dice: &mut Dice) -> Arc<ProcessClock> {
        // No two processes began at the same time.
        let ahead_ms = dice.below(1_000_000);
        Arc::new(ProcessClock::new(self.0.executor.clone(), ahead_ms, self.wall(peer)))
    }

    fn bus(&self, from: Peer) -> Arc<WorldBus> {
        Arc::new(WorldBus {
            network: self.0.network.clone(),
            from,
            gateways: self.0.gateways.clone(),
            judge: self.0.judge.clone(),
            nobody: MemoryBus::new(),
        })
    }

    fn start_wallet(&self, process: ProcessId, number: u8) {
        let peer = Peer::Wallet(number);
        let mut dice = self.dice_of_process();
        let clock = self.clock(peer, &mut dice);
        let random = Arc::new(SharedDice::new(dice));
        let world = self.clone();
        let boot = async move {
            loop {
                let store = BookClient {
                    network: world.0.network.clone(),
                    caller: Caller { peer, patience_ms: STORE_PATIENCE_MS },
                    machine: Arc::clone(&world.0.book_machine),
                    clock: clock.clone(),
                };
                let deps = wallet::Deps {
                    store: Arc::new(store),
                    spawner: world.0.executor.spawner(process),
                    clock: clock.clone(),
                    random: random.clone(),
                    verifier: Arc::clone(&world.0.verifier),
                    bus: world.bus(peer),
                    registry: Registry::new(),
                };
                if let Ok(service) = wallet::Service::start(wallet::Config::default(), deps).await {
                    world.0.wallets[usize::from(number)].serve(process, service);
                    return;
                }
                clock.sleep_until(clock.now() + START_AGAIN_MS).await;
            }
        };
        self.0.executor.spawn(process, Box::pin(boot));
    }

    fn start_game(&self, process: ProcessId, number: u8) {
        let peer = Peer::Game(number);
        let mut dice = self.dice_of_process();
        let clock = self.clock(peer, &mut dice);
        let shutdown = Shutdown::new();
        self.0.hosts.lock().by_peer.entry(peer).or_default().shutdown = Some(shutdown.clone());
        self.restart_when_finished(peer, process, shutdown.clone());
        let boots = Boot {
            world: self.clone(),
            process,
            number,
            clock,
            shutdown,
            dice: SharedDice::new(dice),
        };
        self.0.executor.spawn(process, Box::pin(boots.game()));
    }

    /// A process that came to its end by itself is started again, as its supervisor would.
    fn restart_when_finished(&self, peer: Peer, process: ProcessId, shutdown: Shutdown) {
        let world = self.clone();
        let restart = async move {
            shutdown.finished().await;
            if world.process(peer) == Some(process) {
                world.kill(peer);
                if !world.is_closing() {
                    world.start(peer);
                }
            }
        };
        self.0.executor.spawn(self.0.director, Box::pin(restart));
    }

    fn start_gateway(&self, process: ProcessId, number: u8) {
        let peer = Peer::Gateway(number);
        let clock = self.clock(peer, &mut self.dice_of_process());
        let play = PlayLink {
            network: self.0.network.clone(),
            caller: Caller { peer, patience_ms: CALL_PATIENCE_MS },
            machines: self.0.games.clone(),
            judge: self.0.judge.clone(),
            owners: Mutex::default(),
        };
        let owners = Owners::new(Arc::new(play), clock, PLAY_PATIENCE_MS);
        let screens = self.0.screens.clone();
        let gateway = Gateway::new(owners, self.0.network.clone(), peer, screens);
        self.0.gateways[usize::from(number)].serve(process, gateway);
    }
}

/// A game process while it starts.
struct Boot {
    world: World,
    process: ProcessId,
    number: u8,
    clock: Arc<ProcessClock>,
    shutdown: Shutdown,
    dice: SharedDice,
}

impl Boot {
    /// Starts until it is started.
    async fn game(self) {
        while game::Service::start(game_config(), self.deps())
            .await
            .map(|service| self.serve(service))
            .is_err()
        {
            self.clock.sleep_until(self.clock.now() + START_AGAIN_MS).await;
        }
    }

    fn serve(&self, service: game::Service) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let games = &self.world.0.games;
        games[usize::from(self.number)].serve(self.process, GameNode { service, clock });
    }

    fn deps(&self) -> game::Deps {
        let (world, peer) = (&self.world.0, Peer::Game(self.number));
        let dice = || self.dice.throw(|dice| SharedDice::new(Dice::new(dice.next(), 1)));
        let store = RecordsClient {
            network: world.network.clone(),
            caller: Caller { peer, patience_ms: STORE_PATIENCE_MS },
            machine: Arc::clone(&world.records_machine),
            loses_tail: world.plan.faults.contains(&FaultKind::LoseTail),
        };
        let wallet = WalletLink {
            network: world.network.clone(),
            caller: Caller { peer, patience_ms: CALL_PATIENCE_MS },
            machines: world.wallets.clone(),
            dice: dice(),
        };
        game::Deps {
            store: Arc::new(store),
            spawner: world.executor.spawner(self.process),
            wallet: Arc::new(wallet),
            bus: self.world.bus(peer),
            clock: self.clock.clone(),
            random: Arc::new(dice()),
            verifier: Arc::clone(&world.verifier),
            registry: Registry::new(),
            seed_key: Sealed::new([3; 32]),
            commitment_key: Sealed::new([4; 32]),
            shutdown: self.shutdown.clone(),
            health: Health::new(),
        }
    }
}

/// Short pauses, short chains, early successors.
fn game_config() -> game::Config {
    game::Config {
        pause_ms: 100,
        rest_ms: 3_000,
        successor_at: 5,
        drain_max_s: 20,
        ..game::Config::default()
    }
}
