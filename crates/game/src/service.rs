//! The game as a service: starts its tasks, answers the gateway, drains at the end.

mod ending;
mod play;
mod wiring;

use std::sync::Arc;

use axum::extract::FromRef;
use cluster::Bus;
use contracts::{PlayError, Wallet};
use engine::{Mode, Rules};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use kernel::planted::{self, Bug};
use kernel::{Curve, LobbyId, PlayerId, Sealed};
use platform::clock::Clock;
use platform::config::InvalidConfig;
use platform::health::Health;
use platform::http::idempotency::Running;
use platform::metrics::Registry;
use platform::random::Random;
use platform::shutdown::Shutdown;
use platform::tasks::Spawner;
use protocol::Snapshot;
use tokens::Verifier;

use crate::config::Config;
use crate::lobbies::Lobbies;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::ownership::Ownership;
use crate::store::{LobbyLimits, NewLobby, NodeId, Opened, Opening, Store, StoreError};

use ending::Worker;
use wiring::Wiring;

/// How many lobbies are taken over at once at the start.
const TAKEOVERS: usize = 32;
/// How many of a player's lobbies may play without a pause: each costs a task and a seed a
/// round, whether anybody plays or not.
const CONTINUOUS_MAX: u32 = 1;

/// What the game stands on.
pub struct Deps {
    /// Where lobbies, rounds and seeds are kept.
    pub store: Arc<dyn Store>,
    /// Starts tasks.
    pub spawner: Arc<dyn Spawner>,
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
    pub(crate) spawner: Arc<dyn Spawner>,
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
        let node = NodeId::draw(&*deps.random);
        let (store, clock) = (Arc::clone(&deps.store), Arc::clone(&deps.clock));
        let ownership = Arc::new(Ownership::new(node, store, clock, metrics.clone()));
        ownership.renew().await?;
        make_main(&*deps.store, &config, deps.clock.unix_ms()).await?;
        let Wiring { lobbies, sender, recorder, reserver, outbound, queues } =
            wiring::wire(&config, &deps, ownership, &metrics);
        let Deps { store, spawner, clock, verifier, .. } = deps;
        // Before the first flush of the outbox and the first request, so no gate is needed.
        let workers = [
            Worker::spawn(&*spawner, "recorder", recorder.run(queues.recorder)),
            Worker::spawn(&*spawner, "reserver", reserver.run(queues.reserver)),
            Worker::spawn(&*spawner, "lease", keep_lease(&lobbies)),
        ];
        let running = Running::default();
        let inner =
            Inner { config, store, lobbies, outbound, clock, spawner, running, verifier, metrics };
        let service = Self { inner: Arc::new(inner) };
        service.own_lobbies().await?;
        let lobbies = &service.inner.lobbies;
        lobbies.spawn(Arc::clone(lobbies).keep_up());
        lobbies.spawn(Arc::clone(lobbies).look_for_orphans());
        lobbies.spawn(Arc::clone(lobbies).look_for_void_claims());
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
                self.inner.lobbies.spawn(async move { lobbies.persist(lobby, 0).await });
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

    /// Takes over what has work and no owner; on SQLite that is everything that has work, since
    /// the directory's lock proves that no other owner lives.
    async fn own_lobbies(&self) -> Result<(), StoreError> {
        let node = self.inner.lobbies.ownership.node();
        if planted::is(Bug::SweepVoidsLiveRounds) {
            self.inner.lobbies.takeover.sweep(node).await?;
        }
        let owed = self.inner.store.lobbies_to_own(node, u32::MAX).await?;
        let mut settling = FuturesUnordered::new();
        for lobby in owed {
            if settling.len() >= TAKEOVERS {
                settling.next().await;
            }
            let service = self.clone();
            let settle = async move { service.inner.lobbies.settle(lobby).await };
            settling.push(self.inner.spawner.spawn(Box::pin(settle)));
        }
        while settling.next().await.is_some() {}
        Ok(())
    }
}

/// Renews the node's lease; if it lapses, every lobby ends here without a word.
fn keep_lease(lobbies: &Arc<Lobbies>) -> impl Future<Output = ()> + Send + 'static {
    let (ownership, lobbies) = (Arc::clone(&lobbies.ownership), Arc::clone(lobbies));
    ownership.keep(move || lobbies.fence_all())
}

/// Lobby 1, at the first start only.
async fn make_main(store: &dyn Store, config: &Config, now: i64) -> Result<(), StoreError> {
    let Ok(main) = LobbyId::new(1) else { return Ok(()) };
    if store.lobby(main).await?.is_none() {
        let rules = Rules::standard(Curve::exponential());
        let limits = LobbyLimits { all: u32::MAX, continuous: u32::MAX };
        let new = config.main_lobby(&rules, now);
        // Joined where another node that starts for the first time was quicker.
        store.open_lobby(Opening { join: Some(main), new, limits, call: None }).await?;
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
