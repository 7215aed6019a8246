//! Preconditions of handlers: what cannot be extracted is refused with a problem.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use kernel::PlayerId;
use protocol::{Code, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokens::{PlayerClaims, TokenError, Verifier};

use super::ApiError;
use crate::clock::Clock;

/// A player whose token was verified. The router's state holds the verifier and the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatedPlayer {
    /// Who asks.
    pub player: PlayerId,
    /// The name they play under.
    pub username: String,
    /// The sign-in whose token it is.
    pub session: String,
}

/// A JSON body, in and out. Whatever the content type says (old clients leave it out), the body
/// must be JSON; an empty one stands for `{}`.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// Parts of the path. What does not parse names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// The query string.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S> FromRequestParts<S> for AuthenticatedPlayer
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
    Arc<dyn Clock>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers)
            .ok_or_else(|| ApiError::new(Code::Unauthenticated, "A bearer token is required"))?;
        let now_s = <Arc<dyn Clock>>::from_ref(state).unix_ms().div_euclid(1_000);
        match <Arc<Verifier>>::from_ref(state).verify(token, now_s) {
            Ok(PlayerClaims { player, username, session, .. }) => {
                Ok(Self { player, username, session })
            }
            Err(TokenError::Expired) => {
                Err(ApiError::new(Code::TokenExpired, "The token has expired"))
            }
            Err(_) => Err(ApiError::new(Code::Unauthenticated, "Invalid token")),
        }
    }
}

/// The token of `Authorization: Bearer <token>`; the scheme's case does not matter (RFC 9110), and
/// there is one such line or none.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Ok(Self(parse(&read(request, state).await?)?))
    }
}

/// The whole body.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|refused| {
        if refused.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
            ApiError::from(Code::TooLarge)
        } else {
            ApiError::new(Code::Malformed, "The body could not be read to its end")
        }
    })
}

/// What a body says. Bodies are objects: an array would be taken for its fields in order. They are
/// UTF-8 to the last byte: `serde_json` would look into the fields that it knows alone.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // What JSON calls space: a form feed is none, though ASCII calls it white.
    let body = match body.iter().find(|byte| !b" \t\r\n".contains(byte)) {
        None => b"{}",
        Some(b'[') => return Err(ApiError::new(Code::Malformed, "The body is not an object")),
        Some(_) => body,
    };
    let body = std::str::from_utf8(body)
        .map_err(|_| ApiError::new(Code::Malformed, "The body is not UTF-8"))?;
    Ok(serde_json::from_str(body).map_err(|error| Problem::from_json_error(&error))?)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Code::NotFound.into()),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(refused) => Err(ApiError::new(Code::Malformed, refused.body_text())),
        }
    }
}
