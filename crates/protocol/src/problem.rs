//! Refusals over HTTP: RFC 9457 bodies that also carry the original's `error`.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Code;

/// The content type of a [`ProblemBody`].
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A refusal: what kind, and the sentence for this occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub code: Code,
    /// One sentence that a person may read. Never an internal detail.
    pub detail: String,
}

/// A problem as it goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// Names the kind of problem: `urn:waxwing:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words, the same at every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in words.
    pub detail: String,
    /// The stable code, listed in `docs/protocol.md`.
    pub code: Code,
    /// The same sentence as `detail`, where clients of the original look for it.
    pub error: String,
}

impl Problem {
    /// A problem of this kind, told in `detail`.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// What a body that could not be read deserves: the code that one of [`crate::wire`]'s types
    /// put into the error, or `malformed`.
    #[must_use]
    pub fn from_json_error(error: &serde_json::Error) -> Self {
        crate::wire::problem_in(&error.to_string())
    }

    /// The body to send.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        self.body_as(self.code.status(), self.code.title())
    }

    /// The body to send where HTTP has a finer status than the code (405, 408, 431).
    #[must_use]
    pub fn body_as(&self, status: StatusCode, title: &str) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:waxwing:problem:{}", self.code),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            code: self.code,
            error: self.detail.clone(),
        }
    }
}

/// The problem with its kind's own words.
impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code, code.title())
    }
}

#[cfg(test)]
mod tests;
