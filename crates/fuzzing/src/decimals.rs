//! Decimal text as money and multipliers: the grammar of the contract once more, digit by digit.

use kernel::{Amount, Decimal, DecimalError, Multiplier, Stake};
use protocol::wire::{WireAmount, WireMultiplier, WireStake};

/// The grammar, the ranges, and that what goes out comes back.
pub(crate) fn decimals(text: &str) {
    let expected = units_of(text);
    let decimal = Decimal::parse(text);
    assert_eq!(decimal.ok().map(Decimal::units), expected, "{text:?}");
    assert_eq!(Amount::parse(text).ok().map(Amount::units), expected);
    let hundredths = expected.filter(|units| units % 100 == 0).map(|units| units / 100);
    let steps = hundredths.and_then(|steps| u32::try_from(steps).ok());
    assert_eq!(Stake::parse(text).ok().map(Stake::steps), steps.filter(|steps| *steps > 0));
    let multiplier = Multiplier::parse(text);
    assert_eq!(multiplier.ok().map(Multiplier::centi), steps.filter(|centi| *centi >= 100));
    if let (Ok(stake), Ok(multiplier)) = (Stake::parse(text), multiplier) {
        let exact = u128::from(stake.steps()) * u128::from(multiplier.centi());
        // The largest stake at the largest multiplier is not a bet that any lobby takes.
        if exact <= Amount::MAX.units().unsigned_abs().into() {
            let paid = stake.payout_at(multiplier).units();
            assert_eq!(u128::try_from(paid), Ok(exact), "a payout is never rounded");
        }
    }
    if expected.is_some_and(|units| units % 100 != 0) {
        assert_eq!(Stake::parse(text), Err(DecimalError::TooPrecise));
    }
    goes_out_and_comes_back(text);
}

/// Units of 0.0001 by `-?(0|[1-9][0-9]{0,10})(\.[0-9]{1,4})?`, or nothing.
fn units_of(text: &str) -> Option<i64> {
    let mut rest = text.as_bytes();
    let is_negative = rest.first() == Some(&b'-');
    if is_negative {
        rest = &rest[1..];
    }
    let whole = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let starts_well = whole == 1 || (2..=11).contains(&whole) && rest[0] != b'0';
    if !starts_well {
        return None;
    }
    let (whole, fraction) = rest.split_at(whole);
    let fraction = match fraction {
        [] => fraction,
        [b'.', digits @ ..] if (1..=4).contains(&digits.len()) => digits,
        _ => return None,
    };
    let mut units = 0_i64;
    for place in 0..whole.len() + 4 {
        let digit = whole.iter().chain(fraction).nth(place).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        units = units * 10 + i64::from(digit - b'0');
    }
    Some(if is_negative { -units } else { units })
}

/// A number of ours is JSON without exponent, reads back as itself, and is written one way only.
fn goes_out_and_comes_back(text: &str) {
    if let Ok(amount) = WireAmount::parse(text) {
        let json = written(&amount);
        assert_eq!(serde_json::from_str::<WireAmount>(&json).ok(), Some(amount), "{json}");
        assert_eq!(WireAmount::parse(&json).ok(), Some(amount), "{json}");
    }
    if let Ok(stake) = WireStake::parse(text) {
        let json = written(&stake);
        assert_eq!(serde_json::from_str::<WireStake>(&json).ok(), Some(stake), "{json}");
        assert_eq!(WireAmount::parse(&json).ok(), Some(WireAmount(stake.0.amount())), "{json}");
    }
    if let Ok(multiplier) = WireMultiplier::parse(text) {
        let json = written(&multiplier);
        assert_eq!(serde_json::from_str::<WireMultiplier>(&json).ok(), Some(multiplier), "{json}");
        assert_eq!(Multiplier::parse(&multiplier.0.to_string()), Ok(multiplier.0));
    }
}

fn written(number: &impl serde::Serialize) -> String {
    let json = serde_json::to_string(number).expect("a number has a JSON form");
    assert!(json.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte)), "{json}");
    let is_trimmed = !json.contains('.') || !json.ends_with(['0', '.']);
    assert!(is_trimmed, "{json} has zeros that say nothing");
    json
}
