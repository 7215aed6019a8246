//! Headers of every answer, and pages of other origins: they may call everything with a token they
//! hold themselves, but for the calls that read a cookie, which are our own page's alone.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, StatusCode};

use crate::cookie;

/// What every answer carries, refusals and preflights too.
pub(crate) async fn on_every_answer<Answer: Future<Output = Response>>(
    request: Request,
    next: impl FnOnce(Request) -> Answer,
) -> Response {
    let ours_alone = cookie::is_read_at(request.uri().path());
    let mut response = next(request).await;
    let headers = response.headers_mut();
    let open = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_EXPOSE_HEADERS, "x-request-id, retry-after, ratelimit, ratelimit-policy"),
    ];
    let fixed = [(X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer")];
    let open = open.into_iter().filter(|_| !ours_alone);
    for (name, value) in open.chain(fixed) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A browser that was answered over TLS asks no other way for a year. Only where the door speaks
/// TLS itself: a proxy in front of it says so on its own.
pub(crate) async fn over_tls(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let year = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, year);
    response
}

/// Answers the question that a browser asks before it lets a page call us.
pub(crate) async fn preflight<Answer: Future<Output = Response>>(
    request: Request,
    next: impl FnOnce(Request) -> Answer,
) -> Response {
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && !cookie::is_read_at(request.uri().path());
    if !is_preflight {
        return next(request).await;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    // `*` would leave `Authorization` out, so what was asked for is said back.
    if let Some(asked) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    headers.insert(VARY, HeaderValue::from_static("access-control-request-headers"));
    response
}
