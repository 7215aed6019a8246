//! A seed of the chain, hidden until its round is over, and the step from one to the one before.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

use crate::hex::{self, HexError};

/// One value `s_i` of a seed chain. Wiped when dropped; shows itself only when asked to.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

/// `s_0`, the published end of a seed chain. Not a secret: no round is played with it.
///
/// It is made of a [`Seed`] alone, so that bytes and text are read in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terminal([u8; 32]);

/// The seed before `seed`: SHA-256 over its 32 raw bytes. There is no way back.
#[must_use]
pub fn step(seed: &Seed) -> Seed {
    Seed(Sha256::digest(seed.0).into())
}

impl Seed {
    /// The seed with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The seed written as 64 lowercase hexadecimal digits.
    ///
    /// # Errors
    /// [`HexError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, HexError> {
        hex::decode(text).map(Self)
    }

    /// The raw bytes. Never log or send them before the round is over.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits, for everyone to see: the round is over.
    #[must_use]
    pub fn reveal(&self) -> String {
        hex::encode(&self.0)
    }

    /// The same value as the public end of a chain.
    #[must_use]
    pub const fn to_terminal(&self) -> Terminal {
        Terminal(self.0)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seed(..)")
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Terminal {
    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Terminal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{Seed, step};

    #[test]
    fn a_step_hashes_the_raw_bytes() {
        // SHA-256 of 32 zero bytes, as `head -c 32 /dev/zero | sha256sum` prints it.
        let expected = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(step(&Seed::from_bytes([0; 32])).reveal(), expected);
    }

    #[test]
    fn a_seed_does_not_show_itself() {
        assert_eq!(format!("{:?}", Seed::from_bytes([7; 32])), "Seed(..)");
    }
}
