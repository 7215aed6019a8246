//! Decimal text, the only door through which numbers of money enter. No float is ever made.

use std::fmt;

/// A decimal number as it stood in the text: a sign, an integer, and its significant fraction.
///
/// The grammar is `-?(0|[1-9][0-9]{0,10})(\.[0-9]{1,4})?`: no exponent, no leading zeros, no plus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The value in units of 0.0001.
    units: i64,
}

/// Why a text is not a number we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// The text is not of the grammar.
    Malformed,
    /// The number has more significant decimals than the thing it stands for.
    TooPrecise,
    /// The number is outside the range of the thing it stands for.
    OutOfRange,
}

impl Decimal {
    /// Units in one whole.
    pub const SCALE: i64 = 10_000;

    /// Reads `text` by the grammar above.
    ///
    /// # Errors
    /// [`DecimalError::TooPrecise`] if only the number of decimals breaks the grammar,
    /// [`DecimalError::OutOfRange`] if only the number of digits before the point does,
    /// [`DecimalError::Malformed`] otherwise.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, magnitude) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match magnitude.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(DecimalError::Malformed),
            None => (magnitude, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return Err(DecimalError::Malformed);
        }
        if whole.len() > 11 {
            return Err(DecimalError::OutOfRange);
        }
        if fraction.len() > 4 {
            return Err(DecimalError::TooPrecise);
        }
        let units = digits(whole) * Self::SCALE + digits(fraction) * scale_up(fraction.len());
        Ok(Self { units: if negative { -units } else { units } })
    }

    /// The value in units of 0.0001. At most 15 digits and a sign.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.units
    }

    /// The value in hundredths.
    ///
    /// # Errors
    /// [`DecimalError::TooPrecise`] if more than two decimals are significant.
    pub const fn hundredths(self) -> Result<i64, DecimalError> {
        if self.units % 100 == 0 { Ok(self.units / 100) } else { Err(DecimalError::TooPrecise) }
    }
}

/// The digits as a number; the caller has bounded their count to eleven.
fn digits(text: &str) -> i64 {
    text.bytes().fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'))
}

/// What one step of a fraction of `length` digits is worth in units.
const fn scale_up(length: usize) -> i64 {
    [10_000, 1_000, 100, 10, 1][length]
}

/// Writes `units` of `1 / 10^decimals` without exponent and without trailing zeros.
pub(crate) fn write_trimmed(
    formatter: &mut fmt::Formatter<'_>,
    units: i64,
    decimals: u32,
) -> fmt::Result {
    let scale = 10_u64.pow(decimals);
    let magnitude = units.unsigned_abs();
    let sign = if units < 0 { "-" } else { "" };
    let (whole, mut fraction) = (magnitude / scale, magnitude % scale);
    if fraction == 0 {
        return write!(formatter, "{sign}{whole}");
    }
    let mut width = decimals as usize;
    while fraction % 10 == 0 {
        fraction /= 10;
        width -= 1;
    }
    write!(formatter, "{sign}{whole}.{fraction:0width$}")
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_trimmed(formatter, self.units, 4)
    }
}

impl fmt::Display for DecimalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "is not a decimal number",
            Self::TooPrecise => "has too many decimals",
            Self::OutOfRange => "is out of range",
        })
    }
}

impl std::error::Error for DecimalError {}

#[cfg(test)]
mod tests;
