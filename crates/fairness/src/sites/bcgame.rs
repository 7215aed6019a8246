//! BC.Game: bustabit's curve, with its fraction first rounded to nine decimal digits.

use super::{GameHash, SiteError};
use crate::crash_point::{authenticate, keyed, top_bits};

/// The formula before the hashes were salted: the game hash is the entropy.
pub(super) fn unsalted(game: &GameHash<'_>) -> Result<u64, SiteError> {
    curve(top_bits::<52>(&game.raw))
}

/// The formula since: the salt keys an HMAC over the raw game hash.
pub(super) fn salted(game: &GameHash<'_>, salt: &[u8]) -> Result<u64, SiteError> {
    curve(top_bits::<52>(&authenticate(keyed(salt), &game.raw)))
}

/// max(1, floor(99 / (1 − X)) / 100), X being entropy / 2^52 by JavaScript's `toPrecision(9)`.
fn curve(entropy: u64) -> Result<u64, SiteError> {
    let (digits, scale) = nine_digits(entropy);
    // 1 − X = (scale − digits) / scale.
    let hundredths = match scale - digits {
        0 => return Err(SiteError::Unbounded),
        rest => 99 * scale / rest,
    };
    Ok(u64::try_from(hundredths).map_err(|_| SiteError::Unbounded)?.max(100))
}

/// entropy / 2^52 as digits / scale: nine significant digits, a tie goes up (ECMA-262 §21.1.3.5).
///
/// The scale is at most 10^24 (the least entropy is 2.2 · 10^-16), so nothing here exceeds 2^88.
fn nine_digits(entropy: u64) -> (u128, u128) {
    const HALF: u128 = 1 << 51;
    const LEAST: u128 = 100_000_000 << 52;
    let entropy = u128::from(entropy);
    if entropy == 0 {
        return (0, 1);
    }
    let mut scale = 1_000_000_000;
    while entropy * scale < LEAST {
        scale *= 10;
    }
    ((entropy * scale + HALF) >> 52, scale)
}

#[cfg(test)]
mod tests {
    use super::{SiteError, curve, nine_digits};

    #[test]
    fn fractions_are_rounded_to_nine_digits() {
        assert_eq!(nine_digits(1 << 51), (500_000_000, 1_000_000_000));
        // 1 / 2^52 = 2.220446049250313e-16.
        assert_eq!(nine_digits(1), (222_044_605, 10_u128.pow(24)));
        // 1 / 1024 = 0.0009765625 has seven digits.
        assert_eq!(nine_digits(1 << 42), (976_562_500, 10_u128.pow(12)));
        assert_eq!(nine_digits(0), (0, 1));
    }

    #[test]
    fn a_tie_goes_up() {
        // 1 / 2^10 + 1 / 2^14 = 0.00103759765625, ten digits after the leading 1: …765625 → …766.
        assert_eq!(nine_digits(1 << 42 | 1 << 38), (103_759_766, 10_u128.pow(11)));
        // 5 / 2^13 = 0.0006103515625 is 6.103515625e-4: the tenth digit is a 5 alone.
        assert_eq!(nine_digits(5 << 39), (610_351_563, 10_u128.pow(12)));
    }

    #[test]
    fn the_curve_starts_at_one_and_ends_where_rounding_reaches_one() {
        assert_eq!(curve(0), Ok(100));
        assert_eq!(curve(1 << 51), Ok(198));
        assert_eq!(curve((1 << 52) - 1), Err(SiteError::Unbounded));
        // X = 0.999999999 is the last below one.
        assert_eq!(curve((1 << 52) - (1 << 52) / 1_000_000_000), Ok(99_000_000_000));
    }
}
