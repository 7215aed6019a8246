//! Makes tokens.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::RwLock;
use serde::Serialize;

use crate::claims::{Header, Payload, PlayerClaims};
use crate::{ALGORITHM, PLAYER_TYPE, SigningKey, Verifier};

/// Signs player tokens in the name of one issuer, for one audience. Clones share
/// the key.
#[derive(Clone, Debug)]
pub struct Signer {
    key: Arc<RwLock<Arc<Named>>>,
    issuer: String,
    audience: String,
}

/// A key beside the id its tokens carry.
#[derive(Debug)]
struct Named {
    key: SigningKey,
    id: String,
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
        let header = Header {
            alg: ALGORITHM.into(),
            kid: named.id.clone(),
            typ: PLAYER_TYPE.into(),
            crit: false,
        };
        let payload = Payload {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.player.to_string(),
            name: claims.username.clone(),
            sid: claims.session.clone(),
            iat: claims.issued_at_s,
            exp: claims.expires_at_s,
        };
        let message = format!("{}.{}", encode(&header), encode(&payload));
        let signature = URL_SAFE_NO_PAD.encode(named.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// Verifies what this signer makes with the key it has now.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        let key = self.key.read().key.verifying_key();
        Verifier::new(vec![key], &*self.issuer, &*self.audience)
    }
}

impl Named {
    fn new(key: SigningKey) -> Self {
        let id = key.verifying_key().id().to_owned();
        Self { key, id }
    }
}

/// JSON in base64url. Structs of strings and numbers always have a JSON form.
fn encode(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}
