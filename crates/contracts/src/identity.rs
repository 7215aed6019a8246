//! What other roles ask of identity.

use async_trait::async_trait;
use kernel::PlayerId;

/// Who players are, by number.
#[async_trait]
pub trait Identity: Send + Sync {
    /// The profiles of `players`, in their order; `None` for numbers nobody has.
    ///
    /// # Errors
    /// [`IdentityError::Unavailable`]: nothing was changed, ask again.
    async fn profiles(&self, players: &[PlayerId]) -> Result<Vec<Option<Profile>>, IdentityError>;
}

/// What others may know of a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The player.
    pub player: PlayerId,
    /// The name shown beside their bets.
    pub username: String,
}

/// Why identity did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Nothing was changed; ask again.
    #[error("identity did not answer")]
    Unavailable,
}
