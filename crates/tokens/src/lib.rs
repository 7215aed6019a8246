//! Signed tokens of players and services: JWT with `EdDSA` (RFC 7519, RFC 8037), strict as
//! RFC 8725 asks.
//!
//! One algorithm, keys from configuration only, every claim required, no leeway. Who signed out
//! is remembered for as long as one of their tokens could still be shown.

mod announcement;
mod claims;
mod jws;
mod key;
mod revocation;
mod service;
mod sign;
mod verify;

pub use announcement::{announce, announced};
pub use claims::PlayerClaims;
pub use key::{KeyError, SigningKey, VerifyingKey};
pub use revocation::KEPT_S;
pub use service::{ServiceSigner, ServiceVerifier};
pub use sign::Signer;
pub use verify::{Proven, TokenError, Verifier};

/// Says what kind of token this is, so that another kind never passes for it (RFC 8725 §3.11).
const PLAYER_TYPE: &str = "waxwing-player+jwt";

#[cfg(test)]
mod tests;
