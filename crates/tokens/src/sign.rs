//! Makes tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::claims::{Header, Payload, PlayerClaims};
use crate::{ALGORITHM, PLAYER_TYPE, SigningKey, Verifier};

/// Signs player tokens in the name of one issuer, for one audience.
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    key_id: String,
    issuer: String,
    audience: String,
}

impl Signer {
    /// Signs with `key` for `issuer` and `audience`.
    pub fn new(key: SigningKey, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let key_id = key.verifying_key().id().to_owned();
        Self { key, key_id, issuer: issuer.into(), audience: audience.into() }
    }

    /// The compact form of `claims` (RFC 7515 §7.1).
    #[must_use]
    pub fn sign(&self, claims: &PlayerClaims) -> String {
        let header = Header {
            alg: ALGORITHM.into(),
            kid: self.key_id.clone(),
            typ: PLAYER_TYPE.into(),
            crit: false,
        };
        let payload = Payload {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.player.to_string(),
            name: claims.username.clone(),
            iat: claims.issued_at_s,
            exp: claims.expires_at_s,
        };
        let message = format!("{}.{}", encode(&header), encode(&payload));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// Verifies what this signer makes.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier::new(vec![self.key.verifying_key()], &*self.issuer, &*self.audience)
    }
}

/// JSON in base64url. Structs of strings and numbers always have a JSON form.
fn encode(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}
