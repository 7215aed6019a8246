//! Money: whole steps, two units as two types, and one place that multiplies.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use crate::decimal::write_trimmed;
use crate::{Decimal, DecimalError, Multiplier};

/// A stake in whole steps of 0.01, more than zero. Never a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stake(u32);

/// An amount in units of 0.0001; negative where money leaves an account.
///
/// At most 10^15 units either way, so that a sum of a thousand of them fits an `i64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Stake {
    /// The smallest stake there is: 0.01.
    pub const MIN: Self = Self(1);

    /// `steps` of 0.01, or `None` for zero.
    #[must_use]
    pub const fn from_steps(steps: u32) -> Option<Self> {
        if steps == 0 { None } else { Some(Self(steps)) }
    }

    /// `whole` units of the currency, at least one; what would not fit is the largest stake.
    #[must_use]
    pub const fn from_whole(whole: u32) -> Self {
        let steps = whole.saturating_mul(100);
        if steps == 0 { Self::MIN } else { Self(steps) }
    }

    /// Reads a decimal text of at most two significant decimals, more than zero.
    ///
    /// # Errors
    /// [`DecimalError`] as the text deserves; zero and negative numbers are out of range.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let steps = Decimal::parse(text)?.hundredths()?;
        let steps = u32::try_from(steps).map_err(|_| DecimalError::OutOfRange)?;
        Self::from_steps(steps).ok_or(DecimalError::OutOfRange)
    }

    /// The stake in steps of 0.01.
    #[must_use]
    pub const fn steps(self) -> u32 {
        self.0
    }

    /// The same money in units of 0.0001.
    #[must_use]
    pub const fn amount(self) -> Amount {
        Amount(self.0 as i64 * 100)
    }

    /// The gross payout at `multiplier`, exact: steps of 0.01 times hundredths are units of 0.0001.
    #[must_use]
    pub const fn payout_at(self, multiplier: Multiplier) -> Amount {
        Amount(self.0 as i64 * multiplier.centi() as i64)
    }
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount there is, 10^11 whole units.
    pub const MAX: Self = Self(1_000_000_000_000_000);

    /// `units` of 0.0001.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// `whole` units of the currency.
    #[must_use]
    pub const fn from_whole(whole: u32) -> Self {
        Self(whole as i64 * Decimal::SCALE)
    }

    /// Reads a decimal text of at most four decimals; it may be negative.
    ///
    /// # Errors
    /// [`DecimalError`] as the text deserves.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        Ok(Self(Decimal::parse(text)?.units()))
    }

    /// The amount in units of 0.0001.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum, or `None` where it would leave the range of an amount.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let sum = self.0.checked_add(other.0)?;
        (sum.unsigned_abs() <= Self::MAX.0.unsigned_abs()).then_some(Self(sum))
    }
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Amount {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Stake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_trimmed(formatter, i64::from(self.0), 2)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_trimmed(formatter, self.0, 4)
    }
}

#[cfg(test)]
mod tests;
