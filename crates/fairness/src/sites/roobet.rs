//! Roobet as public scripts of 2020 compute it, and the library that shares its formula.

use super::GameHash;
use crate::crash_point::{authenticate, keyed, top_bits};

/// Modulus of the instant crash. Later scripts use 25 and 33.
const ONE_IN: u32 = 20;

/// Roobet of 2020.
pub(super) fn roobet(game: &GameHash<'_>, salt: &[u8]) -> u64 {
    curve_or(&authenticate(keyed(game.text.as_bytes()), salt), ONE_IN, 100)
}

/// nvkp/crash: the same with the hash's raw bytes as key.
pub(super) fn nvkp(game: &GameHash<'_>, salt: &[u8]) -> u64 {
    curve_or(&authenticate(keyed(&game.raw), salt), ONE_IN, 100)
}

/// `instant` where the whole digest is a multiple of `one_in`, else the curve of bustabit v1:
/// floor((100 · 2^52 − h) / (2^52 − h)) hundredths, h being the top 52 bits.
pub(super) fn curve_or(digest: &[u8; 32], one_in: u32, instant: u64) -> u64 {
    const SPACE: u64 = 1 << 52;
    let remainder = digest.iter().fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % one_in);
    if remainder == 0 {
        return instant;
    }
    let entropy = top_bits::<52>(digest);
    (100 * SPACE - entropy) / (SPACE - entropy)
}

#[cfg(test)]
mod tests {
    use super::curve_or;

    #[test]
    fn a_multiple_of_the_modulus_ends_at_once() {
        // 256^31 + … taken so that the last byte alone decides: 101 · 2 = 202.
        let mut digest = [0; 32];
        digest[31] = 202;
        assert_eq!(curve_or(&digest, 101, 0), 0);
        assert_eq!(curve_or(&digest, 20, 100), 100);
        digest[31] = 40;
        assert_eq!(curve_or(&digest, 20, 7), 7);
        assert_eq!(curve_or(&digest, 101, 7), 100);
    }

    #[test]
    fn the_remainder_is_of_the_whole_number() {
        // 2^248 mod 101 = 5^31 mod 101 … the low byte completes it to a multiple of 101.
        let power = (0..31).fold(1_u32, |rest, _| rest * 256 % 101);
        let mut digest = [0; 32];
        digest[0] = 1;
        digest[31] = u8::try_from(101 - power).unwrap();
        assert_eq!(curve_or(&digest, 101, 0), 0);
        digest[31] += 1;
        assert_ne!(curve_or(&digest, 101, 0), 0);
    }

    #[test]
    fn the_curve_is_even_at_half() {
        let mut digest = [0; 32];
        digest[0] = 0x80;
        digest[31] = 1;
        assert_eq!(curve_or(&digest, 101, 0), 199);
    }
}
