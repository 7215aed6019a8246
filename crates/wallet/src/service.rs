//! The wallet as a service: one batcher in front of one store.

use std::sync::Arc;

use axum::extract::FromRef;
use cluster::Bus;
use kernel::{Decimal, PlayerId};
use ledger::{Answer, Command, Funds, FundsChange, FundsRefusal, FundsTaken};
use platform::clock::Clock;
use platform::config::InvalidConfig;
use platform::http::idempotency::{KeptAnswer, Running};
use platform::metrics::Registry;
use platform::random::{self, Random};
use platform::tasks::Spawner;
use tokens::Verifier;
use tokio::sync::Semaphore;

use crate::batch::Batcher;
use crate::config::Config;
use crate::kept;
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::store::{Balance, Funded, Keyed, Line, Store, StoreError};

/// How often a player's request is tried while its outcome is unknown.
const TRIES: u32 = 3;
/// Players' calls that may wait for the store; more are turned away at once.
const FUNDS_WAITING_MAX: usize = 4_096;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What the wallet stands on.
pub struct Deps {
    /// Keeps the book.
    pub store: Arc<dyn Store>,
    /// Starts tasks.
    pub spawner: Arc<dyn Spawner>,
    /// Dates transfers and tells the day of a top-up.
    pub clock: Arc<dyn Clock>,
    /// Names players' requests.
    pub random: Arc<dyn Random>,
    /// Proves who asks.
    pub verifier: Arc<Verifier>,
    /// Tells the gateways what players have.
    pub bus: Arc<dyn Bus>,
    /// Shows the metrics.
    pub registry: Registry,
}

/// The running wallet. Clones share it.
#[derive(Clone)]
pub struct Service {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    spawner: Arc<dyn Spawner>,
    batcher: Batcher,
    notices: Notices,
    metrics: Metrics,
    /// Players' calls with a key that are worked on.
    running: Running,
    /// What bounds players' calls.
    room: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    verifier: Arc<Verifier>,
}

/// Why the wallet did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// The book cannot be used, or is kept in another currency.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a player's money did not move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FundsError {
    /// The ledger refused.
    #[error(transparent)]
    Refused(#[from] FundsRefusal),
    /// The call's key stands for another request.
    #[error("the idempotency key was used for another request")]
    Mismatch,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was done for a player who moves money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It moved now.
    Now(FundsTaken),
    /// It moved at an earlier call under the same key, which was answered this.
    Before(KeptAnswer),
}

impl Service {
    /// Checks the book's currency and begins to take calls.
    ///
    /// # Errors
    /// [`StartError`]: nothing runs.
    pub async fn start(config: Config, deps: Deps) -> Result<Self, StartError> {
        config.validate()?;
        let Deps { store, spawner, clock, random, verifier, bus, registry } = deps;
        store.open_book(config.currency.clone(), Decimal::SCALE).await?;
        let (config, metrics) = (Arc::new(config), Metrics::register(&registry));
        let (notices, running) = (Notices::new(bus), Running::default());
        let room = Arc::new(Semaphore::new(FUNDS_WAITING_MAX));
        let (batcher, applying) =
            Batcher::new(Arc::clone(&store), notices.clone(), metrics.clone());
        spawner.spawn(Box::pin(applying));
        let showing = kept::show(Arc::downgrade(&store), Arc::clone(&clock), metrics.clone());
        spawner.spawn(Box::pin(showing));
        Ok(Self {
            config,
            store,
            spawner,
            batcher,
            notices,
            metrics,
            running,
            room,
            clock,
            random,
            verifier,
        })
    }

    /// The currency of the book.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.config.currency
    }

    /// Whether players may move money between themselves and the cashier.
    pub(crate) fn self_service(&self) -> bool {
        self.config.self_service
    }

    /// Players' calls with a key that are worked on.
    pub(crate) const fn running(&self) -> &Running {
        &self.running
    }

    /// Starts tasks.
    pub(crate) fn spawner(&self) -> Arc<dyn Spawner> {
        Arc::clone(&self.spawner)
    }

    /// Stores `commands` with whatever else comes at the same time.
    pub(crate) async fn submit(&self, commands: Vec<Command>) -> Result<Vec<Answer>, StoreError> {
        self.batcher.submit(commands).await
    }

    pub(crate) async fn balance(&self, player: PlayerId) -> Result<Balance, StoreError> {
        self.store.balance(player).await
    }

    pub(crate) async fn statement(
        &self,
        player: PlayerId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        self.store.statement(player, after, limit).await
    }

    /// Moves a player's own money, once: the request keeps its id while the outcome is unknown,
    /// and a call under a key that was used is answered as it was.
    pub(crate) async fn change_funds(
        &self,
        player: PlayerId,
        change: FundsChange,
        keyed: Option<Keyed>,
    ) -> Result<Done, FundsError> {
        let Ok(_place) = self.room.try_acquire() else {
            self.metrics.overloaded.inc();
            return Err(FundsError::Store(StoreError::Unavailable));
        };
        let funds = Funds {
            player,
            request: random::array(&*self.random),
            change,
            day: u32::try_from(self.clock.unix_ms().div_euclid(DAY_MS)).unwrap_or_default(),
            bounds: self.config.bounds(),
        };
        let mut tries = 1;
        let funded = loop {
            match self.store.change_funds(funds, keyed.clone()).await {
                Err(StoreError::Unavailable) if tries < TRIES => tries += 1,
                funded => break funded?,
            }
        };
        match funded {
            Funded::Now(answer, moved) => {
                self.metrics.count(&Answer::Funds(answer));
                self.notices.tell(&moved);
                Ok(Done::Now(answer?))
            }
            Funded::Before(answer) => Ok(Done::Before(answer)),
            Funded::Mismatch => Err(FundsError::Mismatch),
        }
    }
}

impl FromRef<Service> for Arc<Verifier> {
    fn from_ref(service: &Service) -> Self {
        Self::clone(&service.verifier)
    }
}

impl FromRef<Service> for Arc<dyn Clock> {
    fn from_ref(service: &Service) -> Self {
        Self::clone(&service.clock)
    }
}

#[cfg(test)]
pub(crate) mod tests;
