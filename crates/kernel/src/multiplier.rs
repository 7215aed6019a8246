//! The multiplier: whole hundredths, 1.00x or more.

use std::fmt;

use crate::{Decimal, DecimalError};

/// A payout factor in whole hundredths, at least 1.00x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiplier(u32);

impl Multiplier {
    /// Where every climb starts: 1.00x.
    pub const ONE: Self = Self(100);
    /// The least at which a cash-out can win: 1.01x.
    pub const CASH_OUT_MIN: Self = Self(101);
    /// The largest there is; crash points beyond it are shown as it.
    pub const MAX: Self = Self(u32::MAX);

    /// `centi` hundredths, or `None` below 1.00x.
    #[must_use]
    pub const fn from_centi(centi: u32) -> Option<Self> {
        if centi < Self::ONE.0 { None } else { Some(Self(centi)) }
    }

    /// `centi` hundredths, moved into the range from 1.00x to [`Multiplier::MAX`].
    #[must_use]
    pub const fn saturating_from_centi(centi: u128) -> Self {
        if centi < Self::ONE.0 as u128 {
            Self::ONE
        } else if centi > Self::MAX.0 as u128 {
            Self::MAX
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "bounded by the branch above")]
            Self(centi as u32)
        }
    }

    /// Reads a decimal text of at most two significant decimals, 1.00 or more.
    ///
    /// # Errors
    /// [`DecimalError`] as the text deserves.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let centi = Decimal::parse(text)?.hundredths()?;
        let centi = u32::try_from(centi).map_err(|_| DecimalError::OutOfRange)?;
        Self::from_centi(centi).ok_or(DecimalError::OutOfRange)
    }

    /// The factor in hundredths.
    #[must_use]
    pub const fn centi(self) -> u32 {
        self.0
    }

    /// One hundredth more; the largest stays the largest.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Two decimals, always: `1.00`, `23.45`.
impl fmt::Display for Multiplier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests;
