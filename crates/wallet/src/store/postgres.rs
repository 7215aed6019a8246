//! The book in PostgreSQL, written by any number of processes. A batch is a transaction that locks
//! what it touches, in one order, and writes one statement for each kind of row.

mod columns;
mod load;
mod schema;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Amount, PlayerId};
use ledger::{Account, Answer, Command, Funds, decide, touches};
use platform::clock::Clock;
use platform::http::idempotency::Found;
use platform::postgres::{Pool, StoreError as PostgresError, Transaction, idempotency};

use super::failpoints;
use super::words::ESCROW_KEPT;
use super::{Applied, Balance, Funded, Keyed, Line, Moved, Store, StoreError};

pub use schema::POSTGRES_SCHEMA;

/// The sessions with the user role's database.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    clock: Arc<dyn Clock>,
}

impl PostgresStore {
    /// The book in the database of `pool`, opened with [`POSTGRES_SCHEMA`] and
    /// `platform::postgres::idempotency::SCHEMA`; `clock` dates transfers.
    #[must_use]
    pub fn new(pool: Pool, clock: Arc<dyn Clock>) -> Self {
        Self { pool, clock }
    }

    async fn apply_once(&self, batch: &[Command], at_ms: i64) -> columns::Result<Applied> {
        let mut session = self.pool.session().await?;
        let tx = session.transaction().await?;
        let applied = apply(&tx, batch, at_ms).await?;
        failpoints::before_commit(batch);
        tx.commit().await?;
        Ok(applied)
    }

    async fn change_once(
        &self,
        batch: &[Command; 1],
        keyed: Option<&Keyed>,
        at_ms: i64,
    ) -> columns::Result<Funded> {
        let mut session = self.pool.session().await?;
        let tx = session.transaction().await?;
        let done = change_funds(&tx, batch, keyed, at_ms).await?;
        failpoints::before_commit(batch);
        tx.commit().await?;
        Ok(done)
    }
}

impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::Unavailable | PostgresError::Conflict => Self::Unavailable,
            other => Self::Failed(other.to_string()),
        }
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn open_book(&self, currency: String, scale: i64) -> Result<(), StoreError> {
        let noted = self.pool.run(async || {
            let session = self.pool.session().await?;
            session
                .execute(
                    "INSERT INTO ledger_book (id, currency, scale) VALUES (1, $1, $2)
                     ON CONFLICT (id) DO NOTHING",
                    &[&currency, &scale],
                )
                .await?;
            let select = "SELECT currency, scale FROM ledger_book WHERE id = 1";
            let row = session.query_one(select, &[]).await?;
            Ok((row.try_get::<_, String>(0)?, row.try_get::<_, i64>(1)?))
        });
        let noted = noted.await?;
        if noted == (currency.clone(), scale) {
            return Ok(());
        }
        Err(StoreError::Failed(format!(
            "the book is kept in {} with {} units in one whole, not in {currency} with {scale}",
            noted.0, noted.1
        )))
    }

    async fn apply(&self, batch: Vec<Command>) -> Result<Applied, StoreError> {
        let at_ms = self.clock.unix_ms();
        let applied = self.pool.run(|| self.apply_once(&batch, at_ms)).await?;
        if failpoints::after_commit(&batch) { Err(StoreError::Unavailable) } else { Ok(applied) }
    }

    async fn change_funds(&self, funds: Funds, keyed: Option<Keyed>) -> Result<Funded, StoreError> {
        let at_ms = self.clock.unix_ms();
        let batch = [Command::Funds(funds)];
        let done = self.pool.run(|| self.change_once(&batch, keyed.as_ref(), at_ms)).await?;
        if failpoints::after_commit(&batch) { Err(StoreError::Unavailable) } else { Ok(done) }
    }

    async fn balance(&self, player: PlayerId) -> Result<Balance, StoreError> {
        let read = self.pool.run(async || {
            let session = self.pool.session().await?;
            let select = session.prepare_cached(
                "SELECT balance_units, held_units FROM ledger_account
                 WHERE kind = 'player' AND id = $1",
            );
            let Some(row) = session.query_opt(&select.await?, &[&player.as_i64()]).await? else {
                return Ok(Balance::default());
            };
            let (available, held) = (columns::amount(&row, 0)?, columns::amount(&row, 1)?);
            Ok(Balance { available, held })
        });
        Ok(read.await?)
    }

    async fn escrow_kept(&self) -> Result<Amount, StoreError> {
        let read = self.pool.run(async || {
            let session = self.pool.session().await?;
            let select = session.prepare_cached(ESCROW_KEPT).await?;
            columns::amount(&session.query_one(&select, &[]).await?, 0)
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
        let read = self.pool.run(async || {
            let session = self.pool.session().await?;
            // Zero amounts stand in the book so that their requests are known; they moved nothing.
            let select = session.prepare_cached(
                "SELECT seq, at_ms, kind, reference, player, lobby, round, amount_units,
                        balance_units
                 FROM ledger_transfer
                 WHERE player = $1 AND seq > $2 AND balance_units IS NOT NULL AND amount_units > 0
                 ORDER BY seq LIMIT $3",
            );
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&player.as_i64(), &after, &i64::from(limit)];
            let rows = session.query(&select.await?, &values).await?;
            rows.iter().map(columns::line).collect()
        });
        Ok(read.await?)
    }
}

/// Locks and loads what the batch touches, decides it, writes what changed.
async fn apply(tx: &Transaction<'_>, batch: &[Command], at_ms: i64) -> columns::Result<Applied> {
    let rows = load::rows(tx, batch, touches(batch)).await?;
    let (answers, changes) = decide(batch, &rows);
    let versions = write::changes(tx, &changes, &rows, at_ms).await?;
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
async fn change_funds(
    tx: &Transaction<'_>,
    batch: &[Command; 1],
    keyed: Option<&Keyed>,
    at_ms: i64,
) -> columns::Result<Funded> {
    let not_funds = || PostgresError::Failed("a batch of funds holds funds".to_owned());
    let [Command::Funds(Funds { player, .. })] = *batch else { return Err(not_funds()) };
    if let Some(keyed) = keyed {
        match idempotency::find(tx, player, &keyed.call, at_ms).await? {
            Found::Nothing => {}
            Found::Answer(answer) => return Ok(Funded::Before(answer)),
            Found::Mismatch => return Ok(Funded::Mismatch),
        }
    }
    let Applied { answers, moved, .. } = apply(tx, batch, at_ms).await?;
    let [Answer::Funds(answer)] = answers[..] else { return Err(not_funds()) };
    if let (Ok(_), Some(keyed)) = (answer, keyed) {
        idempotency::keep(tx, player, &keyed.call, &keyed.answer, at_ms).await?;
    }
    Ok(Funded::Now(answer, moved.into_iter().next()))
}

#[cfg(test)]
mod tests;
