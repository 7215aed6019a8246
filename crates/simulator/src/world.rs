//! One seeded world: machines, processes, wires, databases, a crowd, a judge, and what befalls
//! them.

mod befall;
mod genesis;
mod hosts;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Curve, LobbyId};
use parking_lot::Mutex;
use tokens::{SigningKey, Verifier};

use crate::book::Book;
use crate::clock::{ProcessClock, WallOffset};
use crate::crowd::screens::Screens;
use crate::crowd::{Crowd, HIGH_TARGETS, Parts, TARGETS};
use crate::database::Database;
use crate::dice::Dice;
use crate::executor::{Executor, ProcessId};
use crate::gateway::Gateway;
use crate::judge::Judge;
use crate::network::play::GameNode;
use crate::network::{Machine, Network, Peer};
use crate::plan::{FaultKind, Plan};
use crate::records::Records;
use crate::trace::Trace;

use hosts::Hosts;
pub(crate) use run::run;

/// A world. Clones are the same.
#[derive(Clone)]
pub(crate) struct World(Arc<Inner>);

struct Inner {
    seed: u64,
    plan: Plan,
    executor: Executor,
    network: Network,
    judge: Judge,
    book: Arc<Database<Book>>,
    records: Arc<Database<Records>>,
    book_machine: Arc<Machine<Arc<Database<Book>>>>,
    records_machine: Arc<Machine<Arc<Database<Records>>>>,
    games: Vec<Arc<Machine<GameNode>>>,
    wallets: Vec<Arc<Machine<wallet::Service>>>,
    gateways: Vec<Arc<Machine<Gateway>>>,
    hosts: Mutex<Hosts>,
    crowd: Crowd,
    screens: Screens,
    verifier: Arc<Verifier>,
    /// What happens to the world itself.
    director: ProcessId,
    lobbies: Vec<LobbyId>,
    befell: Mutex<BTreeMap<FaultKind, u64>>,
}

/// What the dice of a world are thrown for, each a stream of its own.
mod purpose {
    pub(super) const ORDER: u64 = 1;
    pub(super) const WIRES: u64 = 2;
    pub(super) const BOOK: u64 = 3;
    pub(super) const RECORDS: u64 = 4;
    pub(super) const GENESIS: u64 = 5;
    pub(super) const PROCESSES: u64 = 1_000;
    pub(super) const PLAYERS: u64 = 1_000_000;
}

impl World {
    pub(crate) fn new(seed: u64, plan: &Plan, curve: Curve) -> Self {
        let executor = Executor::new(Dice::new(seed, purpose::ORDER), Trace::default());
        let network = Network::new(executor.clone(), Dice::new(seed, purpose::WIRES));
        let judge = Judge::new(executor.clone(), curve);
        let loses_tail = plan.faults.contains(&FaultKind::LoseTail);
        let dice = |purpose| Dice::new(seed, purpose);
        let witness = Arc::new(judge.clone());
        let book = Database::new(executor.clone(), dice(purpose::BOOK), witness, loses_tail);
        let witness = Arc::new(judge.clone());
        let records = Database::new(executor.clone(), dice(purpose::RECORDS), witness, loses_tail);
        let (book, records) = (Arc::new(book), Arc::new(records));
        judge.watch(&book, &records);
        let gateways: Vec<_> = (0..plan.gateways).map(Peer::Gateway).map(machine).collect();
        let screens = Screens::default();
        let wall = WallOffset::default();
        let crowd = Crowd::new(Parts {
            executor: executor.clone(),
            network: network.clone(),
            gateways: gateways.clone(),
            screens: screens.clone(),
            judge: judge.clone(),
            targets: if plan.high { &HIGH_TARGETS } else { &TARGETS },
            clock: Arc::new(ProcessClock::new(executor.clone(), 0, wall)),
        });
        let director = executor.start_process();
        let lobbies = (1..=u64::from(plan.lobbies)).filter_map(|lobby| LobbyId::new(lobby).ok());
        Self(Arc::new(Inner {
            seed,
            plan: plan.clone(),
            network,
            judge,
            book,
            records,
            book_machine: machine(Peer::WalletStore),
            records_machine: machine(Peer::GameStore),
            games: (0..plan.games).map(Peer::Game).map(machine).collect(),
            wallets: (0..plan.wallets).map(Peer::Wallet).map(machine).collect(),
            gateways,
            hosts: Mutex::default(),
            crowd,
            screens,
            verifier: verifier(),
            director,
            lobbies: lobbies.collect(),
            befell: Mutex::default(),
            executor,
        }))
    }
}

fn machine<S: Clone>(peer: Peer) -> Arc<Machine<S>> {
    Arc::new(Machine::new(peer))
}

/// Nobody signs in here.
fn verifier() -> Arc<Verifier> {
    let keys = SigningKey::from_bytes(&[5; 32]).map(|key| key.verifying_key());
    Arc::new(Verifier::new(keys.into_iter().collect(), "world", "world"))
}
