//! The signed promise about a chain, published before its public seed is known.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use kernel::LobbyId;

use crate::{HOUSE_EDGE_LIMIT_BPS, Terminal, drand};

/// The first line of what is signed, less its version: it sets this signature apart from every
/// other of the key. Version 2 names a beacon's round in two more lines.
const DOMAIN: &str = "waxwing seed chain commitment";

/// An Ed25519 signature, 64 bytes.
pub type Signature = [u8; 64];

/// Which formula turns seeds into crash points. A change of one bit is a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Formula {
    /// HMAC-SHA256, 52 bits: [`crate::crash_point()`].
    Waxwing1,
}

/// Where the chain's public seed will come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The operator's own machine draws it: nobody is bound by this.
    Local,
    /// The output of this round of drand's quicknet, not known to anybody yet.
    Drand {
        /// Which round.
        round: u64,
    },
}

/// What the operator promises before anyone, the operator included, knows a crash point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Whose chain.
    pub lobby: LobbyId,
    /// Which of the lobby's chains, counted from 1.
    pub chain: u32,
    /// `s_0`, to which every seed hashes down.
    pub terminal: Terminal,
    /// How many rounds the chain can play.
    pub length: u32,
    /// The house edge of all its rounds in basis points.
    pub house_edge_bps: u32,
    /// How crash points are computed.
    pub formula: Formula,
    /// Where the public seed will come from.
    pub anchor: Anchor,
}

/// Why a commitment is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    /// The 32 bytes name no point of the curve.
    #[error("the public key is not an Ed25519 key")]
    Key,
    /// The signature is of another text, or by another key.
    #[error("the signature is not of this commitment by this key")]
    Signature,
    /// No crash point can be computed with it.
    #[error("the house edge is not below 100 %")]
    HouseEdge,
}

impl Formula {
    /// Its name, in commitments and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waxwing1 => "waxwing-1",
        }
    }

    /// Its number, as exports carry it.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Waxwing1 => 1,
        }
    }

    /// The formula with this number, if there is one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Waxwing1),
            _ => None,
        }
    }
}

impl Commitment {
    /// What is signed: seven lines of text, or nine for an anchored chain, each ended by a newline,
    /// so that anyone can type them.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self { lobby, chain, terminal, length, house_edge_bps, formula, anchor } = self;
        let formula = formula.name();
        let (version, anchor) = match anchor {
            Anchor::Local => (1, String::new()),
            Anchor::Drand { round } => {
                (2, format!("drand {}\nbeacon_round {round}\n", drand::CHAIN_HASH))
            }
        };
        format!(
            "{DOMAIN} {version}\nlobby {lobby}\nchain {chain}\nterminal {terminal}\n\
             length {length}\nhouse_edge_bps {house_edge_bps}\nformula {formula}\n{anchor}"
        )
    }

    /// Signs the promise.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(self.canonical().as_bytes()).to_bytes()
    }

    /// Checks that the holder of `public_key` made this promise.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify(
        &self,
        public_key: &[u8; 32],
        signature: &Signature,
    ) -> Result<(), CommitmentError> {
        if self.house_edge_bps >= HOUSE_EDGE_LIMIT_BPS {
            return Err(CommitmentError::HouseEdge);
        }
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| CommitmentError::Key)?;
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        // Strict: a weak key would let one signature stand for many texts.
        key.verify_strict(self.canonical().as_bytes(), &signature)
            .map_err(|_| CommitmentError::Signature)
    }
}

#[cfg(test)]
mod tests;
