//! From a seed to a crash point: formula `waxwing-1`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Multiplier;
use sha2::Sha256;

use crate::Seed;

/// House edges lie below this: 100 % in basis points.
pub const HOUSE_EDGE_LIMIT_BPS: u32 = 10_000;

/// The crash point of every seed under one public seed and house edge. Keyed once, asked often.
#[derive(Clone)]
pub struct Mapping {
    keyed: Hmac<Sha256>,
    house_edge_bps: u32,
}

/// The crash point of the round played with `seed`.
///
/// # Panics
/// If `house_edge_bps` is not below [`HOUSE_EDGE_LIMIT_BPS`].
#[must_use]
pub fn crash_point(public_seed: &str, seed: &Seed, house_edge_bps: u32) -> Multiplier {
    Mapping::new(public_seed, house_edge_bps).crash_point(seed)
}

/// The crash point that `entropy` (52 uniform bits) stands for.
///
/// P(crash point >= m) = (1 - edge) / m, so every cash-out target has the same expected loss.
/// What would exceed [`Multiplier::MAX`] is shown as it.
///
/// # Panics
/// If `entropy` has more than 52 bits or `house_edge_bps` is not below [`HOUSE_EDGE_LIMIT_BPS`].
#[must_use]
pub fn crash_point_of(entropy: u64, house_edge_bps: u32) -> Multiplier {
    const SPACE: u64 = 1 << 52;
    assert!(entropy < SPACE, "entropy is 52 bits");
    assert!(house_edge_bps < HOUSE_EDGE_LIMIT_BPS, "a house edge is below 100 %");
    let keep = u128::from(HOUSE_EDGE_LIMIT_BPS - house_edge_bps);
    let divisor = 100 * u128::from(SPACE - entropy);
    Multiplier::saturating_from_centi(keep * u128::from(SPACE) / divisor)
}

impl Mapping {
    /// The mapping keyed with the UTF-8 bytes of `public_seed`, as it is shown.
    ///
    /// # Panics
    /// If `house_edge_bps` is not below [`HOUSE_EDGE_LIMIT_BPS`].
    #[must_use]
    pub fn new(public_seed: &str, house_edge_bps: u32) -> Self {
        assert!(house_edge_bps < HOUSE_EDGE_LIMIT_BPS, "a house edge is below 100 %");
        Self { keyed: keyed(public_seed.as_bytes()), house_edge_bps }
    }

    /// The crash point of the round played with `seed`.
    #[must_use]
    pub fn crash_point(&self, seed: &Seed) -> Multiplier {
        let digest = authenticate(self.keyed.clone(), seed.as_bytes());
        crash_point_of(top_bits::<52>(&digest), self.house_edge_bps)
    }
}

/// HMAC-SHA256 ready for its message. A key of any length is a key (RFC 2104).
pub(crate) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// The authentication code of `message`.
pub(crate) fn authenticate(mut keyed: Hmac<Sha256>, message: &[u8]) -> [u8; 32] {
    keyed.update(message);
    keyed.finalize().into_bytes().into()
}

/// The first `BITS` bits of a hash as a number, at most 64.
pub(crate) fn top_bits<const BITS: u32>(hash: &[u8; 32]) -> u64 {
    const { assert!(BITS > 0 && BITS <= 64) };
    let leading = u128::from_be_bytes(*hash.first_chunk().expect("16 of 32 bytes"));
    // Shifted to at most 64 bits, so nothing is cut off.
    u64::try_from(leading >> (128 - BITS)).expect("at most 64 bits")
}

#[cfg(test)]
mod tests;
