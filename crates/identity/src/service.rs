//! Identity as a service: what it stands on, signing up, and who is who.

use std::sync::Arc;

use async_trait::async_trait;
use cluster::Bus;
use contracts::{Identity, IdentityError, Profile};
use kernel::{PlayerId, Sealed};
use platform::clock::Clock;
use platform::config::InvalidConfig;
use platform::http::Network;
use platform::metrics::Registry;
use platform::random::Random;
use protocol::auth::Credentials;
use tokens::{KEPT_S, Signer, Verifier};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::password::{HashError, Passwords};
use crate::store::{Bounds, EndedSession, NewPlayer, Store, StoreError};
use crate::throttle::Throttle;

mod sessions;

/// Most characters of a username.
const USERNAME_MAX: usize = 80;
/// Most characters of a password, so that nobody makes us hash a book.
const PASSWORD_MAX: usize = 128;
/// A spent refresh token shown again within this time is a retry: its answer may have been lost.
const REFRESH_GRACE_MS: i64 = 10_000;
/// Most ended sign-ins read at the start, as many as verifiers remember.
const ENDED_MOST: u32 = 1 << 18;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Identity, running. Clones are the same service.
#[derive(Clone)]
pub struct Service {
    pub(crate) shared: Arc<Shared>,
}

/// What identity stands on.
pub struct Deps {
    /// Keeps players and their sign-ins.
    pub store: Arc<dyn Store>,
    /// Tells when tokens begin and end, and how long guessing has paused.
    pub clock: Arc<dyn Clock>,
    /// Gives salts, refresh tokens, and the key under which names are counted.
    pub random: Arc<dyn Random>,
    /// Makes tokens.
    pub signer: Arc<Signer>,
    /// Reads them.
    pub verifier: Arc<Verifier>,
    /// Tells every gateway who signed out.
    pub bus: Arc<dyn Bus>,
    /// Shows the service's numbers.
    pub registry: Registry,
}

pub(crate) struct Shared {
    config: Config,
    store: Arc<dyn Store>,
    passwords: Passwords,
    throttle: Throttle,
    metrics: Metrics,
    signer: Arc<Signer>,
    bus: Arc<dyn Bus>,
    random: Arc<dyn Random>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) verifier: Arc<Verifier>,
}

/// Why identity does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// Who signed out could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why somebody was not signed up, in or out.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The name breaks the rules for new ones.
    #[error("A username has 1 to 80 characters, none of them a control character")]
    InvalidUsername,
    /// The password breaks the rules for new ones.
    #[error("A password has {least} to 128 characters")]
    InvalidPassword {
        /// The fewest allowed.
        least: usize,
    },
    /// The name is taken.
    #[error("User already exists")]
    UserExists,
    /// Name and password do not belong together; which of them is wrong is not told.
    #[error("Invalid credentials")]
    InvalidCredentials,
    /// No refresh token of ours, or one of a sign-in that was ended.
    #[error("The refresh token is not good any more; sign in again")]
    RefreshRefused,
    /// The sign-in has run out.
    #[error("The sign-in has run out; sign in again")]
    RefreshOver,
    /// Too many sign-ins failed, under this name or from this network; the password was not
    /// looked at.
    #[error("Too many failed sign-ins; try again later")]
    Throttled {
        /// Seconds after which the next try is looked at.
        retry_after_s: u32,
    },
    /// Too many passwords are being hashed; nothing was done.
    #[error("Too much is going on; try again in a moment")]
    Overloaded,
    /// A stored hash cannot be read.
    #[error("a password could not be hashed")]
    Broken,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Service {
    /// Starts on what the composition root plugs in; sign-ins that were ended stay so.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(config: Config, deps: Deps) -> Result<Self, StartError> {
        config.validate()?;
        let metrics = Metrics::register(&deps.registry);
        let throttle = Throttle::new(&config, &*deps.random);
        let passwords = Passwords::new(&config, Arc::clone(&deps.random), metrics.clone())?;
        let store = deps.store;
        for ended in store.ended_sessions(deps.clock.unix_ms(), ENDED_MOST).await? {
            let EndedSession { player, session, at_ms } = ended;
            deps.verifier.revoke(player, at_ms.div_euclid(1_000), Some(&session));
        }
        let shared = Shared {
            config,
            store,
            passwords,
            throttle,
            metrics,
            signer: deps.signer,
            bus: deps.bus,
            random: deps.random,
            clock: deps.clock,
            verifier: deps.verifier,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Makes a player.
    ///
    /// # Errors
    /// [`AuthError`]; with [`StoreError::Unavailable`] the player may have been made.
    pub async fn register(
        &self,
        network: Option<Network>,
        credentials: Credentials,
    ) -> Result<PlayerId, AuthError> {
        let Credentials { username, password } = credentials;
        if !is_username(&username) {
            return Err(AuthError::InvalidUsername);
        }
        self.shared.allow_password(&password)?;
        // Spares the hash; the store decides between two who ask at once.
        if self.shared.store.find(&username).await?.is_some() {
            return Err(AuthError::UserExists);
        }
        let password_hash = self.shared.passwords.hash(network, &password).await?;
        let created_at_ms = self.shared.clock.unix_ms();
        let new = NewPlayer { username, password_hash: Sealed::new(password_hash), created_at_ms };
        let player = self.shared.store.register(new).await?.ok_or(AuthError::UserExists)?;
        self.shared.metrics.registrations.inc();
        tracing::info!(player.id = %player, "registered");
        Ok(player)
    }
}

impl Shared {
    /// Whether a new password keeps the rules.
    fn allow_password(&self, password: &str) -> Result<(), AuthError> {
        let least = self.config.password_min();
        if (least..=PASSWORD_MAX).contains(&password.chars().count()) {
            Ok(())
        } else {
            Err(AuthError::InvalidPassword { least })
        }
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            idle_ms: i64::from(self.config.refresh_idle_days) * DAY_MS,
            whole_ms: i64::from(self.config.refresh_days) * DAY_MS,
            per_player: self.config.sessions_per_player,
            grace_ms: REFRESH_GRACE_MS,
            kept_ms: KEPT_S * 1_000,
        }
    }
}

#[async_trait]
impl Identity for Service {
    async fn profiles(&self, players: &[PlayerId]) -> Result<Vec<Option<Profile>>, IdentityError> {
        let usernames = self.shared.store.usernames(players).await.map_err(|error| {
            tracing::error!(%error, "profiles could not be read");
            IdentityError::Unavailable
        })?;
        let profile = |(&player, username): (&PlayerId, Option<String>)| {
            username.map(|username| Profile { player, username })
        };
        Ok(players.iter().zip(usernames).map(profile).collect())
    }
}

impl From<HashError> for AuthError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded => Self::Overloaded,
            HashError::Broken => Self::Broken,
        }
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("identity::Service")
    }
}

fn is_username(text: &str) -> bool {
    (1..=USERNAME_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
