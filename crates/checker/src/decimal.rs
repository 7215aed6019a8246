//! Decimal texts of the wire, read into whole units without a float between.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A decimal in units of 0.0001, as exact as it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i64);

impl Decimal {
    /// Units in one.
    pub const SCALE: i64 = 10_000;

    /// `units` of 0.0001.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// Reads `-?digits(.digits)?` with at most four decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (text, ""),
        };
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 4 || !plain(whole) || !plain(fraction) {
            return None;
        }
        let units: i64 = format!("{whole}{fraction:0<4}").parse().ok()?;
        Some(Self(if negative { -units } else { units }))
    }

    /// In units of 0.0001: what balances and payouts are kept in.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// In hundredths: what stakes and multipliers are kept in. `None` if it is finer than that.
    #[must_use]
    pub const fn hundredths(self) -> Option<i64> {
        if self.0 % 100 == 0 { Some(self.0 / 100) } else { None }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / 10_000, self.0.unsigned_abs() % 10_000);
        write!(formatter, "{sign}{whole}.{fraction:04}")
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    /// Takes a text, and a number by the digits it was written with.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = match &value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{value} is not a decimal")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_to_the_unit_and_nothing_else_is() {
        let units = |text| Decimal::parse(text).map(Decimal::units);
        assert_eq!(units("10"), Some(100_000));
        assert_eq!(units("-0.0001"), Some(-1));
        assert_eq!(units("1.5"), Some(15_000));
        for wrong in ["", ".", "1.", ".5", "1e3", "1.23456", "+1", "1,5", "--1", "NaN"] {
            assert_eq!(units(wrong), None, "{wrong}");
        }
        assert_eq!(Decimal::from_units(-15_000).to_string(), "-1.5000");
        let read: Decimal = serde_json::from_str("12.34").unwrap();
        assert_eq!((read.units(), read.hundredths()), (123_400, Some(1_234)));
        assert_eq!(Decimal::from_units(1).hundredths(), None);
    }
}
