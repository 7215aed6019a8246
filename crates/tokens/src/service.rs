//! Tokens by which the roles know each other: one process calls, one role is called.
//!
//! They live for a minute and name the role they are for, so that one that leaked opens little
//! and not for long. There is no default key: a process without one neither calls nor answers.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};

use crate::jws::{Named, genuine};
use crate::{SigningKey, TokenError, VerifyingKey};

/// Says what kind of token this is, so that a player's never passes for it (RFC 8725 §3.11).
const KIND: &str = "waxwing-service+jwt";
/// How long a token is good, in seconds.
const LIFETIME_S: i64 = 60;
/// A token is used for this long, so that it never ends on its way, in seconds.
const USED_S: i64 = 30;
/// How far the clocks of two machines may lie apart, in seconds.
const SKEW_S: i64 = 30;

/// The payload; serde refuses a missing or repeated claim.
#[derive(Debug, Deserialize, Serialize)]
struct Payload {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

/// Signs what this process sends to other roles. Clones share the tokens in use.
#[derive(Clone, Debug)]
pub struct ServiceSigner {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    key: Named,
    caller: String,
    /// The token last made for each role, and until when it is used.
    in_use: Mutex<Vec<(String, i64, Arc<str>)>>,
}

/// Believes what other processes of ours send to one role.
#[derive(Clone, Debug)]
pub struct ServiceVerifier {
    keys: Arc<RwLock<Vec<VerifyingKey>>>,
    audience: Arc<str>,
}

impl ServiceSigner {
    /// Signs with `key` in the name of `caller`, an instance as the log shall name it.
    pub fn new(key: SigningKey, caller: impl Into<String>) -> Self {
        let (key, caller, in_use) = (Named::new(key), caller.into(), Mutex::default());
        Self { shared: Arc::new(Shared { key, caller, in_use }) }
    }

    /// A token for the role `audience` that is good at `now_s`, Unix seconds; a signature is made
    /// only every half minute.
    #[must_use]
    pub fn token(&self, audience: &str, now_s: i64) -> Arc<str> {
        let mut in_use = self.shared.in_use.lock();
        let known = in_use.iter().position(|(to, ..)| to == audience);
        if let Some(known) = known {
            let (_, until_s, token) = &in_use[known];
            if (until_s - USED_S..*until_s).contains(&now_s) {
                return Arc::clone(token);
            }
            in_use.swap_remove(known);
        }
        let payload = Payload {
            iss: self.shared.caller.clone(),
            aud: audience.to_owned(),
            iat: now_s,
            exp: now_s + LIFETIME_S,
        };
        let token: Arc<str> = self.shared.key.sign(KIND, &payload).into();
        in_use.push((audience.to_owned(), now_s + USED_S, Arc::clone(&token)));
        token
    }
}

impl ServiceVerifier {
    /// Trusts `keys` for calls of the role `audience`.
    pub fn new(keys: Vec<VerifyingKey>, audience: impl Into<Arc<str>>) -> Self {
        Self { keys: Arc::new(RwLock::new(keys)), audience: audience.into() }
    }

    /// Trusts these keys from now on, and no others.
    pub fn trust(&self, keys: Vec<VerifyingKey>) {
        *self.keys.write() = keys;
    }

    /// Who called, as proved by `token` at `now_s`, Unix seconds.
    ///
    /// # Errors
    /// [`TokenError`], saying why it proves nothing.
    pub fn verify(&self, token: &str, now_s: i64) -> Result<String, TokenError> {
        let payload: Payload = genuine(token, KIND, |id| self.key(id))?;
        if *payload.aud != *self.audience {
            return Err(TokenError::NotForUs);
        }
        let lifetime_s = payload.exp.saturating_sub(payload.iat);
        if !(0..=LIFETIME_S).contains(&lifetime_s) || payload.iat > now_s.saturating_add(SKEW_S) {
            return Err(TokenError::Malformed);
        }
        if payload.exp.saturating_add(SKEW_S) <= now_s {
            return Err(TokenError::Expired);
        }
        Ok(payload.iss)
    }

    fn key(&self, id: &str) -> Option<VerifyingKey> {
        self.keys.read().iter().find(|key| key.id() == id).cloned()
    }
}

#[cfg(test)]
mod tests;
