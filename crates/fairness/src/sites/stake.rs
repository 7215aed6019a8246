//! Stake's Crash: 32 bits, 1 % taken everywhere alike.

use super::GameHash;
use crate::crash_point::{authenticate, keyed, top_bits};

/// max(1, 2^32 / (i + 1) · 0.99), floored to hundredths.
///
/// The site computes it in doubles, which differ from this only where 99 · 2^32 divides exactly.
pub(super) fn crash(game: &GameHash<'_>, salt: &[u8]) -> u64 {
    const SPACE: u64 = 1 << 32;
    let digest = authenticate(keyed(game.text.as_bytes()), salt);
    (99 * SPACE / (top_bits::<32>(&digest) + 1)).max(100)
}
