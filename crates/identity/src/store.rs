//! Where players are kept.

use async_trait::async_trait;
use kernel::{PlayerId, Sealed};
use platform::sqlite::StoreError;

mod sqlite;

pub use sqlite::SCHEMA;
pub(crate) use sqlite::SqliteStore;

/// A player to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewPlayer {
    pub(crate) username: String,
    /// A PHC string.
    pub(crate) password_hash: Sealed<String>,
    /// Unix time, for display.
    pub(crate) created_at_ms: i64,
}

/// A player as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPlayer {
    pub(crate) player: PlayerId,
    pub(crate) username: String,
    pub(crate) password_hash: Sealed<String>,
}

/// The players of the user database: numbered from 1, each name once.
#[async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// Keeps a new player; `None` if the name is taken.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: outcome unknown.
    async fn register(&self, new: NewPlayer) -> Result<Option<PlayerId>, StoreError>;

    /// The player of this exact name.
    async fn find(&self, username: &str) -> Result<Option<StoredPlayer>, StoreError>;

    /// The names of `players`, in their order.
    async fn usernames(&self, players: &[PlayerId]) -> Result<Vec<Option<String>>, StoreError>;
}

#[cfg(test)]
mod conformance;
