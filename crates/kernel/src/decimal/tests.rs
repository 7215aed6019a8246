//! Which texts are numbers, and which are not.

use proptest::prelude::*;

use super::{Decimal, DecimalError};

#[test]
fn the_grammar_takes_what_it_says() {
    for (text, units) in [
        ("0", 0),
        ("-0", 0),
        ("1", 10_000),
        ("1.5", 15_000),
        ("0.0001", 1),
        ("-12.34", -123_400),
        ("99999999999.9999", 999_999_999_999_999),
    ] {
        assert_eq!(Decimal::parse(text).map(Decimal::units), Ok(units), "{text}");
    }
}

#[test]
fn the_grammar_refuses_everything_else() {
    for text in
        ["", "-", ".", "1.", ".5", "+1", "01", "00", "1e3", "1E3", "NaN", "inf", "0x1", " 1", "1 "]
    {
        assert_eq!(Decimal::parse(text), Err(DecimalError::Malformed), "{text:?}");
    }
    assert_eq!(Decimal::parse("1.00000"), Err(DecimalError::TooPrecise));
    assert_eq!(Decimal::parse("100000000000"), Err(DecimalError::OutOfRange));
    assert_eq!(
        Decimal::parse("1.234").and_then(Decimal::hundredths),
        Err(DecimalError::TooPrecise)
    );
    assert_eq!(Decimal::parse("1.2300").and_then(Decimal::hundredths), Ok(123));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(units in -999_999_999_999_999_i64..=999_999_999_999_999) {
        let text = Decimal { units }.to_string();
        prop_assert_eq!(Decimal::parse(&text), Ok(Decimal { units }));
        prop_assert!(!text.contains('.') || !text.ends_with('0'));
    }

    #[test]
    fn no_text_panics(text in ".{0,24}") {
        let _ = Decimal::parse(&text);
    }
}
