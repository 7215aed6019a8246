//! Refresh tokens: random bytes that only their holder knows, and what of them may be stored.
//!
//! The first 16 bytes, the handle, are the same in all tokens of a sign-in and lead to it; the
//! other 32 are new in each and prove. So a spent token is recognized for ever without being kept:
//! it leads to a sign-in that lives and does not prove it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Sealed;
use platform::random::{Random, array};
use sha2::{Digest as _, Sha256};

const HANDLE: usize = 16;
const SECRET: usize = 32;
/// Keeps ids of sessions apart from every other hash.
const SESSION: &[u8] = b"waxwing session";

/// What leads to a sign-in. Whoever knows it alone can end that sign-in, and nothing else.
pub type Handle = [u8; HANDLE];

/// What the store may know of a token: SHA-256 of what proves it.
pub type TokenHash = [u8; 32];

/// A refresh token.
pub(crate) struct RefreshToken {
    handle: Handle,
    secret: Secret,
}

/// The part that proves.
pub(crate) struct Secret(Sealed<[u8; SECRET]>);

impl RefreshToken {
    /// The first of a new sign-in.
    pub(crate) fn open(random: &dyn Random) -> Self {
        Secret::new(random).of(array(random))
    }

    /// The token written as `text`, in its one form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (handle, secret) = bytes.split_first_chunk()?;
        Some(Secret(Sealed::new(secret.try_into().ok()?)).of(*handle))
    }

    /// What its holder gets.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode([&self.handle[..], self.secret.0.expose()].concat())
    }

    /// What leads to its sign-in.
    pub(crate) const fn handle(&self) -> Handle {
        self.handle
    }

    /// Names the sign-in, also in access tokens; it does not lead back to a refresh token.
    pub(crate) fn session(&self) -> String {
        let hash = Sha256::new().chain_update(SESSION).chain_update(self.handle);
        URL_SAFE_NO_PAD.encode(&hash.finalize()[..HANDLE])
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> TokenHash {
        self.secret.hash()
    }
}

impl Secret {
    pub(crate) fn new(random: &dyn Random) -> Self {
        Self(Sealed::new(array(random)))
    }

    pub(crate) fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.expose()).into()
    }

    /// The token of a sign-in that this proves.
    pub(crate) const fn of(self, handle: Handle) -> RefreshToken {
        RefreshToken { handle, secret: self }
    }
}

#[cfg(test)]
mod tests {
    use platform::random::SystemRandom;

    use super::{RefreshToken, Secret};

    #[test]
    fn tokens_of_one_sign_in_share_its_name_and_nothing_that_proves() {
        let first = RefreshToken::open(&SystemRandom);
        let next = Secret::new(&SystemRandom).of(first.handle());
        assert_eq!(first.session(), next.session());
        assert_ne!(first.hash(), next.hash());
        assert_ne!(first.text()[22..], next.text()[22..]);
        assert_ne!(first.session(), RefreshToken::open(&SystemRandom).session());
        assert!(!first.text().contains(&first.session()));
    }

    #[test]
    fn a_token_has_one_form() {
        let token = RefreshToken::open(&SystemRandom);
        let text = token.text();
        assert_eq!(text.len(), 64);
        assert_eq!(RefreshToken::parse(&text).unwrap().hash(), token.hash());
        let forms = [
            "",
            &text[1..],
            &text[..60],
            &format!("{text}="),
            &format!(" {text}"),
            &"é".repeat(32),
        ];
        for form in forms {
            assert!(RefreshToken::parse(form).is_none(), "{form}");
        }
    }
}
