//! The compact form of a signed token (RFC 7515 §7.1): one algorithm, one spelling, one key each.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::verify::TokenError;
use crate::{SigningKey, VerifyingKey};

/// The one algorithm, in the one spelling.
pub(crate) const ALGORITHM: &str = "EdDSA";
/// Longer ones are refused unread, in bytes.
const LONGEST: usize = 4_096;

/// A key beside the id its tokens carry.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) key: SigningKey,
    id: String,
}

/// The protected header. Members that point at keys (`jku`, `jwk`, `x5u`, `x5c`) are not read.
#[derive(Debug, Deserialize, Serialize)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
    /// We understand no extension, so naming a critical one, even `null`, is refused.
    #[serde(default, skip_serializing, deserialize_with = "present")]
    crit: bool,
}

impl Named {
    pub(crate) fn new(key: SigningKey) -> Self {
        let id = key.verifying_key().id().to_owned();
        Self { key, id }
    }

    /// `payload` as a token of this kind.
    pub(crate) fn sign(&self, kind: &str, payload: &impl Serialize) -> String {
        let header =
            Header { alg: ALGORITHM.into(), kid: self.id.clone(), typ: kind.into(), crit: false };
        let message = format!("{}.{}", encode(&header), encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// The payload of a token of this kind, once the signature was found to be that of a key that
/// `key` knows by its id. Nothing of the payload is read before.
pub(crate) fn genuine<P: DeserializeOwned>(
    token: &str,
    kind: &str,
    key: impl FnOnce(&str) -> Option<VerifyingKey>,
) -> Result<P, TokenError> {
    if token.len() > LONGEST {
        return Err(TokenError::Malformed);
    }
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [header, payload, signature] = parts[..] else { return Err(TokenError::Malformed) };
    let message = &token[..token.len() - signature.len() - 1];
    let header: Header = parse(header)?;
    if header.alg != ALGORITHM || header.typ != kind || header.crit {
        return Err(TokenError::Malformed);
    }
    let key = key(&header.kid).ok_or(TokenError::UnknownKey)?;
    if !key.signed(message.as_bytes(), &decode(signature)?) {
        return Err(TokenError::WrongSignature);
    }
    parse(payload)
}

/// JSON in base64url. Structs of strings and numbers always have a JSON form.
fn encode(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}

/// Base64url in its one canonical form: no padding, no stray bits, no other alphabet.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

/// Text first (RFC 7519 §7.2): bytes that are none would pass in members that nobody reads.
fn parse<T: DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let text = String::from_utf8(decode(part)?).map_err(|_| TokenError::Malformed)?;
    serde_json::from_str(&text).map_err(|_| TokenError::Malformed)
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}
