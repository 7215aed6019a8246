//! The root: says what this is and leads to the documentation until the page itself exists.

use axum::response::{Html, IntoResponse};
use http::header::CONTENT_SECURITY_POLICY;

/// No script, no style, no picture, no frame.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const PAGE: &str = include_str!("page.html");

/// `GET /`
pub(crate) async fn home() -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE))
}
