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
