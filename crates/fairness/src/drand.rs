//! drand's quicknet: a public beacon that nobody here controls, and the proof of its outputs.
//!
//! Every three seconds its nodes sign the number of the round together (BLS12-381 with signatures
//! on G1, unchained, RFC 9380). Nobody knows an output before its time, and there is but one.

use drand_verify::{G2PubkeyRfc, Pubkey as _};
use sha2::{Digest as _, Sha256};

use crate::hex;

/// Which of drand's chains: quicknet, by the hash of its public terms.
pub const CHAIN_HASH: &str = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
/// When its first round was due, in Unix milliseconds.
pub const GENESIS_MS: i64 = 1_692_803_367_000;
/// How far its rounds lie apart, in milliseconds.
pub const PERIOD_MS: i64 = 3_000;

/// The key that all nodes sign under together, as `/info` of the chain shows it: a point of G2.
const PUBLIC_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c\
                          8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb\
                          5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";

/// A round's output: a point of G1.
pub type BeaconSignature = [u8; 48];

/// The signature is not quicknet's for this round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not quicknet's for round {round}")]
pub struct BeaconError {
    /// The round asked about.
    pub round: u64,
}

/// When `round` is due, in Unix milliseconds.
#[must_use]
pub fn due_ms(round: u64) -> i64 {
    let rounds = i64::try_from(round.saturating_sub(1)).unwrap_or(i64::MAX);
    GENESIS_MS.saturating_add(rounds.saturating_mul(PERIOD_MS))
}

/// The first round that is due at `unix_ms` or later.
#[must_use]
pub fn first_due_at(unix_ms: i64) -> u64 {
    let since = unix_ms.saturating_sub(GENESIS_MS).max(0);
    u64::try_from(since).unwrap_or(0).div_ceil(PERIOD_MS.unsigned_abs()) + 1
}

/// The public seed that quicknet's `round` gives, as it is shown: SHA-256 of its signature in 64
/// lowercase hexadecimal digits, which is what drand calls the round's randomness.
///
/// # Errors
/// [`BeaconError`] unless `signature` is quicknet's for this very round.
///
/// # Panics
/// Never: the key above is a point of the curve, and a test says so.
pub fn public_seed(round: u64, signature: &BeaconSignature) -> Result<String, BeaconError> {
    let key = hex::decode(PUBLIC_KEY).expect("192 digits");
    let key = G2PubkeyRfc::from_fixed(key).expect("a point of G2");
    match key.verify(round, b"", signature) {
        Ok(true) => Ok(hex::encode(&Sha256::digest(signature))),
        Ok(false) | Err(_) => Err(BeaconError { round }),
    }
}

#[cfg(test)]
mod tests;
