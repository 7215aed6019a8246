//! An operator makes good what a house could not pay.

use kernel::RoundId;
use platform::sqlite::{Reader, StoreError, Writer};

use crate::parked::ParkedLine;
use crate::store;

/// Pays parked payouts that a house was too short for, what it lacks coming from the cashier, and
/// takes them off the list, with every parked close whose bets are now those of its lock. Returns
/// what was paid; call it again until that is nothing.
///
/// For a file at rest, opened with [`crate::SCHEMA`]: nobody is told of the balances.
///
/// # Errors
/// The file's.
pub async fn settle_parked(writer: &Writer, now_ms: i64) -> Result<Vec<ParkedLine>, StoreError> {
    writer.run(move |tx| store::settle_parked(tx, now_ms)).await
}

/// Those of `rounds` whose close once did not agree and does by now: nothing of them is held any
/// more, so that they cannot cost the house anything.
///
/// # Errors
/// The file's.
pub async fn made_good(reader: &Reader, rounds: Vec<RoundId>) -> Result<Vec<RoundId>, StoreError> {
    reader.run(move |connection| store::made_good(connection, &rounds)).await
}
