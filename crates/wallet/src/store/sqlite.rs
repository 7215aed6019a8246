//! The book in SQLite. One writer commits in groups; balances and statements are read beside it.

mod columns;
mod load;
mod schema;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Amount, PlayerId};
use ledger::{Command, decide, touches};
use platform::clock::Clock;
use platform::sqlite::{Reader, StoreError as SqliteError, Writer};
use rusqlite::{OptionalExtension, Transaction, params};

use super::failpoints;
use super::{Applied, Balance, Line, Store, StoreError};

pub use schema::SCHEMA;

/// The handles of the user role's file.
#[derive(Clone)]
pub(crate) struct SqliteStore {
    writer: Writer,
    reader: Reader,
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    pub(crate) fn new(writer: Writer, reader: Reader, clock: Arc<dyn Clock>) -> Self {
        Self { writer, reader, clock }
    }
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Unavailable => Self::Unavailable,
            other => Self::Failed(other.to_string()),
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn open_book(&self, currency: String, scale: i64) -> Result<(), StoreError> {
        let asked = (currency.clone(), scale);
        let noted = self.writer.run(move |tx| note_book(tx, &currency, scale)).await?;
        if noted == asked {
            return Ok(());
        }
        Err(StoreError::Failed(format!(
            "the book is kept in {} with {} units in one whole, not in {} with {}",
            noted.0, noted.1, asked.0, asked.1
        )))
    }

    async fn apply(&self, batch: Vec<Command>) -> Result<Applied, StoreError> {
        let at_ms = self.clock.unix_ms();
        let applied = self.writer.run(move |tx| {
            let applied = apply(tx, &batch, at_ms)?;
            failpoints::before_commit(&batch);
            Ok((applied, batch))
        });
        let (applied, batch) = applied.await?;
        if failpoints::after_commit(&batch) { Err(StoreError::Unavailable) } else { Ok(applied) }
    }

    async fn balance(&self, player: PlayerId) -> Result<Balance, StoreError> {
        let player = player.as_i64();
        let read = self.reader.run(move |connection| {
            let available = connection
                .prepare_cached(
                    "SELECT balance_units FROM ledger_account WHERE kind = 'player' AND id = ?1",
                )?
                .query_row([player], |row| row.get(0))
                .optional()?;
            let held = connection
                .prepare_cached(
                    "SELECT coalesce(sum(stake_steps), 0) * 100 FROM ledger_hold
                     WHERE player = ?1 AND state = 'reserved'",
                )?
                .query_row([player], |row| row.get(0))?;
            Ok((available.unwrap_or(0), held))
        });
        let (available, held) = read.await?;
        Ok(Balance { available: Amount::from_units(available), held: Amount::from_units(held) })
    }

    async fn statement(
        &self,
        player: PlayerId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let read = self.reader.run(move |connection| {
            // Zero amounts stand in the book so that their requests are known; they moved nothing.
            let mut lines = connection.prepare_cached(
                "SELECT seq, at_ms, kind, reference, player, lobby, round, amount_units,
                        balance_units
                 FROM ledger_transfer
                 WHERE player = ?1 AND seq > ?2 AND balance_units IS NOT NULL AND amount_units > 0
                 ORDER BY seq LIMIT ?3",
            )?;
            lines.query_map(params![player.as_i64(), after, limit], columns::line)?.collect()
        });
        Ok(read.await?)
    }
}

/// Notes currency and scale if none are noted, and returns what is.
fn note_book(tx: &Transaction<'_>, currency: &str, scale: i64) -> rusqlite::Result<(String, i64)> {
    tx.execute(
        "INSERT INTO ledger_book (id, currency, scale) VALUES (1, ?1, ?2)
         ON CONFLICT (id) DO NOTHING",
        params![currency, scale],
    )?;
    tx.query_row("SELECT currency, scale FROM ledger_book WHERE id = 1", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Loads what the batch touches, decides it, writes what changed.
fn apply(tx: &Transaction<'_>, batch: &[Command], at_ms: i64) -> rusqlite::Result<Applied> {
    let rows = load::rows(tx, touches(batch))?;
    let (answers, changes) = decide(batch, &rows);
    write::changes(tx, &changes, at_ms)?;
    Ok(Applied { answers, parked: changes.parked.into_iter().collect() })
}

#[cfg(test)]
mod tests;
