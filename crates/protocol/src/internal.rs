//! What roles say to each other over HTTP/2: integers only, in fields that end in their unit.
//!
//! No client of ours outside the house sees these; a rolling upgrade does, so fields are added
//! with a default and never change their meaning.

pub mod play;
pub mod sign_ins;
pub mod wallet;

use serde::{Deserialize, Serialize};

/// The answer to a call: what was asked for, or why the whole call was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply<T> {
    /// Carried out.
    Answered(T),
    /// Not carried out.
    Failed(Failure),
}

/// Why a whole call was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The outcome is unknown: the same call must be sent again.
    Unavailable,
    /// It cannot be done and nothing was changed; a person must look.
    Failed,
    /// A newer owner plays the lobby; nothing was changed.
    Fenced,
}
