//! The vectors that others gave us stay as they were given.

use sha2::{Digest, Sha256};

use crate::Finding;

/// The rounds of other sites with the crash points they published.
const VECTORS: &str = "fixtures/fairness_vectors.json";
/// The SHA-256 of the file as it was given. A vector that does not fit is our mistake, not its.
const VECTORS_SHA256: &str = "550e7e6a1e6da112d99314fde15d3dbbd2139418820a38b2a0dc6aa9e1b9a804";

/// The given vectors are bit for bit what they were.
pub(crate) fn vectors_are_as_given(path: &str, text: &str) -> Vec<Finding> {
    if path != VECTORS || hex(&Sha256::digest(text)) == VECTORS_SHA256 {
        return Vec::new();
    }
    vec![Finding::whole("vectors_are_as_given", path, "was changed: bring the given file back")]
}

/// `bytes` in lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
