//! Reads tokens, and believes only what it must.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::PlayerId;
use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::claims::{Payload, PlayerClaims};
use crate::jws::genuine;
use crate::revocation::Revocations;
use crate::{PLAYER_TYPE, VerifyingKey};

/// Verifies player tokens of one issuer, for one audience, by the keys it was given. Clones
/// share the keys and what was revoked.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Arc<RwLock<Keys>>,
    revocations: Arc<Revocations>,
    /// Tokens whose key was not known.
    unknown: Arc<AtomicU64>,
    issuer: String,
    audience: String,
}

/// Whose signatures count.
#[derive(Debug)]
struct Keys {
    trusted: Vec<VerifyingKey>,
    /// How often they were changed.
    changes: u64,
}

/// What a genuine token proved, so that it can be looked at again without its signature.
#[derive(Debug)]
pub struct Proven {
    claims: PlayerClaims,
    /// Of the keys it was believed by last.
    changes: AtomicU64,
}

/// Why a token proves nothing. Callers answer all but `Expired` alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of this form: too long, wrong parts, encoding, members or algorithm.
    #[error("not a token of this kind")]
    Malformed,
    /// Signed, it says, by a key that is not ours.
    #[error("signed by an unknown key")]
    UnknownKey,
    /// The signature is not that key's.
    #[error("wrong signature")]
    WrongSignature,
    /// Genuine, but by another issuer or for another audience.
    #[error("meant for somebody else")]
    NotForUs,
    /// Genuine, but over.
    #[error("expired")]
    Expired,
    /// Genuine and not over, but its session was signed out.
    #[error("signed out")]
    Revoked,
}

impl Proven {
    /// What it says.
    #[must_use]
    pub const fn claims(&self) -> &PlayerClaims {
        &self.claims
    }
}

impl Verifier {
    /// Trusts `keys` (the one in use first, then those being retired).
    pub fn new(
        keys: Vec<VerifyingKey>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Self {
        Self {
            keys: Arc::new(RwLock::new(Keys { trusted: keys, changes: 0 })),
            revocations: Arc::default(),
            unknown: Arc::default(),
            issuer: issuer.into(),
            audience: audience.into(),
        }
    }

    /// Trusts these keys from now on, and no others.
    pub fn trust(&self, keys: Vec<VerifyingKey>) {
        let mut known = self.keys.write();
        known.trusted = keys;
        known.changes += 1;
    }

    /// Every key that is trusted, the one in use first.
    #[must_use]
    pub fn trusted(&self) -> Vec<VerifyingKey> {
        self.keys.read().trusted.clone()
    }

    /// How many tokens named a key that was not known: one more may mean that there is a new key.
    #[must_use]
    pub fn unknown_keys(&self) -> u64 {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Tokens of this session, or without one all of `player`'s issued at or before `until_s`,
    /// are worth nothing from now on. Kept for [`crate::KEPT_S`] after `until_s`.
    pub fn revoke(&self, player: PlayerId, until_s: i64, session: Option<&str>) {
        self.revocations.add(player, until_s, session);
    }

    /// What `token` proves at `now_s`, Unix seconds.
    ///
    /// # Errors
    /// [`TokenError`], saying why it proves nothing.
    pub fn verify(&self, token: &str, now_s: i64) -> Result<PlayerClaims, TokenError> {
        self.verify_with_grace(token, now_s, 0)
    }

    /// The same, also for tokens that expired less than `grace_s` seconds ago: a cash-out is
    /// never refused for the hour of its token.
    ///
    /// # Errors
    /// [`TokenError`], saying why it proves nothing.
    pub fn verify_with_grace(
        &self,
        token: &str,
        now_s: i64,
        grace_s: u32,
    ) -> Result<PlayerClaims, TokenError> {
        self.prove(token, now_s, grace_s).map(|proven| proven.claims)
    }

    /// What `token` proves at `now_s`, to be looked at again with [`Self::verify_again`].
    ///
    /// # Errors
    /// [`TokenError`], saying why it proves nothing.
    pub fn verify_first(&self, token: &str, now_s: i64) -> Result<Proven, TokenError> {
        self.prove(token, now_s, 0)
    }

    /// Whether a token that was genuine still is good at `now_s`: not over, not signed out. Its
    /// signature is computed anew only the first time after other keys are trusted, which is rare,
    /// while every bet asks this.
    ///
    /// # Errors
    /// [`TokenError`], as [`Self::verify`] has it.
    pub fn verify_again(&self, proven: &Proven, token: &str, now_s: i64) -> Result<(), TokenError> {
        if self.keys.read().changes != proven.changes.load(Ordering::Relaxed) {
            let anew = self.prove(token, now_s, 0)?;
            proven.changes.fetch_max(anew.changes.into_inner(), Ordering::Relaxed);
            return Ok(());
        }
        self.check(&proven.claims, now_s, 0)
    }

    fn prove(&self, token: &str, now_s: i64, grace_s: u32) -> Result<Proven, TokenError> {
        // Read before the keys: a change in between makes the next look compute it again.
        let changes = self.keys.read().changes;
        let payload: Payload = genuine(token, PLAYER_TYPE, |id| self.key(id))?;
        if payload.iss != self.issuer || payload.aud != self.audience {
            return Err(TokenError::NotForUs);
        }
        let player = payload.sub.parse().map_err(|_| TokenError::Malformed)?;
        let claims = PlayerClaims {
            player,
            username: payload.name,
            session: payload.sid,
            issued_at_s: payload.iat,
            expires_at_s: payload.exp,
        };
        self.check(&claims, now_s, grace_s)?;
        Ok(Proven { claims, changes: AtomicU64::new(changes) })
    }

    fn check(&self, claims: &PlayerClaims, now_s: i64, grace_s: u32) -> Result<(), TokenError> {
        if claims.expires_at_s.saturating_add(i64::from(grace_s)) <= now_s {
            return Err(TokenError::Expired);
        }
        if self.revocations.cover(claims.player, claims.issued_at_s, &claims.session) {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }

    /// The public keys as a JWK set (RFC 7517 §5).
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.keys.read().trusted.iter().map(VerifyingKey::jwk).collect();
        json!({ "keys": keys })
    }

    /// The key of this id. A copy, so that no signature is computed while keys cannot change.
    fn key(&self, id: &str) -> Option<VerifyingKey> {
        let known = self.keys.read().trusted.iter().find(|key| key.id() == id).cloned();
        if known.is_none() {
            self.unknown.fetch_add(1, Ordering::Relaxed);
        }
        known
    }
}
