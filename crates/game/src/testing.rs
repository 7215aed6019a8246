//! A world for tests: a wallet in memory that keeps the contract, a store in a directory.

mod leased;
mod wallet;

use std::path::Path;
use std::sync::Arc;

use cluster::MemoryBus;
use kernel::{BetId, Epoch, LobbyId, PlayerId, Sealed};
use platform::clock::{Clock, SystemClock};
use platform::health::Health;
use platform::metrics::Registry;
use platform::random::SeededRandom;
use platform::shutdown::Shutdown;
use platform::sqlite::{Reader, Writer};
use platform::tasks::TokioSpawner;
use tokens::{SigningKey, Verifier};

pub(crate) use leased::LeasedStore;
pub(crate) use wallet::{Hold, TestWallet};

use crate::store::{Done, NodeId, Owner, SqliteStore, Store, StoreCommand, StoreError};
use crate::{Config, Deps, SCHEMA, Service};

/// What outlives a process.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) wallet: Arc<TestWallet>,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) config: Config,
}

impl World {
    /// Nothing played yet; rounds are short.
    pub(crate) fn new() -> Self {
        let mut config = Config { pause_ms: 50, multiplier_max_centi: 120, ..Config::default() };
        config.main.betting_ms = 150;
        config.main.chain_length = 1_000;
        config.players.betting_ms = 150;
        config.players.chain_length = 1_000;
        Self {
            directory: tempfile::tempdir().unwrap(),
            wallet: Arc::default(),
            bus: Arc::new(MemoryBus::new()),
            config,
        }
    }

    /// A process on what there is.
    pub(crate) async fn start(&self) -> Process {
        self.start_with_random(7).await
    }

    /// A process whose randomness has its own seed.
    pub(crate) async fn start_with_random(&self, seed: u64) -> Process {
        self.start_with(seed, Arc::new(SystemClock::new())).await
    }

    /// A process whose clock is another one.
    pub(crate) async fn start_with(&self, seed: u64, clock: Arc<dyn Clock>) -> Process {
        let (writer, reader) = open(self.directory.path());
        let store = Arc::new(SqliteStore::new(writer.clone(), reader));
        self.start_on(seed, clock, store, writer).await
    }

    /// Nodes that share one store, each with its own memory.
    pub(crate) fn shared(&self) -> Arc<LeasedStore> {
        let (writer, reader) = open(self.directory.path());
        let clock = Arc::new(SystemClock::new());
        Arc::new(LeasedStore::new(SqliteStore::new(writer, reader), clock))
    }

    /// One more node on `store`.
    pub(crate) async fn node(&self, seed: u64, store: &Arc<LeasedStore>) -> Process {
        let (writer, _) = open(tempfile::tempdir().unwrap().path());
        let clock = Arc::new(SystemClock::new());
        self.start_on(seed, clock, Arc::clone(store) as Arc<dyn Store>, writer).await
    }

    async fn start_on(
        &self,
        seed: u64,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        stall: Writer,
    ) -> Process {
        let (shutdown, health) = (Shutdown::new(), Health::new());
        let deps = Deps {
            store,
            spawner: Arc::new(TokioSpawner),
            wallet: self.wallet.clone(),
            bus: self.bus.clone(),
            clock,
            random: Arc::new(SeededRandom::new(seed)),
            verifier: Arc::new(Verifier::new(vec![signing_key().verifying_key()], "w", "w")),
            registry: Registry::new(),
            seed_key: Sealed::new([3; 32]),
            commitment_key: Sealed::new([4; 32]),
            shutdown: shutdown.clone(),
            health: health.clone(),
        };
        let service = Service::start(self.config.clone(), deps).await.unwrap();
        Process { service, shutdown, health, writer: stall }
    }
}

/// A running game.
pub(crate) struct Process {
    pub(crate) service: Service,
    pub(crate) shutdown: Shutdown,
    pub(crate) health: Health,
    /// The store's: whoever blocks it, blocks the store.
    pub(crate) writer: Writer,
}

impl Process {
    /// Lets the store stand still for so long.
    pub(crate) fn stall_store(&self, duration: std::time::Duration) {
        let writer = self.writer.clone();
        tokio::spawn(async move {
            let stalled = writer.run(move |_| {
                std::thread::sleep(duration);
                Ok(())
            });
            stalled.await.unwrap();
        });
    }

    /// Stops as a second signal does.
    pub(crate) async fn stop(self) {
        self.shutdown.stop();
        self.shutdown.finished().await;
    }
}

/// The node of tests that start no process.
pub(crate) const NODE: NodeId = NodeId::from_bytes([1; 16]);

/// That node as owner of lobby 1.
pub(crate) fn owner(epoch: u64) -> Owner {
    Owner { node: NODE, lobby: lobby(1), epoch: Epoch(epoch) }
}

/// Applies changes to lobby 1 under this epoch; an answer each.
pub(crate) async fn apply(
    store: &dyn Store,
    epoch: u64,
    commands: Vec<StoreCommand>,
) -> Vec<Result<Done, StoreError>> {
    store.apply(owner(epoch).batch(commands).into()).await.unwrap().answers
}

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32]).unwrap()
}

/// The game's file in `directory`.
pub(crate) fn open(directory: &Path) -> (Writer, Reader) {
    let file = directory.join("game.db");
    let writer = Writer::open(&file, &[SCHEMA, platform::http::idempotency::SCHEMA]).unwrap();
    let reader = Reader::open(&file, 2).unwrap();
    (writer, reader)
}

pub(crate) fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

pub(crate) fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

pub(crate) fn bet_id(number: u8) -> BetId {
    BetId::from_bytes([number; 16])
}
