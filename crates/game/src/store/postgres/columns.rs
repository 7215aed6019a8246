//! Between PostgreSQL's columns and the kernel's words: every number is a BIGINT.

use kernel::{Amount, BetId, LobbyId, Multiplier, PlayerId, Stake};
use platform::postgres::{StoreError, Transaction};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use crate::store::{NodeId, RoundState, words};

pub(super) type Result<T> = std::result::Result<T, StoreError>;
pub(super) type Parameters<'a> = [&'a (dyn ToSql + Sync)];

/// Runs a statement that answers no rows; how many it changed.
pub(super) async fn execute(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: &Parameters<'_>,
) -> Result<u64> {
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.execute(&statement, parameters).await?)
}

/// All rows of a statement.
pub(super) async fn query(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: &Parameters<'_>,
) -> Result<Vec<Row>> {
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.query(&statement, parameters).await?)
}

/// The row of a statement that answers at most one.
pub(super) async fn query_opt(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: &Parameters<'_>,
) -> Result<Option<Row>> {
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.query_opt(&statement, parameters).await?)
}

/// The row of a statement that always answers one.
pub(super) async fn query_one(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: &Parameters<'_>,
) -> Result<Row> {
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.query_one(&statement, parameters).await?)
}

/// A statement that changes exactly one row; anything else is not what was built on.
pub(super) fn exactly(count: usize, changed: u64, what: &str) -> Result<()> {
    if usize::try_from(changed) == Ok(count) {
        return Ok(());
    }
    Err(StoreError::Failed(format!("{what}: {changed} rows stood so, not {count}")))
}

/// A value that this program never writes.
fn corrupt(column: &str) -> StoreError {
    StoreError::Failed(format!("column {column} holds what cannot be"))
}

pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T> {
    Ok(row.try_get(column)?)
}

/// A number that its type holds.
pub(super) fn number<T: TryFrom<i64>>(row: &Row, column: &str) -> Result<T> {
    T::try_from(get::<i64>(row, column)?).map_err(|_| corrupt(column))
}

pub(super) fn number_if_any<T: TryFrom<i64>>(row: &Row, column: &str) -> Result<Option<T>> {
    let number: Option<i64> = get(row, column)?;
    number.map(|number| T::try_from(number).map_err(|_| corrupt(column))).transpose()
}

/// A number as a column keeps it; none of ours is anywhere near 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A value that stands as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T> {
    serde_json::from_str(get(row, column)?).map_err(|_| corrupt(column))
}

/// Bytes of a length that is fixed.
pub(super) fn bytes<const N: usize>(row: &Row, column: &str) -> Result<[u8; N]> {
    get::<&[u8]>(row, column)?.try_into().map_err(|_| corrupt(column))
}

pub(super) fn bytes_if_any<const N: usize>(row: &Row, column: &str) -> Result<Option<[u8; N]>> {
    let bytes: Option<&[u8]> = get(row, column)?;
    bytes.map(|bytes| bytes.try_into().map_err(|_| corrupt(column))).transpose()
}

pub(super) fn node_if_any(row: &Row, column: &str) -> Result<Option<NodeId>> {
    Ok(bytes_if_any(row, column)?.map(NodeId::from_bytes))
}

pub(super) fn lobby(row: &Row, column: &str) -> Result<LobbyId> {
    LobbyId::new(number(row, column)?).map_err(|_| corrupt(column))
}

pub(super) fn player(row: &Row, column: &str) -> Result<PlayerId> {
    PlayerId::new(number(row, column)?).map_err(|_| corrupt(column))
}

pub(super) fn bet(row: &Row, column: &str) -> Result<BetId> {
    Ok(BetId::from_bytes(bytes(row, column)?))
}

pub(super) fn amount(row: &Row, column: &str) -> Result<Amount> {
    Ok(Amount::from_units(get(row, column)?))
}

pub(super) fn stake(row: &Row, column: &str) -> Result<Stake> {
    Stake::from_steps(number(row, column)?).ok_or_else(|| corrupt(column))
}

pub(super) fn multiplier(row: &Row, column: &str) -> Result<Multiplier> {
    Multiplier::from_centi(number(row, column)?).ok_or_else(|| corrupt(column))
}

pub(super) fn multiplier_if_any(row: &Row, column: &str) -> Result<Option<Multiplier>> {
    let centi: Option<u32> = number_if_any(row, column)?;
    centi.map(|centi| Multiplier::from_centi(centi).ok_or_else(|| corrupt(column))).transpose()
}

pub(super) fn state(row: &Row, column: &str) -> Result<RoundState> {
    words::round_state_of(get(row, column)?).ok_or_else(|| corrupt(column))
}
