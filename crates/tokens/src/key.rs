//! Ed25519 keys and the ids they are found by.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The bytes are not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key: it has 32 bytes and names a point of the curve")]
pub struct KeyError;

/// A secret key. Wiped when dropped, never shown.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A public key with its id: the key's own thumbprint (RFC 7638), so it never names another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    key: ed25519_dalek::VerifyingKey,
    id: String,
}

impl SigningKey {
    /// The key that 32 random bytes make (RFC 8032 §5.1.5).
    #[must_use]
    pub fn generate(seed: [u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// The key stored as these bytes.
    ///
    /// # Errors
    /// [`KeyError`] unless there are 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let seed = bytes.try_into().map_err(|_| KeyError)?;
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(seed)))
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::new(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.0.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigningKey(..)")
    }
}

impl VerifyingKey {
    /// The public key with these bytes.
    ///
    /// # Errors
    /// [`KeyError`] unless they are 32 and name a point of the curve that is not weak.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = bytes.try_into().map_err(|_| KeyError)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError)?;
        if key.is_weak() { Err(KeyError) } else { Ok(Self::new(key)) }
    }

    /// Its 32 bytes (RFC 8032 §5.1.5).
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// What tokens signed by this key carry as `kid`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key as a JWK (RFC 8037 §2).
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "x": self.coordinate(),
            "kid": self.id, "use": "sig", "alg": crate::jws::ALGORITHM,
        })
    }

    fn new(key: ed25519_dalek::VerifyingKey) -> Self {
        let mut named = Self { key, id: String::new() };
        // Members in lexical order and without spaces, as the thumbprint demands.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, named.coordinate());
        named.id = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        named
    }

    fn coordinate(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.as_bytes())
    }

    /// Whether `signature` is this key's, strictly: no weak keys, no second form of a signature.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}
