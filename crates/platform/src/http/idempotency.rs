//! Repeating a call safely: the same `Idempotency-Key` again gets the first answer again.
//!
//! A key belongs to one player and one route. Its answer is kept in the transaction of the effect
//! ([`keep`]), so both are there or neither. Refusals changed nothing and are not kept: the same
//! key may try again.

mod answer;

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use kernel::PlayerId;
use parking_lot::Mutex;
use protocol::Code;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::ApiError;
use super::extract::{parse, read};

pub use answer::{Found, KEPT_MS, KeptAnswer, PRUNED, SCHEMA, find, keep};

const HEADER: &str = "idempotency-key";
/// The longest key.
const KEY_LONGEST: usize = 255;
/// Calls with a key that may be worked on at once.
const RUNNING_MAX: usize = 16_384;

/// What a client calls one effect: 1 to 255 visible ASCII characters, taken as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// A call that may come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotent {
    /// The client's name for it.
    pub key: IdempotencyKey,
    /// Method and path, as the role sees them.
    pub route: String,
    /// SHA-256 over method, path and body: tells another request under the same key.
    pub fingerprint: [u8; 32],
}

/// A JSON body as [`super::Json`] takes it, and the request's key if it has one.
#[derive(Clone, Debug)]
pub struct KeyedJson<T> {
    /// How to know the call again; none without a key.
    pub idempotent: Option<Idempotent>,
    /// What is asked.
    pub body: T,
}

/// The calls with a key that this process is working on. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Running {
    calls: Arc<Mutex<HashSet<Call>>>,
}

/// A call being worked on, until this is dropped. Keep it until the outcome is definite.
#[derive(Debug)]
pub struct Turn {
    running: Running,
    call: Call,
}

type Call = (PlayerId, String, IdempotencyKey);

impl IdempotencyKey {
    /// The key in `headers`, if there is one.
    ///
    /// # Errors
    /// `malformed`: more than one, or not a key.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let key = value.to_str().ok().filter(|_| values.next().is_none()).and_then(Self::new);
        let detail = "`Idempotency-Key` is sent once, with 1 to 255 visible ASCII characters";
        key.map(Some).ok_or_else(|| ApiError::new(Code::Malformed, detail))
    }

    /// `text` as a key, if it can be one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && (1..=KEY_LONGEST).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The key's characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Idempotent {
    /// A call of `route` (method and path) with `body`, under `key`.
    #[must_use]
    pub fn new(key: IdempotencyKey, route: String, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        // A route has no line break, so no other pair of route and body reads the same.
        hash.update(route.as_bytes());
        hash.update(b"\n");
        hash.update(body);
        Self { key, route, fingerprint: hash.finalize().into() }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for KeyedJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let key = IdempotencyKey::of(request.headers())?;
        let route = format!("{} {}", request.method(), request.uri().path());
        let bytes = read(request, state).await?;
        let body = parse(&bytes)?;
        Ok(Self { idempotent: key.map(|key| Idempotent::new(key, route, &bytes)), body })
    }
}

impl Running {
    /// Marks a call as being worked on; none to mark without a key.
    ///
    /// # Errors
    /// `idempotency_running` if it is already; 503 if too many are.
    pub fn begin(
        &self,
        player: PlayerId,
        idempotent: Option<&Idempotent>,
    ) -> Result<Option<Turn>, ApiError> {
        let Some(Idempotent { key, route, .. }) = idempotent else { return Ok(None) };
        let call = (player, route.clone(), key.clone());
        let mut calls = self.calls.lock();
        if calls.contains(&call) {
            return Err(Code::IdempotencyRunning.into());
        }
        if calls.len() >= RUNNING_MAX {
            return Err(ApiError::overloaded());
        }
        calls.insert(call.clone());
        drop(calls);
        Ok(Some(Turn { running: self.clone(), call }))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.calls.lock().remove(&self.call);
    }
}

#[cfg(test)]
mod tests;
