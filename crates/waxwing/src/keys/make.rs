//! The keys of a deployment of many processes, made once and handed to each.
//!
//! Every role signs what it calls, and that it is there, with a key of its own, so that a gateway,
//! which strangers reach, can never pass for a game node at the wallet, nor for the wallet.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use fairness::hex;
use platform::data_dir::KeyDir;
use platform::random::{SystemRandom, array};
use tokens::{SigningKey, VerifyingKey};

use super::{BYTES, TOKENS};

/// The name of the key that encrypts seeds at rest.
pub const SEEDS: &str = "seeds";
/// The name of the key that signs commitments.
pub const COMMITMENTS: &str = "commitments";
/// Only its owner looks into a directory of keys.
const PRIVATE: u32 = 0o700;

/// A role of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Players and money.
    User,
    /// Lobbies and rounds.
    Game,
    /// The public door.
    Gateway,
}

impl Role {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::User, Self::Game, Self::Gateway];
    /// Those that call others; the user role only answers.
    pub const CALLERS: [Self; 2] = [Self::Game, Self::Gateway];

    /// What it is called in the directory, in tokens and in metrics' labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Game => "game",
            Self::Gateway => "gateway",
        }
    }

    fn secret(self) -> String {
        format!("service.{}", self.name())
    }

    fn public(self) -> String {
        format!("service.{}.public", self.name())
    }
}

/// What to do where all keys are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    Refuse,
    /// Leave them and succeed: for a stack that makes its keys at every start.
    Keep,
}

/// Makes every key under `data/keys`. Says what it did.
///
/// # Errors
/// If one of them is there already, or a file cannot be written. Nothing is ever overwritten.
pub fn make(data: &Path, existing: Existing) -> anyhow::Result<String> {
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(data);
    made.with_context(|| data.display().to_string())?;
    let keys = KeyDir::of(data)?;
    let secrets = [TOKENS, SEEDS, COMMITMENTS].map(str::to_owned);
    let secrets = secrets.into_iter().chain(Role::ALL.map(Role::secret));
    let names: Vec<String> = secrets.chain(Role::ALL.map(Role::public)).collect();
    let (there, missing): (Vec<_>, Vec<_>) =
        names.iter().partition(|name| keys.file(name).exists());
    match there.first() {
        Some(_) if missing.is_empty() && existing == Existing::Keep => {
            return Ok(format!("the keys in {} are kept", data.display()));
        }
        Some(name) => bail!(
            "{} is there already, and no key is replaced; where the others are missing since they \
             were never all made, remove the directory",
            keys.file(name).display()
        ),
        None => {}
    }
    for role in Role::ALL {
        let secret: [u8; BYTES] = array(&SystemRandom);
        let public = SigningKey::generate(secret).verifying_key();
        keys.store(&role.secret(), &secret)?;
        keys.store(&role.public(), format!("{}\n", hex::encode(&public.to_bytes())).as_bytes())?;
    }
    for name in [TOKENS, SEEDS, COMMITMENTS] {
        let secret: [u8; BYTES] = array(&SystemRandom);
        keys.store(name, &secret)?;
    }
    Ok(format!("made {} keys in {}", names.len(), data.join("keys").display()))
}

/// The key of this name.
///
/// # Errors
/// That it is missing, and how to make it, or that it cannot be read.
pub fn secret(keys: &KeyDir, name: &str) -> anyhow::Result<kernel::Sealed<[u8; BYTES]>> {
    let found = keys.read_exact(name, BYTES)?.ok_or_else(|| missing(keys, name))?;
    Ok(kernel::Sealed::new(found.expose().as_slice().try_into()?))
}

/// The key by which `role` signs its calls, and what it says of itself.
///
/// # Errors
/// As for [`secret`].
pub fn service_key(keys: &KeyDir, role: Role) -> anyhow::Result<SigningKey> {
    Ok(SigningKey::from_bytes(secret(keys, &role.secret())?.expose())?)
}

/// The public keys by which `role` is believed, a line each.
///
/// # Errors
/// As for [`secret`], or that a line is no key.
pub fn trusted(keys: &KeyDir, role: Role) -> anyhow::Result<Vec<VerifyingKey>> {
    let name = role.public();
    let found = keys.read(&name)?.ok_or_else(|| missing(keys, &name))?;
    let damaged = || format!("the key file {} is damaged", keys.file(&name).display());
    let lines = std::str::from_utf8(found.expose()).with_context(damaged)?;
    let key = |line: &str| -> anyhow::Result<VerifyingKey> {
        Ok(VerifyingKey::from_bytes(&hex::decode::<BYTES>(line)?)?)
    };
    lines.lines().map(|line| key(line).with_context(damaged)).collect()
}

fn missing(keys: &KeyDir, name: &str) -> anyhow::Error {
    let file = keys.file(name);
    anyhow!(
        "the key file {} is missing; `waxwing keys make` makes the keys of a deployment",
        file.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_never_overwritten() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        make(&data, Existing::Refuse).unwrap();
        let keys = KeyDir::of(&data).unwrap();
        let before = service_key(&keys, Role::Game).unwrap().verifying_key();
        let of_games = [before];
        assert_eq!(trusted(&keys, Role::Game).unwrap(), of_games);
        assert_ne!(trusted(&keys, Role::Gateway).unwrap(), of_games);
        let refused = make(&data, Existing::Refuse).unwrap_err().to_string();
        assert!(refused.contains("is there already"), "{refused}");
        make(&data, Existing::Keep).unwrap();
        assert_eq!(trusted(&keys, Role::Game).unwrap(), of_games);
    }

    #[test]
    fn a_part_of_the_keys_is_neither_kept_nor_completed() {
        let place = tempfile::tempdir().unwrap();
        make(place.path(), Existing::Refuse).unwrap();
        let keys = KeyDir::of(place.path()).unwrap();
        std::fs::remove_file(keys.file(SEEDS)).unwrap();
        make(place.path(), Existing::Keep).unwrap_err();
        let missing = secret(&keys, SEEDS).unwrap_err().to_string();
        assert!(missing.contains("waxwing keys make"), "{missing}");
    }
}
