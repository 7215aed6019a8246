//! The game as a service: starts its tasks, answers the gateway, drains at the end.

mod ending;
mod play;

use std::sync::Arc;

use axum::extract::FromRef;
use cluster::Bus;
use contracts::{PlayError, Wallet};
use engine::{Mode, Rules};
use kernel::planted::{self, Bug};
use kernel::{Curve, LobbyId, PlayerId, Sealed};
use platform::clock::Clock;
use platform::config::InvalidConfig;
use platform::health::Health;
use platform::http::idempotency::Running;
use platform::metrics::Registry;
use platform::random::Random;
use platform::shutdown::Shutdown;
use platform::sqlite::{Reader, Writer};
use protocol::Snapshot;
use tokens::Verifier;
use tokio::sync::Notify;

use crate::config::{Config, DrandConfig, PublicSeedSource};
use crate::lobbies::{Lobbies, Parts};
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::outbox::Sender;
use crate::recorder::Recorder;
use crate::reserver::Reserver;
use crate::seeds::{Beacon, DrandClient, SeedMaker, Vault};
use crate::store::{LobbyLimits, NewLobby, Opened, Opening, SqliteStore, Store, StoreError};
use crate::takeover::Takeover;

use ending::Worker;

/// How many lobbies are taken over at once at the start.
const TAKEOVERS: usize = 32;
/// How many of a player's lobbies may play without a pause: each costs a task and a seed a
/// round, whether anybody plays or not.
const CONTINUOUS_MAX: u32 = 1;

/// What the game stands on.
pub struct Deps {
    /// The game's file, opened with [`crate::SCHEMA`]. Its directory is locked by this process.
    pub writer: Writer,
    /// The same file.
    pub reader: Reader,
    /// Where the stakes are.
    pub wallet: Arc<dyn Wallet>,
    /// Where pictures go.
    pub bus: Arc<dyn Bus>,
    /// The clock that stamps and plays.
    pub clock: Arc<dyn Clock>,
    /// Draws seeds.
    pub random: Arc<dyn Random>,
    /// Proves who asks.
    pub verifier: Arc<Verifier>,
    /// Shows the metrics.
    pub registry: Registry,
    /// Encrypts seeds at rest; kept outside the database.
    pub seed_key: Sealed<[u8; 32]>,
    /// The Ed25519 secret that signs commitments.
    pub commitment_key: Sealed<[u8; 32]>,
    /// Draining finishes rounds, stopping interrupts them.
    pub shutdown: Shutdown,
    /// Gets the check `game`, which fails once a task that all lobbies need has ended.
    pub health: Health,
}

/// Why the game did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The running game. Clones share it.
#[derive(Clone)]
pub struct Service {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) lobbies: Arc<Lobbies>,
    pub(crate) outbound: Outbound,
    pub(crate) clock: Arc<dyn Clock>,
    /// Calls with an idempotency key that are being worked on.
    pub(crate) running: Running,
    verifier: Arc<Verifier>,
    metrics: Metrics,
}

impl Service {
    /// Opens the game: Main exists, every unfinished round is ended, lobbies with work have
    /// their owner.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(config: Config, deps: Deps) -> Result<Self, StartError> {
        config.validate()?;
        let metrics = Metrics::register(&deps.registry);
        let store = SqliteStore::new(deps.writer.clone(), deps.reader.clone());
        let store: Arc<dyn Store> = Arc::new(store);
        let seeds = Arc::new(seed_maker(&config, &deps, &store, &metrics));
        let Deps { wallet, bus, clock, .. } = deps;
        let (outbound, queues) = Outbound::new();
        let curve = Curve::exponential();
        make_main(&*store, &config, &curve, clock.unix_ms()).await?;
        let takeover = Takeover {
            store: Arc::clone(&store),
            wallet: Arc::clone(&wallet),
            clock: Arc::clone(&clock),
            seeds,
            curve,
            pause_ms: config.pause_ms,
            metrics: metrics.clone(),
        };
        let bell = Arc::new(Notify::new());
        let parts = Parts {
            takeover,
            live: Arc::default(),
            outbound: outbound.clone(),
            bus,
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            lobbies_max: config.lobbies_max,
            rest_ms: config.rest_ms,
        };
        let lobbies = Arc::new(Lobbies::new(parts));
        let sender = Sender {
            store: Arc::clone(&store),
            wallet: Arc::clone(&wallet),
            clock: Arc::clone(&clock),
            live: Arc::clone(&lobbies.live),
            gate: Arc::clone(&lobbies.gate),
            bell: Arc::clone(&bell),
            metrics: metrics.clone(),
            failures: Arc::default(),
        };
        let recorder = Recorder {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            outbound: outbound.clone(),
            outbox: bell,
            metrics: metrics.clone(),
        };
        let reserver = Reserver {
            wallet,
            clock: Arc::clone(&clock),
            outbound: outbound.clone(),
            metrics: metrics.clone(),
        };
        let verifier = deps.verifier;
        let running = Running::default();
        let inner = Inner { config, store, lobbies, outbound, clock, running, verifier, metrics };
        let service = Self { inner: Arc::new(inner) };
        // Before the first flush of the outbox and the first request, so no gate is needed.
        let workers = [
            Worker::spawn("recorder", recorder.run(queues.recorder)),
            Worker::spawn("reserver", reserver.run(queues.reserver)),
        ];
        service.own_lobbies().await?;
        let lobbies = Arc::clone(&service.inner.lobbies);
        service.inner.lobbies.tasks.spawn(lobbies.keep_up());
        service.run_until_shutdown(sender, workers, deps.shutdown, &deps.health);
        Ok(service)
    }

    /// What the service counts.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// A lobby as it stands.
    pub(crate) async fn look(
        &self,
        lobby: LobbyId,
        player: Option<PlayerId>,
    ) -> Result<Snapshot, PlayError> {
        self.inner.lobbies.look(lobby, player).await
    }

    /// Joins or makes a lobby. One that plays by itself begins at once.
    pub(crate) async fn open_lobby(&self, opening: Opening) -> Result<Opened, StoreError> {
        let opened = self.inner.store.open_lobby(opening).await?;
        match &opened {
            Opened::Joined(lobby) => self.inner.lobbies.visited(*lobby),
            Opened::Made(record) if record.rules.mode == Mode::Continuous => {
                let (lobbies, lobby) = (Arc::clone(&self.inner.lobbies), record.lobby);
                self.inner.lobbies.tasks.spawn(async move { lobbies.persist(lobby, 0).await });
            }
            _ => {}
        }
        Ok(opened)
    }

    /// Whether the lobby exists and is played.
    pub(crate) async fn is_open(&self, lobby: LobbyId) -> Result<bool, StoreError> {
        Ok(self.inner.store.lobby(lobby).await?.is_some_and(|record| !record.closed))
    }

    /// How many lobbies a player may have.
    pub(crate) fn limits(&self) -> LobbyLimits {
        LobbyLimits { all: self.inner.config.lobbies_per_player, continuous: CONTINUOUS_MAX }
    }

    /// A player's lobby before its maker's wishes.
    pub(crate) fn lobby_defaults(&self, curve: kernel::CurveKind) -> NewLobby {
        let rules = match curve {
            kernel::CurveKind::Exponential => {
                Rules::standard(self.inner.lobbies.takeover.curve.clone())
            }
            kernel::CurveKind::Linear => Rules::standard(Curve::linear()),
        };
        self.inner.config.players_lobby(&rules, self.inner.clock.unix_ms())
    }

    /// Takes over what has work: a start on SQLite needs no lease, the directory's lock proves
    /// that no other owner lives.
    async fn own_lobbies(&self) -> Result<(), StoreError> {
        let owed = self.inner.store.lobbies_to_own().await?;
        if planted::is(Bug::SweepVoidsLiveRounds) {
            self.inner.lobbies.takeover.void_all(&owed).await?;
        }
        let mut waking = tokio::task::JoinSet::new();
        for lobby in owed {
            if waking.len() >= TAKEOVERS {
                waking.join_next().await;
            }
            let service = self.clone();
            waking.spawn(async move { service.inner.lobbies.settle(lobby).await });
        }
        while waking.join_next().await.is_some() {}
        Ok(())
    }
}

/// What makes every lobby's chains.
fn seed_maker(
    config: &Config,
    deps: &Deps,
    store: &Arc<dyn Store>,
    metrics: &Metrics,
) -> SeedMaker {
    SeedMaker {
        store: Arc::clone(store),
        vault: Arc::new(Vault::new(&deps.seed_key)),
        clock: Arc::clone(&deps.clock),
        random: Arc::clone(&deps.random),
        commitment_key: deps.commitment_key.clone(),
        beacon: beacon(config),
        successor_at: config.successor_at,
        metrics: metrics.clone(),
    }
}

/// What new chains are anchored in.
fn beacon(config: &Config) -> Option<Arc<dyn Beacon>> {
    match config.public_seed {
        PublicSeedSource::Local => None,
        PublicSeedSource::Drand => {
            let DrandConfig { urls, timeout_ms } = config.drand.clone();
            Some(Arc::new(DrandClient::new(urls, timeout_ms)))
        }
    }
}

/// Lobby 1, at the first start only.
async fn make_main(
    store: &dyn Store,
    config: &Config,
    curve: &Curve,
    now: i64,
) -> Result<(), StoreError> {
    let Ok(main) = LobbyId::new(1) else { return Ok(()) };
    if store.lobby(main).await?.is_none() {
        let rules = Rules::standard(curve.clone());
        store.create_lobby(config.main_lobby(&rules, now), u32::MAX).await?;
    }
    Ok(())
}

impl FromRef<Service> for Arc<Verifier> {
    fn from_ref(service: &Service) -> Self {
        Self::clone(&service.inner.verifier)
    }
}

impl FromRef<Service> for Arc<dyn Clock> {
    fn from_ref(service: &Service) -> Self {
        Self::clone(&service.inner.clock)
    }
}

#[cfg(test)]
mod tests;
