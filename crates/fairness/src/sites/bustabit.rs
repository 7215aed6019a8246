//! bustabit: `v1-gameserver` server/lib.js, and the site's verifier (src/utils/math.ts).

use super::GameHash;
use super::roobet::curve_or;
use crate::crash_point::{authenticate, keyed, top_bits};

/// 2^52, the number of values that 52 bits have.
const SPACE: u128 = 1 << 52;

/// The formula of 2014 to 2018: nothing at all in one game of 101.
pub(super) fn v1(game: &GameHash<'_>, salt: &[u8]) -> u64 {
    let digest = authenticate(keyed(game.text.as_bytes()), salt);
    curve_or(&digest, 101, 0)
}

/// The formula since: key and message changed places, and 1 % is taken everywhere alike.
pub(super) fn v2(game: &GameHash<'_>, salt: &[u8]) -> u64 {
    let digest = authenticate(keyed(salt), &game.raw);
    let divisor = SPACE - u128::from(top_bits::<52>(&digest));
    // At most 99 · 2^52, which is less than 2^59.
    u64::try_from(99 * SPACE / divisor).unwrap_or(u64::MAX).max(100)
}
