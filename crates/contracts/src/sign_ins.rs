//! What every process that believes players' tokens must know of them.

use async_trait::async_trait;
use kernel::PlayerId;

use crate::IdentityError;

/// Which keys sign tokens, and whose tokens are worth nothing any more.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// The keys of this moment, and the first sign-ins that ended after `since`.
    ///
    /// # Errors
    /// [`IdentityError::Unavailable`]: ask again.
    async fn known(&self, since: &Since) -> Result<Known, IdentityError>;
}

/// An instant (Unix time) and the last sign-in of that instant that is known already; an empty one
/// comes before all.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// Unix time.
    pub at_ms: i64,
    /// Its id.
    pub session: String,
}

/// What is known of tokens now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Public keys (RFC 8032 §5.1.5), the one in use first.
    pub keys: Vec<[u8; 32]>,
    /// Sign-ins that ended before their tokens did, oldest first.
    pub ended: Vec<EndedSignIn>,
    /// Whether there are more behind the last of them.
    pub more: bool,
}

/// A sign-in that was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSignIn {
    /// Whose.
    pub player: PlayerId,
    /// Its id, as tokens name it.
    pub session: String,
    /// When it was ended, Unix time.
    pub at_ms: i64,
}
