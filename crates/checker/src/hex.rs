//! Bytes that are written as hexadecimal digits.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `N` bytes; hyphens between their digits are read over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

/// The sixteen bytes of a bet's name, written as a UUID.
pub type BetId = Hex<16>;

impl<const N: usize> Hex<N> {
    /// Reads exactly `2 N` digits, upper or lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; N];
        let mut count = 0;
        for digit in text.bytes().filter(|byte| *byte != b'-') {
            let value = char::from(digit).to_digit(16)?;
            let byte = bytes.get_mut(count / 2)?;
            *byte = (*byte << 4) | u8::try_from(value).ok()?;
            count += 1;
        }
        (count == 2 * N).then_some(Self(bytes))
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if N == 16 && [4, 6, 8, 10].contains(&index) {
                formatter.write_str("-")?;
            }
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not {N} bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_with_and_without_hyphens() {
        let bet = BetId::parse("018f3c5e-0000-7000-8000-00000000002A").unwrap();
        assert_eq!(bet, BetId::parse("018f3c5e00007000800000000000002a").unwrap());
        assert_eq!(bet.to_string(), "018f3c5e-0000-7000-8000-00000000002a");
        for wrong in [
            "",
            "018f",
            "018f3c5e-0000-7000-8000-00000000002g",
            "018f3c5e00007000800000000000002a00",
        ] {
            assert_eq!(BetId::parse(wrong), None, "{wrong}");
        }
    }
}
