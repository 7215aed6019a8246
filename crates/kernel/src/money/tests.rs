//! Stakes and amounts: read, added and paid exactly.

use proptest::prelude::*;

use super::{Amount, Stake};
use crate::{DecimalError, Multiplier};

#[test]
fn a_stake_is_more_than_zero_and_has_two_decimals() {
    assert_eq!(Stake::parse("10").map(Stake::steps), Ok(1_000));
    assert_eq!(Stake::parse("0.01"), Ok(Stake::MIN));
    assert_eq!(Stake::parse("0"), Err(DecimalError::OutOfRange));
    assert_eq!(Stake::parse("-5"), Err(DecimalError::OutOfRange));
    assert_eq!(Stake::parse("0.001"), Err(DecimalError::TooPrecise));
    assert_eq!(Stake::parse("99999999999"), Err(DecimalError::OutOfRange));
}

#[test]
fn amounts_show_no_trailing_zeros() {
    assert_eq!(Amount::from_units(1_234_500).to_string(), "123.45");
    assert_eq!(Amount::from_units(-1).to_string(), "-0.0001");
    assert_eq!(Amount::from_whole(7).to_string(), "7");
}

#[test]
fn a_sum_stays_in_range_or_is_none() {
    assert_eq!(Amount::MAX.checked_add(Amount::from_units(1)), None);
    assert_eq!(Amount::MAX.checked_add(Amount::ZERO), Some(Amount::MAX));
    assert_eq!(Amount::from_units(i64::MAX).checked_add(Amount::MAX), None);
}

proptest! {
    #[test]
    fn no_payout_is_rounded(steps in 1_u32..=u32::MAX, centi in 100_u32..=1_000_000) {
        let stake = Stake::from_steps(steps).unwrap();
        let payout = stake.payout_at(Multiplier::from_centi(centi).unwrap());
        let exact = i128::from(stake.amount().units()) * i128::from(centi);
        prop_assert_eq!(i128::from(payout.units()) * 100, exact);
    }
}
