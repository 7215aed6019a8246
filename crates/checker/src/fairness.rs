//! From revealed seeds to crash points and commitments, computed from the published formulas.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::dump::Bet;

/// Crash points beyond this are shown as it: 42,949,672.95x.
const CRASH_POINT_MAX: u128 = u32::MAX as u128;
/// What the hash over an accepted set begins with.
const ACCEPTED_BETS: &[u8] = b"waxwing accepted bets 1\n";

/// The seed before: SHA-256 of the 32 raw bytes.
pub(crate) fn step(seed: [u8; 32]) -> [u8; 32] {
    Sha256::digest(seed).into()
}

/// The seed's crash point in hundredths: max(100, floor((10000 - edge) · 2^52 /
/// (100 · (2^52 - r)))), r being the top 52 bits of HMAC-SHA256(public seed, seed).
pub(crate) fn crash_point(public_seed: &str, seed: [u8; 32], house_edge_bps: i64) -> Option<i64> {
    let mut code = Hmac::<Sha256>::new_from_slice(public_seed.as_bytes()).ok()?;
    code.update(&seed);
    let bytes: [u8; 32] = code.finalize().into_bytes().into();
    let mut r: u128 = 0;
    for byte in &bytes[..7] {
        r = r * 256 + u128::from(*byte);
    }
    // Seven bytes are 56 bits; the last four of them are too many.
    r /= 16;
    let space: u128 = 1 << 52;
    let keep = u128::try_from(10_000 - house_edge_bps).ok()?;
    let hundredths = (keep * space) / (100 * (space - r));
    i64::try_from(hundredths.clamp(100, CRASH_POINT_MAX)).ok()
}

/// SHA-256 over the domain line and, by player and bet, 32 bytes a bet: player (u64), name,
/// stake in steps (u32), target in hundredths or 0 (u32), all big-endian.
pub(crate) fn bets_hash<'a>(bets: impl Iterator<Item = &'a Bet>) -> [u8; 32] {
    let mut lines: Vec<[u8; 32]> = bets
        .map(|bet| {
            let mut line = [0; 32];
            line[..8].copy_from_slice(&bet.player.to_be_bytes());
            line[8..24].copy_from_slice(&bet.bet.0);
            let short = |number: i64| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
            line[24..28].copy_from_slice(&short(bet.stake_steps));
            line[28..].copy_from_slice(&short(bet.auto_centi.unwrap_or(0)));
            line
        })
        .collect();
    lines.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(ACCEPTED_BETS);
    for line in lines {
        hash.update(line);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::Hex;

    /// By Python's `hmac` and `hashlib`, with whole numbers.
    #[test]
    fn crash_points_are_those_of_another_program() {
        let public_seed = "00".repeat(32);
        for (byte, edge, centi) in VECTORS {
            assert_eq!(crash_point(&public_seed, [*byte; 32], *edge), Some(*centi));
        }
        assert_eq!(Hex(step([1; 32])).to_string(), STEP_OF_ONES);
    }

    const VECTORS: &[(u8, i64, i64)] = &[
        (1, 100, 197),
        (2, 100, 104),
        (3, 0, 2_646),
        (4, 1000, 168),
        (5, 9000, 100),
        (77, 100, 841),
        (78, 100, 1_377),
    ];
    const STEP_OF_ONES: &str = "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793";
}
