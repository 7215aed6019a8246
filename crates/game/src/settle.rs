//! After an operator made good what a house could not pay: its rounds cost nothing any more.

use kernel::RoundId;
use platform::sqlite::{Reader, StoreError, Writer};

use crate::store;

/// The rounds whose close the wallet did not agree to, and whose exposure is kept for that, in
/// order; at most `limit` of them after `after`.
///
/// For a file at rest, opened with [`crate::SCHEMA`].
///
/// # Errors
/// The file's.
pub async fn disagreed(
    reader: &Reader,
    after: Option<RoundId>,
    limit: u32,
) -> Result<Vec<RoundId>, StoreError> {
    reader.run(move |connection| store::disagreed(connection, after, limit)).await
}

/// Gives the exposure of these rounds free, once and for all: their closes agree by now. Returns
/// how many there were that kept it.
///
/// For a file at rest, opened with [`crate::SCHEMA`]: no lobby is told of it before its start.
///
/// # Errors
/// The file's.
pub async fn free_exposure(writer: &Writer, rounds: Vec<RoundId>) -> Result<usize, StoreError> {
    writer.run(move |tx| store::free_exposure(tx, &rounds)).await
}
