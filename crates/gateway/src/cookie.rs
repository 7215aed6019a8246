//! Signing in for our own page: the refresh token stays in a cookie that no script reads.
//!
//! These calls are the only ones that look at a cookie. Pages of other origins must not make them:
//! the cookie is `SameSite=Strict`, the browser has to say that the page is ours, and no answer
//! allows another origin to read it.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use platform::http::ApiError;
use protocol::auth::{Credentials, KeptSignIn, LoggedOut, LogoutRequest, SignedIn};
use protocol::{Code, ProblemBody};
use serde_json::json;

use crate::state::App;
use crate::upstream::inward;

/// Browsers take a cookie of this prefix only if it is secure, of this host and for all of it, so
/// that no neighbouring host can plant one.
pub(crate) const NAME: &str = "__Host-waxwing-refresh";

/// Half a year. The server ends sign-ins earlier; a cookie that outlives its own is refused.
const MAX_AGE_SECONDS: u32 = 180 * 86_400;

const PREFIX: &str = "/gateway/user/v1/auth/cookie/";

/// A browser says whose page is asking; scripts cannot.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What an answer of a role's auth may hold.
const ANSWER_MAX: usize = 64 * 1024;

/// Whether a call to `path` may look at a cookie.
pub(crate) fn is_read_at(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// As `login` for this server's own page: the refresh token goes into a cookie no script reads.
#[utoipa::path(
    post, path = "/gateway/user/v1/auth/cookie/login", tag = "gateway",
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in; `Set-Cookie` has the refresh token",
            body = KeptSignIn),
        (status = 401, description = "invalid_credentials", body = ProblemBody),
        (status = 403, description = "forbidden: not asked by a page of this very origin",
            body = ProblemBody),
    )
)]
pub(crate) async fn log_in(State(app): State<Arc<App>>, request: Request) -> Response {
    if !is_of_our_page(&request) {
        return foreign();
    }
    keep(app.user.call(inward(towards(request, "login"))).await).await
}

/// As `refresh` for this server's own page: the refresh token comes and goes in the cookie.
#[utoipa::path(
    post, path = "/gateway/user/v1/auth/cookie/refresh", tag = "gateway",
    security(("cookie" = [])),
    responses(
        (status = 200, description = "Signed in for longer; `Set-Cookie` has the next token",
            body = KeptSignIn),
        (status = 401, description = "unauthenticated or token_expired: sign in again",
            body = ProblemBody),
        (status = 403, description = "forbidden: not asked by a page of this very origin",
            body = ProblemBody),
    )
)]
pub(crate) async fn refresh(State(app): State<Arc<App>>, request: Request) -> Response {
    if !is_of_our_page(&request) {
        return foreign();
    }
    let Some(token) = token(request.headers()) else {
        return ApiError::new(Code::Unauthenticated, "No sign-in is kept here").into_response();
    };
    let mut request = towards(request, "refresh");
    *request.body_mut() = Body::from(json!({ "refresh_token": token }).to_string());
    request.headers_mut().remove(CONTENT_LENGTH);
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    let answer = app.user.call(inward(request)).await;
    // What is refused for good is forgotten; what failed for the moment is not.
    let refused = answer.status() == StatusCode::UNAUTHORIZED;
    let answer = keep(answer).await;
    if refused { forget(answer) } else { answer }
}

/// As `logout` for this server's own page: the cookie goes, too.
#[utoipa::path(
    post, path = "/gateway/user/v1/auth/cookie/logout", tag = "gateway",
    security(("token" = [])),
    request_body = LogoutRequest,
    responses(
        (status = 200, description = "Signed out", body = LoggedOut),
        (status = 401, description = "unauthenticated or token_expired", body = ProblemBody),
        (status = 403, description = "forbidden: not asked by a page of this very origin",
            body = ProblemBody),
    )
)]
pub(crate) async fn log_out(State(app): State<Arc<App>>, request: Request) -> Response {
    if !is_of_our_page(&request) {
        return foreign();
    }
    let answer = app.user.call(inward(towards(request, "logout"))).await;
    if answer.status().is_success() { forget(answer) } else { answer }
}

/// Whether the browser says that a page of this origin asks. Old browsers, and those that do not
/// trust the connection, say only which origin it is.
fn is_of_our_page(request: &Request) -> bool {
    let headers = request.headers();
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin";
    }
    let host = request.uri().authority().map(ToString::to_string);
    let host = host.or_else(|| Some(headers.get(HOST)?.to_str().ok()?.to_owned()));
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let asking =
        origin.and_then(|origin| Some(origin.parse::<Uri>().ok()?.authority()?.to_string()));
    asking.is_some() && asking == host
}

fn foreign() -> Response {
    ApiError::new(Code::Forbidden, "Only this server's own page may call this").into_response()
}

/// The same request for the role's own call, without the cookie.
fn towards(mut request: Request, call: &str) -> Request {
    request.headers_mut().remove(COOKIE);
    let path = format!("/gateway/user/v1/auth/{call}");
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// The refresh token of the cookie.
fn token(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim() == NAME)?;
    Some(value.trim().to_owned())
}

/// Moves the refresh token of a sign-in from the body into the cookie.
async fn keep(answer: Response) -> Response {
    if !answer.status().is_success() {
        return answer;
    }
    let body = match to_bytes(answer.into_body(), ANSWER_MAX).await {
        Ok(body) => body,
        Err(error) => return ApiError::internal(&error).into_response(),
    };
    let signed_in: SignedIn = match serde_json::from_slice(&body) {
        Ok(signed_in) => signed_in,
        Err(error) => return ApiError::internal(&error).into_response(),
    };
    let SignedIn { access_token, token_type, expires_in, refresh_token } = signed_in;
    let shown = KeptSignIn { access_token, token_type, expires_in };
    let cookie = written(&refresh_token, MAX_AGE_SECONDS);
    ([(SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".to_owned())], Json(shown)).into_response()
}

fn forget(mut answer: Response) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(&written("", 0)) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

fn written(value: &str, max_age: u32) -> String {
    format!("{NAME}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests;
