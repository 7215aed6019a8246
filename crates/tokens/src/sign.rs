//! Makes tokens.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::claims::{Payload, PlayerClaims};
use crate::jws::Named;
use crate::{PLAYER_TYPE, SigningKey, Verifier};

/// Signs player tokens in the name of one issuer, for one audience. Clones share
/// the key.
#[derive(Clone, Debug)]
pub struct Signer {
    key: Arc<RwLock<Arc<Named>>>,
    issuer: String,
    audience: String,
}

impl Signer {
    /// Signs with `key` for `issuer` and `audience`.
    pub fn new(key: SigningKey, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let key = Arc::new(RwLock::new(Arc::new(Named::new(key))));
        Self { key, issuer: issuer.into(), audience: audience.into() }
    }

    /// Signs with this key from now on. Whoever verifies must trust it before.
    pub fn sign_with(&self, key: SigningKey) {
        *self.key.write() = Arc::new(Named::new(key));
    }

    /// The compact form of `claims` (RFC 7515 §7.1).
    #[must_use]
    pub fn sign(&self, claims: &PlayerClaims) -> String {
        let named = Arc::clone(&self.key.read());
        let payload = Payload {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.player.to_string(),
            name: claims.username.clone(),
            sid: claims.session.clone(),
            iat: claims.issued_at_s,
            exp: claims.expires_at_s,
        };
        named.sign(PLAYER_TYPE, &payload)
    }

    /// Verifies what this signer makes with the key it has now.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        let key = self.key.read().key.verifying_key();
        Verifier::new(vec![key], &*self.issuer, &*self.audience)
    }
}
