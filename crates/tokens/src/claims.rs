//! What a player's token says, and its form on the wire.

use kernel::PlayerId;
use serde::{Deserialize, Serialize};

/// What a genuine player token proved. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerClaims {
    /// Who it was given to.
    pub player: PlayerId,
    /// The name they play under.
    pub username: String,
    /// The sign-in it comes from; all tokens of one end together.
    pub session: String,
    /// When it was given.
    pub issued_at_s: i64,
    /// The first second at which it is worth nothing.
    pub expires_at_s: i64,
}

/// The protected header. Members that point at keys (`jku`, `jwk`, `x5u`, `x5c`) are not read.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: String,
    pub(crate) typ: String,
    /// We understand no extension, so naming a critical one, even `null`, is refused.
    #[serde(default, skip_serializing, deserialize_with = "present")]
    pub(crate) crit: bool,
}

/// The payload; serde refuses a missing or repeated claim.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Payload {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) name: String,
    /// The sign-in (`OpenID` Connect Front-Channel Logout 1.0 §3).
    pub(crate) sid: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}
