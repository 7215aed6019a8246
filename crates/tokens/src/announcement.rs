//! What a process says of itself where anybody may speak, signed with the key of its role.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::jws::{Named, genuine};
use crate::{SigningKey, TokenError, VerifyingKey};

/// Says what kind of text this is, so that no token passes for it (RFC 8725 §3.11).
const KIND: &str = "waxwing-announcement+jws";

/// `said` as a text that whoever knows the public half of `key` can believe.
#[must_use]
pub fn announce(key: &SigningKey, said: &impl Serialize) -> String {
    Named::new(key.clone()).sign(KIND, said)
}

/// What was announced, signed with one of `keys`. It is good for as long as they are.
///
/// # Errors
/// [`TokenError`], saying why it proves nothing.
pub fn announced<P: DeserializeOwned>(text: &str, keys: &[VerifyingKey]) -> Result<P, TokenError> {
    genuine(text, KIND, |id| keys.iter().find(|key| key.id() == id).cloned())
}

#[cfg(test)]
mod tests {
    use super::{announce, announced};
    use crate::{ServiceSigner, SigningKey, TokenError};

    #[test]
    fn what_is_announced_is_believed_by_the_key_of_its_role_alone() {
        let key = SigningKey::generate([7; 32]);
        let other = SigningKey::generate([8; 32]);
        let text = announce(&key, &["game-1", "http://10.0.0.7:9465"]);
        let believed = |keys: &[_]| announced::<[String; 2]>(&text, keys);
        let said = believed(&[other.verifying_key(), key.verifying_key()]).unwrap();
        assert_eq!(said, ["game-1", "http://10.0.0.7:9465"]);
        assert_eq!(believed(&[other.verifying_key()]), Err(TokenError::UnknownKey));
        assert_eq!(believed(&[]), Err(TokenError::UnknownKey));
    }

    #[test]
    fn a_token_of_the_same_key_announces_nothing() {
        let key = SigningKey::generate([7; 32]);
        let token = ServiceSigner::new(key.clone(), "game-1").token("user", 0);
        let read = announced::<serde_json::Value>(&token, &[key.verifying_key()]);
        assert_eq!(read, Err(TokenError::Malformed));
    }
}
