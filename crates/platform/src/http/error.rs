//! Refusals as responses. What they say is for the client; internals go to the log.

use std::fmt::Display;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use protocol::{Code, Problem, problem};

/// Seconds after which a client may try again unless told otherwise.
const RETRY_AFTER_S: u32 = 1;

/// A refusal on its way out.
#[derive(Debug)]
pub struct ApiError {
    problem: Problem,
    /// Where HTTP has a finer status than the code.
    finer: Option<(StatusCode, &'static str)>,
    retry_after_s: u32,
}

impl ApiError {
    /// A refusal of this kind, told in `detail`.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// The same under another status, with that status' own words.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode, title: &'static str) -> Self {
        self.finer = Some((status, title));
        self
    }

    /// The same, asking for a pause before the next try.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = seconds;
        self
    }

    /// Our fault. The reason is logged here and told to nobody.
    #[must_use]
    pub fn internal(reason: &dyn Display) -> Self {
        tracing::error!(%reason, "a request failed");
        Code::Internal.into()
    }

    /// Something we need does not answer now; the same request may succeed later.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(Code::Internal, "Try again in a moment")
            .with_status(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable")
    }

    /// More is asked of us than we can do now; nothing was done.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::new(Code::RateLimited, "Too much is going on; try again in a moment")
            .with_status(StatusCode::SERVICE_UNAVAILABLE, "Overloaded")
    }

    /// What it says.
    #[must_use]
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The status it goes out under.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.finer.map_or_else(|| self.problem.code.status(), |(status, _)| status)
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self { problem, finer: None, retry_after_s: RETRY_AFTER_S }
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Problem::from(code).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = match self.finer {
            Some((status, title)) => self.problem.body_as(status, title),
            None => self.problem.body(),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(RETRY_AFTER, HeaderValue::from(self.retry_after_s));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
