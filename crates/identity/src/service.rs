//! Signing up, signing in, and who is who.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{Identity, IdentityError, Profile};
use kernel::{PlayerId, Sealed};
use platform::clock::Clock;
use platform::config::InvalidConfig;
use platform::metrics::Registry;
use platform::random::Random;
use platform::sqlite::{Reader, StoreError, Writer};
use protocol::auth::{Credentials, SignedIn};
use tokens::{PlayerClaims, Signer, Verifier};

use crate::config::Config;
use crate::metrics::{LoginOutcome, Metrics};
use crate::password::{HashError, Passwords};
use crate::store::{NewPlayer, SqliteStore, Store, StoredPlayer};
use crate::throttle::Throttle;

/// Most characters of a username.
const USERNAME_MAX: usize = 80;
/// Most characters of a password, so that nobody makes us hash a book.
const PASSWORD_MAX: usize = 128;

/// Identity, running. Clones are the same service.
#[derive(Clone)]
pub struct Service {
    pub(crate) shared: Arc<Shared>,
}

/// What identity stands on.
pub struct Deps {
    /// Writes the user role's file, opened with [`crate::SCHEMA`].
    pub writer: Writer,
    /// Reads the same file.
    pub reader: Reader,
    /// Tells when tokens begin and end, and how long guessing has paused.
    pub clock: Arc<dyn Clock>,
    /// Gives salts, and the key under which names are counted.
    pub random: Arc<dyn Random>,
    /// Makes tokens.
    pub signer: Arc<Signer>,
    /// Reads them.
    pub verifier: Arc<Verifier>,
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
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) verifier: Arc<Verifier>,
}

/// Why somebody was not signed up or in.
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
    /// Too many sign-ins under this name failed; the password was not looked at.
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
    /// Starts on what the composition root plugs in.
    ///
    /// # Errors
    /// [`InvalidConfig`], naming the field.
    pub fn start(config: Config, deps: Deps) -> Result<Self, InvalidConfig> {
        config.validate()?;
        let metrics = Metrics::register(&deps.registry);
        let throttle = Throttle::new(&config, &*deps.random);
        let passwords = Passwords::new(&config, deps.random, metrics.clone())?;
        let store = Arc::new(SqliteStore::new(deps.writer, deps.reader));
        let shared = Shared {
            config,
            store,
            passwords,
            throttle,
            metrics,
            signer: deps.signer,
            clock: deps.clock,
            verifier: deps.verifier,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Makes a player.
    ///
    /// # Errors
    /// [`AuthError`]; with [`StoreError::Unavailable`] the player may have been made.
    pub async fn register(&self, credentials: Credentials) -> Result<PlayerId, AuthError> {
        let Credentials { username, password } = credentials;
        if !is_username(&username) {
            return Err(AuthError::InvalidUsername);
        }
        let least = self.shared.config.password_min;
        if !(least..=PASSWORD_MAX).contains(&password.chars().count()) {
            return Err(AuthError::InvalidPassword { least });
        }
        // Spares the hash; the store decides between two who ask at once.
        if self.shared.store.find(&username).await?.is_some() {
            return Err(AuthError::UserExists);
        }
        let password_hash = Sealed::new(self.shared.passwords.hash(&password).await?);
        let created_at_ms = self.shared.clock.unix_ms();
        let new = NewPlayer { username, password_hash, created_at_ms };
        let player = self.shared.store.register(new).await?.ok_or(AuthError::UserExists)?;
        self.shared.metrics.registrations.inc();
        tracing::info!(player.id = %player, "registered");
        Ok(player)
    }

    /// Gives a token to whoever knows the password.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`], [`AuthError::Throttled`], [`AuthError::Overloaded`], or
    /// the store's.
    pub async fn login(&self, credentials: Credentials) -> Result<SignedIn, AuthError> {
        let Credentials { username, password } = credentials;
        // No such name or password was ever stored; refused without counting, asking or hashing.
        if !is_username(&username) || password.chars().count() > PASSWORD_MAX {
            self.shared.metrics.login(LoginOutcome::Refused);
            return Err(AuthError::InvalidCredentials);
        }
        let now = self.shared.clock.now();
        let attempt = self.shared.throttle.take(&username, now).map_err(|retry_after_s| {
            self.shared.metrics.login(LoginOutcome::Throttled);
            AuthError::Throttled { retry_after_s }
        })?;
        let checked = self.check(&username, &password).await;
        // Whoever hangs up before the answer has used the try up all the same.
        if !matches!(checked, Ok(None)) {
            attempt.give_back();
        }
        let Some(found) = checked? else {
            self.shared.metrics.login(LoginOutcome::Refused);
            return Err(AuthError::InvalidCredentials);
        };
        self.shared.metrics.login(LoginOutcome::Accepted);
        Ok(self.token(found.player, found.username))
    }

    /// The player of this name, if the password is right; it takes as long if there is none.
    async fn check(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<StoredPlayer>, AuthError> {
        let found = self.shared.store.find(username).await?;
        let stored = found.as_ref().map(|found| found.password_hash.expose().as_str());
        let right = self.shared.passwords.check(password, stored).await?;
        Ok(found.filter(|_| right))
    }

    fn token(&self, player: PlayerId, username: String) -> SignedIn {
        let expires_in = self.shared.config.token_minutes * 60;
        let issued_at_s = self.shared.clock.unix_ms().div_euclid(1_000);
        let expires_at_s = issued_at_s + i64::from(expires_in);
        let claims = PlayerClaims { player, username, session: String::new(), issued_at_s, expires_at_s };
        SignedIn::bearer(self.shared.signer.sign(&claims), expires_in)
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
