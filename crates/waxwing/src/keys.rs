//! The keys that sign players' tokens: the one in use, and the public halves of those before it.
//!
//! A key that was replaced verifies for as long as one of its tokens could still be shown.

mod make;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use fairness::hex;
use platform::clock::{Clock, SystemClock};
use platform::data_dir::KeyDir;
use platform::random::{SystemRandom, array};
use tokens::{KEPT_S, Signer, SigningKey, Verifier, VerifyingKey};

pub use make::{COMMITMENTS, Existing, Role, SEEDS, make, secret, service_key, trusted};

/// The name of the key in use.
pub const TOKENS: &str = "tokens";
/// Who signs players' tokens.
pub const ISSUER: &str = "waxwing";
/// Whom players' tokens are for.
pub const AUDIENCE: &str = "waxwing-players";
/// Bytes of every key we make.
pub const BYTES: usize = 32;

/// The name of the list of keys before it: a line each, public key and second of replacement.
const RETIRED: &str = "tokens.retired";
/// How often a running process looks whether its key was replaced.
const LOOK_EVERY_MS: u64 = 2_000;

/// The keys of one data directory, as they were when read.
#[derive(Clone, Debug)]
pub struct TokenKeys {
    keys: KeyDir,
    signing: SigningKey,
    retired: Vec<Retired>,
}

/// A key that signs no more.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Retired {
    key: VerifyingKey,
    /// When it was replaced, in seconds since 1970.
    at_s: i64,
}

impl TokenKeys {
    /// Reads them.
    ///
    /// # Errors
    /// If one cannot be read or is damaged, with its file.
    pub fn read(keys: KeyDir, clock: &dyn Clock) -> anyhow::Result<Self> {
        let file = keys.file(TOKENS);
        let missing = || anyhow!("the key file {} is missing", file.display());
        let seed = keys.read_exact(TOKENS, BYTES)?.ok_or_else(missing)?;
        let signing = SigningKey::from_bytes(seed.expose())?;
        let mut retired = Self::read_retired(&keys)?;
        let now_s = clock.unix_ms().div_euclid(1_000);
        // The one in use stands there too if the process that replaced it died on the way.
        let in_use = signing.verifying_key();
        retired.retain(|old| old.key != in_use && now_s < old.at_s.saturating_add(KEPT_S));
        Ok(Self { keys, signing, retired })
    }

    /// The key that signs.
    #[must_use]
    pub fn signing(&self) -> SigningKey {
        self.signing.clone()
    }

    /// Every key that verifies, the one in use first.
    #[must_use]
    pub fn trusted(&self) -> Vec<VerifyingKey> {
        let retired = self.retired.iter().map(|old| old.key.clone());
        std::iter::once(self.signing.verifying_key()).chain(retired).collect()
    }

    /// Takes what is replaced in the directory into use, for as long as the process lives. What
    /// cannot be read changes nothing.
    pub async fn watch(self, clock: Arc<dyn Clock>, signer: Arc<Signer>, verifier: Arc<Verifier>) {
        self.watch_with(clock, signer, verifier, 0).await;
    }

    /// The same where other processes verify: they are given `settle_ms` to learn of a new key
    /// before it signs, while the old one still counts.
    pub async fn watch_with(
        self,
        clock: Arc<dyn Clock>,
        signer: Arc<Signer>,
        verifier: Arc<Verifier>,
        settle_ms: u64,
    ) {
        let (mut trusted, mut was_read) = (self.trusted(), true);
        loop {
            clock.sleep_until(clock.now() + LOOK_EVERY_MS).await;
            match Self::read(self.keys.clone(), &*clock) {
                Ok(found) if found.trusted() != trusted => {
                    let before = std::mem::replace(&mut trusted, found.trusted());
                    // First what verifies, so that no token is signed that is not believed.
                    verifier.trust(trusted.clone());
                    if before.first().is_some_and(|old| trusted.contains(old)) {
                        clock.sleep_until(clock.now() + settle_ms).await;
                    }
                    signer.sign_with(found.signing());
                    tracing::info!(key.id = trusted[0].id(), "the keys of tokens changed");
                    was_read = true;
                }
                Ok(_) => was_read = true,
                // Said once, not at each look.
                Err(error) if was_read => {
                    tracing::error!(%error, "the keys of tokens cannot be read; the old ones stay");
                    was_read = false;
                }
                Err(_) => {}
            }
        }
    }

    fn read_retired(keys: &KeyDir) -> anyhow::Result<Vec<Retired>> {
        let Some(list) = keys.read(RETIRED)? else { return Ok(Vec::new()) };
        let damaged = || format!("the key file {} is damaged", keys.file(RETIRED).display());
        let list = std::str::from_utf8(list.expose()).with_context(damaged)?;
        list.lines().map(|line| Retired::parse(line).with_context(damaged)).collect()
    }
}

impl Retired {
    fn parse(line: &str) -> anyhow::Result<Self> {
        let (key, at_s) = line.split_once(' ').context("a line has a key and a second")?;
        let key = VerifyingKey::from_bytes(&hex::decode::<BYTES>(key)?)?;
        Ok(Self { key, at_s: at_s.parse()? })
    }

    fn line(&self) -> String {
        format!("{} {}\n", hex::encode(&self.key.to_bytes()), self.at_s)
    }
}

/// Replaces the key that signs in the data directory `data`, in use or not. Without `forget` the
/// old ones verify until their last token is over. Says what it did.
///
/// # Errors
/// If the directory is not there, or a key in it is damaged; then nothing is replaced.
pub fn rotate(data: &Path, forget: bool) -> anyhow::Result<String> {
    let keys = KeyDir::of(data)?;
    let clock = SystemClock::new();
    let old = match keys.read(TOKENS)? {
        Some(_) => Some(TokenKeys::read(keys.clone(), &clock)?),
        None => None,
    };
    let new: [u8; BYTES] = array(&SystemRandom);
    let mut retired = Vec::new();
    if let Some(old) = old.filter(|_| !forget) {
        let at_s = clock.unix_ms().div_euclid(1_000);
        retired.push(Retired { key: old.signing.verifying_key(), at_s });
        retired.extend(old.retired);
    }
    // The list first: a death in between loses no key that verifies.
    let list: String = retired.iter().map(Retired::line).collect();
    keys.store(RETIRED, list.as_bytes())?;
    keys.store(TOKENS, &new)?;
    let id = SigningKey::generate(new).verifying_key().id().to_owned();
    Ok(format!("tokens are signed with {id} from now on; {} older keys verify", retired.len()))
}

#[cfg(test)]
mod tests;
