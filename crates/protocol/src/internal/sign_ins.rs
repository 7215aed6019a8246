//! Keys of tokens and ends of sign-ins, from the user role to whoever believes tokens.

use serde::{Deserialize, Serialize};

use crate::wire::WirePlayerId;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownBody {
    /// Only sign-ins that ended at this instant or later, Unix time.
    pub since_ms: i64,
}

/// What is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAnswer {
    /// Public keys in lowercase hex, the one in use first.
    pub keys: Vec<String>,
    /// Sign-ins that were ended, oldest first.
    pub ended: Vec<EndedBody>,
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
