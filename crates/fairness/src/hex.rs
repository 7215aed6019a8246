//! Lowercase hexadecimal text, the form in which hashes, keys and seeds are shown.

use std::fmt::Write as _;

/// The text is not the expected number of lowercase hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not {expected} lowercase hexadecimal digits")]
pub struct HexError {
    /// How many digits were expected.
    pub expected: usize,
}

/// `bytes` as lowercase digits, two a byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Exactly `N` bytes. Uppercase is refused: one value has one text.
///
/// # Errors
/// [`HexError`] unless `text` is 2·`N` lowercase digits.
pub fn decode<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let refused = HexError { expected: 2 * N };
    if text.len() != 2 * N {
        return Err(refused);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let (high, low) = (digit(pair[0]).ok_or(refused)?, digit(pair[1]).ok_or(refused)?);
        *byte = high << 4 | low;
    }
    Ok(bytes)
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn bytes_come_back_from_their_text() {
        assert_eq!(encode(&[0x00, 0x7f, 0xff]), "007fff");
        assert_eq!(decode::<3>("007fff"), Ok([0x00, 0x7f, 0xff]));
    }

    #[test]
    fn one_value_has_one_text() {
        for text in ["007FFF", "7fff", "0007fff", "00 fff", "007ffg", "+07fff", "0\u{e9}fff"] {
            assert!(decode::<3>(text).is_err(), "{text}");
        }
    }
}
