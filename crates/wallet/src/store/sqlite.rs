//! The book in SQLite. One writer commits in groups; balances and statements are read beside it.

mod columns;
mod load;
mod schema;
mod settle;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Amount, PlayerId};
use ledger::{Account, Answer, Command, Funds, decide, touches};
use platform::clock::Clock;
use platform::http::idempotency::{Found, find, keep};
use platform::sqlite::{Reader, StoreError as SqliteError, Writer};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::failpoints;
use super::words::ESCROW_KEPT;
use super::{Applied, Balance, Funded, Keyed, Line, Moved, Store, StoreError};

pub(crate) use load::parked;
pub use schema::SCHEMA;
pub(crate) use settle::{made_good, settle_parked};

/// The handles of the user role's file.
#[derive(Clone)]
pub struct SqliteStore {
    writer: Writer,
    reader: Reader,
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    /// The book in the file of `writer` and `reader`, opened with [`SCHEMA`] and
    /// `platform::http::idempotency::SCHEMA`; `clock` dates transfers.
    #[must_use]
    pub fn new(writer: Writer, reader: Reader, clock: Arc<dyn Clock>) -> Self {
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

    async fn change_funds(&self, funds: Funds, keyed: Option<Keyed>) -> Result<Funded, StoreError> {
        let at_ms = self.clock.unix_ms();
        let batch = [Command::Funds(funds)];
        let done = self.writer.run(move |tx| {
            let done = change_funds(tx, &batch, keyed.as_ref(), at_ms)?;
            failpoints::before_commit(&batch);
            Ok(done)
        });
        let done = done.await?;
        if failpoints::after_commit(&batch) { Err(StoreError::Unavailable) } else { Ok(done) }
    }

    async fn balance(&self, player: PlayerId) -> Result<Balance, StoreError> {
        let player = player.as_i64();
        let read = self.reader.run(move |connection| {
            let mut select = connection.prepare_cached(
                "SELECT balance_units, held_units FROM ledger_account
                 WHERE kind = 'player' AND id = ?1",
            )?;
            let balance = |row: &Row<'_>| {
                let (available, held) = (columns::amount(row, 0)?, columns::amount(row, 1)?);
                Ok(Balance { available, held })
            };
            select.query_row([player], balance).optional()
        });
        Ok(read.await?.unwrap_or_default())
    }

    async fn escrow_kept(&self) -> Result<Amount, StoreError> {
        let read = self.reader.run(|connection| {
            let mut select = connection.prepare_cached(ESCROW_KEPT)?;
            select.query_row([], |row| columns::amount(row, 0))
        });
        Ok(read.await?)
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
    let versions = write::changes(tx, &changes, at_ms)?;
    let moved = versions.into_iter().map(|(player, version)| {
        let account = Account::Player(player);
        let available = changes.accounts.get(&account).or_else(|| rows.accounts.get(&account));
        let held = changes.held.get(&player).or_else(|| rows.held.get(&player));
        let balance = Balance {
            available: available.copied().unwrap_or_default(),
            held: held.copied().unwrap_or_default(),
        };
        Moved { player, balance, version }
    });
    let moved = moved.collect();
    Ok(Applied { answers, parked: changes.parked.into_iter().collect(), moved })
}

/// What an earlier call under the same key was answered; else decides, and keeps the answer.
fn change_funds(
    tx: &Transaction<'_>,
    batch: &[Command; 1],
    keyed: Option<&Keyed>,
    at_ms: i64,
) -> rusqlite::Result<Funded> {
    let [Command::Funds(Funds { player, .. })] = *batch else {
        return Err(rusqlite::Error::InvalidQuery);
    };
    if let Some(keyed) = keyed {
        match find(tx, player, &keyed.call, at_ms)? {
            Found::Nothing => {}
            Found::Answer(answer) => return Ok(Funded::Before(answer)),
            Found::Mismatch => return Ok(Funded::Mismatch),
        }
    }
    let Applied { answers, moved, .. } = apply(tx, batch, at_ms)?;
    let [Answer::Funds(answer)] = answers[..] else {
        return Err(rusqlite::Error::InvalidQuery);
    };
    if let (Ok(_), Some(keyed)) = (answer, keyed) {
        keep(tx, player, &keyed.call, &keyed.answer, at_ms)?;
    }
    Ok(Funded::Now(answer, moved.into_iter().next()))
}

#[cfg(test)]
mod tests;
