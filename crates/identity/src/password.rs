//! Password hashes: argon2id, a few at once, a bounded number waiting, not all of one network.
//!
//! Each takes 19 MiB and tens of milliseconds, so without these bounds a crowd of sign-ins would
//! be a denial of service, and one machine could keep everybody else out.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::Sealed;
use platform::clock::Stopwatch;
use platform::config::InvalidConfig;
use platform::http::{Network, Place, Places};
use platform::random::{Random, array};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::metrics::Metrics;

/// Why a password was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HashError {
    /// Too many wait already, altogether or from this network; nothing was done.
    Overloaded,
    /// The hash failed or its stored form is damaged.
    Broken,
}

/// Hashes and checks passwords. Clones share the bounds.
#[derive(Clone)]
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// Places of those that are hashed or wait for it.
    admitted: Places,
    /// Places of those that are hashed.
    running: Arc<Semaphore>,
    random: Arc<dyn Random>,
    metrics: Metrics,
    /// A hash nothing has, of the same cost: checked where there is no player.
    nobody: Arc<str>,
}

impl Passwords {
    pub(crate) fn new(
        config: &Config,
        random: Arc<dyn Random>,
        metrics: Metrics,
    ) -> Result<Self, InvalidConfig> {
        let params = Params::new(config.argon2_memory_kib, config.argon2_passes, 1, None)
            .map_err(|error| InvalidConfig::new("argon2_memory_kib", error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Sixteen and thirty-two zero bytes in base64: no password is known to hash to them.
        let nobody = format!(
            "$argon2id$v=19$m={},t={},p=1${}${}",
            config.argon2_memory_kib,
            config.argon2_passes,
            "A".repeat(22),
            "A".repeat(43)
        );
        Ok(Self {
            argon2,
            admitted: Places::new(
                config.hashes_at_once + config.hashes_waiting,
                config.hashes_at_once + config.hashes_waiting_per_network,
            ),
            running: Arc::new(Semaphore::new(config.hashes_at_once as usize)),
            random,
            metrics,
            nobody: nobody.into(),
        })
    }

    /// The hash to store, a PHC string with a salt of its own.
    pub(crate) async fn hash(
        &self,
        network: Option<Network>,
        password: &str,
    ) -> Result<String, HashError> {
        let (argon2, salt) = (self.argon2.clone(), array::<16>(&*self.random));
        let password = Sealed::new(password.to_owned());
        let hashing = move || {
            let hash: PasswordHash =
                argon2.hash_password_with_salt(password.expose().as_bytes(), &salt).ok()?;
            Some(hash.to_string())
        };
        self.run(network, hashing).await?.ok_or(HashError::Broken)
    }

    /// Whether `password` is the one hashed as `stored`. Where nothing is stored the same work
    /// is done for nothing, so that nobody learns from the time who plays here.
    pub(crate) async fn check(
        &self,
        network: Option<Network>,
        password: &str,
        stored: Option<&str>,
    ) -> Result<bool, HashError> {
        let (argon2, known) = (self.argon2.clone(), stored.is_some());
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let password = Sealed::new(password.to_owned());
        let checking = move || {
            let stored = PasswordHash::new(&stored).ok()?;
            Some(argon2.verify_password(password.expose().as_bytes(), &stored).is_ok())
        };
        let right = self.run(network, checking).await?.ok_or(HashError::Broken)?;
        Ok(right && known)
    }

    /// Runs `work` where it may take its time, once it is its turn. The places stay taken until
    /// it ends, also if whoever asked has gone.
    async fn run<T: Send + 'static>(
        &self,
        network: Option<Network>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let Ok(admitted) = self.admitted.take(network) else {
            self.metrics.hashes_refused.inc();
            return Err(HashError::Overloaded);
        };
        let running = Arc::clone(&self.running).acquire_owned().await;
        let places: (Place, OwnedSemaphorePermit) =
            (admitted, running.map_err(|_| HashError::Broken)?);
        let metrics = self.metrics.clone();
        let hashing = tokio::task::spawn_blocking(move || {
            let watch = Stopwatch::start();
            let answer = work();
            metrics.hash_seconds.observe(watch.seconds());
            drop(places);
            answer
        });
        hashing.await.map_err(|_| HashError::Broken)
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Passwords(..)")
    }
}
