//! The book on disk: a batch of commands is decided and stored in one transaction.

mod failpoints;
mod sqlite;

use async_trait::async_trait;
use kernel::{Amount, PlayerId};
use ledger::{Answer, Command, Funds, FundsRefusal, FundsTaken, Parked, Transfer};
use platform::http::Idempotent;
use platform::http::idempotency::KeptAnswer;

pub use sqlite::SCHEMA;
pub(crate) use sqlite::{SqliteStore, parked, settle_parked};

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
    /// Whose money moved: each player once, as the batch left them.
    pub(crate) moved: Vec<Moved>,
}

/// A player whose money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Who.
    pub(crate) player: PlayerId,
    /// What there is now.
    pub(crate) balance: Balance,
    /// The place of the last movement in the book: rises with every one.
    pub(crate) version: u64,
}

/// A player's call that may come again, and what it is answered when it is done.
#[derive(Clone, Debug)]
pub(crate) struct Keyed {
    /// How the call is known again.
    pub(crate) call: Idempotent,
    /// Kept with the transfer.
    pub(crate) answer: KeptAnswer,
}

/// What became of a player's own money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Funded {
    /// Decided now; what moved stands in the second.
    Now(Result<FundsTaken, FundsRefusal>, Option<Moved>),
    /// Done by an earlier call under the same key; nothing moved now.
    Before(KeptAnswer),
    /// The key stands for another request; nothing moved.
    Mismatch,
}

/// What a player has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

    /// Decides one player's own money as [`Store::apply`] would, in a transaction with the answer
    /// that is kept for `keyed`. A refusal is not kept.
    async fn change_funds(&self, funds: Funds, keyed: Option<Keyed>) -> Result<Funded, StoreError>;

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
