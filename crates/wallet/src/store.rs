//! The book on disk: a batch of commands is decided and stored in one transaction.

mod failpoints;
mod postgres;
mod sqlite;
mod words;

use async_trait::async_trait;
use kernel::{Amount, PlayerId};
use ledger::{Answer, Command, Funds, FundsRefusal, FundsTaken, Parked, Transfer};
use platform::http::Idempotent;
use platform::http::idempotency::KeptAnswer;

pub use postgres::{POSTGRES_SCHEMA, PostgresStore};
pub use sqlite::SCHEMA;
pub use sqlite::SqliteStore;
pub(crate) use sqlite::{made_good, parked, settle_parked};

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
pub struct Applied {
    /// In the order of the batch.
    pub answers: Vec<Answer>,
    /// What somebody must look at.
    pub parked: Vec<Parked>,
    /// Whose money moved: each player once, as the batch left them.
    pub moved: Vec<Moved>,
}

/// A player whose money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Who.
    pub player: PlayerId,
    /// What there is now.
    pub balance: Balance,
    /// The place of the last movement in the book: rises with every one.
    pub version: u64,
}

/// A player's call that may come again, and what it is answered when it is done.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// How the call is known again.
    pub call: Idempotent,
    /// Kept with the transfer.
    pub answer: KeptAnswer,
}

/// What became of a player's own money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Funded {
    /// Decided now; what moved stands in the second.
    Now(Result<FundsTaken, FundsRefusal>, Option<Moved>),
    /// Done by an earlier call under the same key; nothing moved now.
    Before(KeptAnswer),
    /// The key stands for another request; nothing moved.
    Mismatch,
}

/// What a player has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What can be staked now.
    pub available: Amount,
    /// What stands on open bets.
    pub held: Amount,
}

/// One transfer of a player's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the book.
    pub seq: u64,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// What moved.
    pub transfer: Transfer,
}

/// The book as a database keeps it. One suite, `conformance`, holds every implementation to it.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Notes the currency and its units in one whole, or compares them with those noted.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if others are noted, or the store's.
    async fn open_book(&self, currency: String, scale: i64) -> Result<(), StoreError>;

    /// Decides `batch` by [`ledger::decide`] and stores it; answers once it is durable. After
    /// [`StoreError::Unavailable`] the same batch may be applied again.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn apply(&self, batch: Vec<Command>) -> Result<Applied, StoreError>;

    /// Decides one player's own money as [`Store::apply`] would, in a transaction with the answer
    /// that is kept for `keyed`. A refusal is not kept.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn change_funds(&self, funds: Funds, keyed: Option<Keyed>) -> Result<Funded, StoreError>;

    /// What a player has, of one committed state; a player unknown here has nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn balance(&self, player: PlayerId) -> Result<Balance, StoreError>;

    /// What is still held for rounds that are closed: kept by closes that did not agree.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn escrow_kept(&self) -> Result<Amount, StoreError>;

    /// The player's transfers after place `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn statement(
        &self,
        player: PlayerId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError>;
}

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
