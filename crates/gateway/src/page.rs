//! The root: says what this is and leads to the documentation until the page itself exists.

use axum::response::{Html, IntoResponse};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

/// One style sheet of ours; no script, no picture, no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// `GET /`
pub(crate) async fn home() -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE))
}

/// `GET /page.css`
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}
