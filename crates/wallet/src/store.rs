//! The book on disk: a batch of commands is decided and stored in one transaction.

mod failpoints;
mod sqlite;

use async_trait::async_trait;
use kernel::{Amount, PlayerId};
use ledger::{Answer, Command, Parked, Transfer};

pub use sqlite::SCHEMA;
pub(crate) use sqlite::SqliteStore;

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Refused by the store itself; nothing was changed, and trying again will not help.
    #[error("the store refused: {0}")]
    Failed(String),
    /// The outcome is unknown: apply the same again.
    #[error("the store did not answer")]
    Unavailable,
}

/// What a batch came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// In the order of the batch.
    pub(crate) answers: Vec<Answer>,
    /// What somebody must look at.
    pub(crate) parked: Vec<Parked>,
}

/// What a player has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Balance {
    /// What can be staked now.
    pub(crate) available: Amount,
    /// What stands on open bets.
    pub(crate) held: Amount,
}

/// One transfer of a player's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its place in the book.
    pub(crate) seq: u64,
    /// When, in Unix milliseconds.
    pub(crate) at_ms: i64,
    /// What moved.
    pub(crate) transfer: Transfer,
}

/// The book as a database keeps it. One suite, `conformance`, holds every implementation to it.
#[async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// Notes the currency and its units in one whole, or compares them with those noted.
    async fn open_book(&self, currency: String, scale: i64) -> Result<(), StoreError>;

    /// Decides `batch` by [`ledger::decide`] and stores it; answers once it is durable. After
    /// [`StoreError::Unavailable`] the same batch may be applied again.
    async fn apply(&self, batch: Vec<Command>) -> Result<Applied, StoreError>;

    /// What a player has, of one committed state; a player unknown here has nothing.
    async fn balance(&self, player: PlayerId) -> Result<Balance, StoreError>;

    /// The player's transfers after place `after`, oldest first, at most `limit`.
    async fn statement(
        &self,
        player: PlayerId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError>;
}

#[cfg(test)]
pub(crate) mod conformance;
