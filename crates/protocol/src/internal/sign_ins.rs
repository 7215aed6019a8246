//! Keys of tokens and ends of sign-ins, from the user role to whoever believes tokens.

use serde::{Deserialize, Serialize};

use crate::wire::WirePlayerId;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownBody {
    /// Only sign-ins that ended after this instant, Unix time,
    pub since_ms: i64,
    /// or at it and come after this one.
    #[serde(default)]
    pub after: String,
}

/// What is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAnswer {
    /// Public keys (RFC 8032 §5.1.5), the one in use first.
    pub keys: Vec<[u8; 32]>,
    /// Sign-ins that were ended, oldest first.
    pub ended: Vec<EndedBody>,
    /// Whether there are more behind the last of them.
    #[serde(default)]
    pub more: bool,
}

/// A sign-in that was ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedBody {
    /// Whose.
    pub player: WirePlayerId,
    /// Its id.
    pub session: String,
    /// When, Unix time.
    pub at_ms: i64,
}
