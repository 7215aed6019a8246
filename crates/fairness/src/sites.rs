//! Other sites' rounds, checked by their own published formulas, in integers.
//!
//! Names, rules and sources stand in `fixtures/fairness_vectors.json`; its pairs are the tests.

mod bcgame;
mod bustabit;
mod roobet;
mod stake;

use sha2::{Digest as _, Sha256};

use crate::hex::{self, HexError};

/// A published way from a game hash to a multiplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// bustabit until 2018: 1 game in 101 pays nothing.
    BustabitV1,
    /// bustabit's games 1 to 10,000,000 of 2018.
    BustabitV2,
    /// bustabit today.
    BustabitV4Classic,
    /// Stake's Crash.
    StakeCrash,
    /// Roobet's Crash of 2020: 1 game in 20 ends at 1.00x.
    Roobet2020,
    /// BC.Game before its hashes were salted.
    BcgameUnsalted,
    /// BC.Game since.
    BcgameSalted,
    /// The Go library nvkp/crash.
    NvkpCrashGo,
}

/// Why there is no multiplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// The text is not a game hash.
    #[error("the game hash {0}")]
    Hash(HexError),
    /// The site's rounding makes it a division by zero.
    #[error("the site's formula has no finite multiplier for this hash")]
    Unbounded,
}

/// The multiplier in hundredths at which the game with this hash ended. 0: it paid nothing.
///
/// # Errors
/// [`SiteError::Hash`] unless `game_hash` is 64 lowercase hexadecimal digits,
/// [`SiteError::Unbounded`] where the site's own formula divides by zero.
pub fn multiplier(
    algorithm: Algorithm,
    game_hash: &str,
    public_seed: &str,
) -> Result<u64, SiteError> {
    let game = GameHash { raw: hex::decode(game_hash).map_err(SiteError::Hash)?, text: game_hash };
    let salt = public_seed.as_bytes();
    match algorithm {
        Algorithm::BustabitV1 => Ok(bustabit::v1(&game, salt)),
        Algorithm::BustabitV2 | Algorithm::BustabitV4Classic => Ok(bustabit::v2(&game, salt)),
        Algorithm::StakeCrash => Ok(stake::crash(&game, salt)),
        Algorithm::Roobet2020 => Ok(roobet::roobet(&game, salt)),
        Algorithm::NvkpCrashGo => Ok(roobet::nvkp(&game, salt)),
        Algorithm::BcgameUnsalted => bcgame::unsalted(&game),
        Algorithm::BcgameSalted => bcgame::salted(&game, salt),
    }
}

/// The hash of the game played before the one with `game_hash`.
///
/// # Errors
/// [`SiteError::Hash`] unless `game_hash` is 64 lowercase hexadecimal digits.
pub fn previous_hash(algorithm: Algorithm, game_hash: &str) -> Result<String, SiteError> {
    let raw: [u8; 32] = hex::decode(game_hash).map_err(SiteError::Hash)?;
    let digest =
        if algorithm.hashes_raw_bytes() { Sha256::digest(raw) } else { Sha256::digest(game_hash) };
    Ok(hex::encode(&digest))
}

/// A game hash in both of the forms that sites feed to their HMAC.
struct GameHash<'a> {
    raw: [u8; 32],
    text: &'a str,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 8] = [
        Self::BustabitV1,
        Self::BustabitV2,
        Self::BustabitV4Classic,
        Self::StakeCrash,
        Self::Roobet2020,
        Self::BcgameUnsalted,
        Self::BcgameSalted,
        Self::NvkpCrashGo,
    ];

    /// Its name in `fixtures/fairness_vectors.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BustabitV1 => "bustabit_v1",
            Self::BustabitV2 => "bustabit_v2",
            Self::BustabitV4Classic => "bustabit_v4_classic",
            Self::StakeCrash => "stake_crash",
            Self::Roobet2020 => "roobet_2020",
            Self::BcgameUnsalted => "bcgame_unsalted",
            Self::BcgameSalted => "bcgame_salted",
            Self::NvkpCrashGo => "nvkp_crash_go",
        }
    }

    /// The algorithm with this name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether the chain hashes the 32 bytes, not their hexadecimal text.
    const fn hashes_raw_bytes(self) -> bool {
        matches!(self, Self::BustabitV4Classic | Self::NvkpCrashGo)
    }
}

#[cfg(test)]
mod tests;
