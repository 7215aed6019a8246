//! The range of multipliers, how they are read and how they are shown.

use super::Multiplier;
use crate::DecimalError;

#[test]
fn a_multiplier_shows_two_decimals() {
    assert_eq!(Multiplier::ONE.to_string(), "1.00");
    assert_eq!(Multiplier::from_centi(12_305).unwrap().to_string(), "123.05");
}

#[test]
fn a_multiplier_is_read_with_two_decimals_at_most() {
    assert_eq!(Multiplier::parse("2.5").map(Multiplier::centi), Ok(250));
    assert_eq!(Multiplier::parse("2.505"), Err(DecimalError::TooPrecise));
    assert_eq!(Multiplier::parse("0.99"), Err(DecimalError::OutOfRange));
    assert_eq!(Multiplier::parse("99999999999"), Err(DecimalError::OutOfRange));
}

#[test]
fn what_does_not_fit_is_moved_to_the_border() {
    assert_eq!(Multiplier::saturating_from_centi(3), Multiplier::ONE);
    assert_eq!(Multiplier::saturating_from_centi(u128::MAX), Multiplier::MAX);
    assert_eq!(Multiplier::MAX.next(), Multiplier::MAX);
}
