//! Where players and their sign-ins are kept.

use async_trait::async_trait;
use kernel::{PlayerId, Sealed};

pub use crate::refresh::{Handle, TokenHash};

mod bounds;
mod postgres;
mod sqlite;

pub use postgres::{POSTGRES_SCHEMA, PostgresStore};
pub use sqlite::SCHEMA;
pub use sqlite::SqliteStore;

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Refused by the store itself; nothing was changed, and trying again will not help.
    #[error("the store refused: {0}")]
    Failed(String),
    /// The outcome is unknown.
    #[error("the store did not answer; the outcome is unknown")]
    Unavailable,
}

/// A player to be made.
#[derive(Clone, Debug)]
pub struct NewPlayer {
    pub username: String,
    /// A PHC string.
    pub password_hash: Sealed<String>,
    /// Unix time, for display.
    pub created_at_ms: i64,
}

/// A player as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPlayer {
    pub player: PlayerId,
    pub username: String,
    pub password_hash: Sealed<String>,
}

/// How long sign-ins last, and how many a player has.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Without a refresh for so long a sign-in is over.
    pub idle_ms: i64,
    /// So long after it began it is over in any case.
    pub whole_ms: i64,
    /// Signing in once more ends the one that was used longest ago.
    pub per_player: u32,
    /// A spent refresh token shown again within this time is a retry, not a theft.
    pub grace_ms: i64,
    /// How long the end of a sign-in, or one that ran out, is remembered.
    pub kept_ms: i64,
}

/// A sign-in to be kept.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub player: PlayerId,
    /// What the password was proved against: kept only while it still stands.
    pub password_hash: Sealed<String>,
    /// Its id.
    pub session: String,
    /// What its refresh tokens begin with.
    pub handle: Handle,
    /// Its first refresh token.
    pub hash: TokenHash,
}

/// One refresh token to be spent for another.
#[derive(Clone, Debug)]
pub struct Rotation {
    pub session: String,
    /// The one shown.
    pub shown: TokenHash,
    /// The one to be given.
    pub next: TokenHash,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The next one is good.
    Fresh(PlayerId, String),
    /// There is no such sign-in, or it was ended.
    Unknown,
    /// The sign-in has run out.
    Over,
    /// The token was spent before: the sign-in was ended now, as both who hold it cannot be told
    /// apart.
    Reused(PlayerId),
}

/// A new password in place of the old one.
#[derive(Clone, Debug)]
pub struct Replacement {
    pub player: PlayerId,
    /// What must still be stored.
    pub old_hash: Sealed<String>,
    pub new_hash: Sealed<String>,
    /// The sign-in that goes on.
    pub session: String,
    /// Its refresh token from now on.
    pub next: TokenHash,
}

/// What a new password did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// What the refresh tokens of the sign-in that goes on begin with.
    pub handle: Handle,
    /// The other sign-ins of the player, which it ended.
    pub ended: Vec<String>,
}

/// A sign-in that ended before its tokens did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSession {
    pub player: PlayerId,
    pub session: String,
    pub at_ms: i64,
}

/// The players of the user database: numbered from 1, each name once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Keeps a new player; `None` if the name is taken.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: outcome unknown.
    async fn register(&self, new: NewPlayer) -> Result<Option<PlayerId>, StoreError>;

    /// The player of this exact name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn find(&self, username: &str) -> Result<Option<StoredPlayer>, StoreError>;

    /// The names of `players`, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn usernames(&self, players: &[PlayerId]) -> Result<Vec<Option<String>>, StoreError>;

    /// Keeps a sign-in, and clears away some of those long over. Answers which sign-ins of the
    /// player it ended because there were too many; `None` if the password was replaced meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn open_session(
        &self,
        new: NewSession,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Option<Vec<String>>, StoreError>;

    /// Spends a refresh token.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn rotate(
        &self,
        rotation: Rotation,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Rotated, StoreError>;

    /// Ends the player's sign-in `session`, or all of them without one; answers which were not
    /// yet ended.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn end_sessions(
        &self,
        player: PlayerId,
        session: Option<String>,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Vec<String>, StoreError>;

    /// Replaces a password, ends the player's other sign-ins, and gives the one that goes on
    /// another refresh token. `None`, and nothing was done, if the
    /// password or the sign-in is another one meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn replace_password(
        &self,
        replacement: Replacement,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Option<Replaced>, StoreError>;

    /// The sign-ins that ended and are still remembered, `most` of the latest, oldest first;
    /// everything older is cleared away.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ended_sessions(&self, now_ms: i64, most: u32)
    -> Result<Vec<EndedSession>, StoreError>;
}

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
