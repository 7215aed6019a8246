//! What an error of the database says about the work it came from.

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Why the database did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, trusted or brought to this program's schema.
    #[error("the database cannot be used: {0}")]
    Open(String),
    /// Refused; nothing was changed, and trying again will not help.
    #[error("the database refused and changed nothing: {0}")]
    Failed(String),
    /// A row that was absent when it was looked for has come meanwhile; nothing was changed.
    #[error("the row is there already; nothing was changed: {0}")]
    Duplicate(String),
    /// Another transaction stood in the way; nothing was changed, the same again may be done.
    #[error("another transaction stood in the way; nothing was changed")]
    Conflict,
    /// The outcome is unknown: send the same again.
    #[error("the database did not answer; the outcome is unknown")]
    Unavailable,
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Some(refusal) = error.as_db_error() else {
            // Ours, not the connection's: a value that is not what its column holds.
            let source = std::error::Error::source(&error);
            let is_lost = error.is_closed()
                || source.is_none_or(<dyn std::error::Error>::is::<std::io::Error>);
            return if is_lost { Self::Unavailable } else { Self::Failed(error.to_string()) };
        };
        of_state(refusal.code(), refusal.message())
    }
}

/// Appendix A of PostgreSQL's manual lists the codes; the first two characters are the class.
fn of_state(state: &SqlState, message: &str) -> StoreError {
    if *state == SqlState::UNIQUE_VIOLATION {
        return StoreError::Duplicate(message.to_owned());
    }
    if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(state) {
        return StoreError::Conflict;
    }
    // A standby that will be the primary takes no writes yet; a transaction goes no further after
    // one of its statements took too long.
    let passing = [
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IN_FAILED_SQL_TRANSACTION,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    // Connections, rollbacks whose completion is unknown, resources, an operator's hand, the
    // system's own errors.
    let class = &state.code()[..2];
    if passing.contains(state) || ["08", "40", "53", "57", "58"].contains(&class) {
        return StoreError::Unavailable;
    }
    StoreError::Failed(format!("{message} ({})", state.code()))
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => match Self::from(error) {
                // Nothing was sent yet that a row could stand against.
                Self::Failed(reason) => Self::Open(reason),
                other => other,
            },
            PoolError::Timeout(_) | PoolError::Closed => Self::Unavailable,
            other => Self::Open(other.to_string()),
        }
    }
}
