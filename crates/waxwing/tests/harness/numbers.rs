//! Numbers out of JSON text, whole units at once: no test ever computes with a float.

use kernel::{Amount, Multiplier, Stake};
use serde_json::Value;

/// The text of a JSON number; its digits are what stood on the wire.
///
/// # Panics
/// If it is not a JSON number, or has an exponent or trailing zeros.
pub(crate) fn digits(value: &Value) -> String {
    let Value::Number(number) = value else { panic!("{value} is not a JSON number") };
    let text = number.to_string();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    assert!(plain, "{text} has an exponent");
    let trimmed = !text.contains('.') || !text.ends_with(['0', '.']);
    assert!(trimmed, "{text} has trailing zeros");
    text
}

/// An amount of money.
pub(crate) fn amount(value: &Value) -> Amount {
    Amount::parse(&digits(value)).unwrap_or_else(|error| panic!("{value} {error}"))
}

/// A stake.
pub(crate) fn stake(value: &Value) -> Stake {
    Stake::parse(&digits(value)).unwrap_or_else(|error| panic!("{value} {error}"))
}

/// A multiplier in hundredths.
pub(crate) fn multiplier(value: &Value) -> Multiplier {
    Multiplier::parse(&digits(value)).unwrap_or_else(|error| panic!("{value} {error}"))
}

/// A whole number: an id, a round, a count.
pub(crate) fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not a whole number"))
}

/// A text.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}
