//! The embedded database: one writer that commits in groups, and readers beside it.
//!
//! Guards "shown means stored": an answer leaves only after the commit it belongs to is on disk.

mod folding;
mod reader;
mod schema;
mod writer;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

pub use reader::Reader;
pub use schema::Schema;
pub use writer::{Writer, WriterMetrics};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or brought to this program's schema.
    #[error("the store cannot be opened: {0}")]
    Open(String),
    /// The job failed and changed nothing.
    #[error("the job failed and changed nothing: {0}")]
    Failed(#[from] rusqlite::Error),
    /// The job panicked and changed nothing.
    #[error("the job panicked and changed nothing")]
    Panicked,
    /// The commit failed or was never answered: the outcome is unknown, send the same again.
    #[error("the store did not answer; the outcome is unknown")]
    Unavailable,
}

impl StoreError {
    /// Whether a UNIQUE or PRIMARY KEY constraint refused the job.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        let Self::Failed(rusqlite::Error::SqliteFailure(failure, _)) = self else { return false };
        matches!(failure.extended_code, SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE)
    }
}

/// A statement is planned once, whatever is bound to it. Without this every statement with a bound
/// LIMIT is parsed and planned anew each time it runs (<https://sqlite.org/qpsg.html>).
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

#[cfg(test)]
mod tests;
