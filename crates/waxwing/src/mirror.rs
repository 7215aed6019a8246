//! Copies of a PostgreSQL database in SQLite: tables of the same names, columns and indexes, so
//! that what judges files judges shared databases as well.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use kernel::Sealed;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio_postgres::{IsolationLevel, NoTls, Row, Transaction};

/// The tables of the user role that judges read.
pub const USER: &[&str] = &[
    "ledger_book",
    "ledger_account",
    "ledger_fence",
    "ledger_round",
    "ledger_hold",
    "ledger_tombstone",
    "ledger_top_up_day",
    "ledger_transfer",
    "ledger_parked",
    "player",
    "session",
];
/// The tables of the game role that judges read.
pub const GAME: &[&str] =
    &["lobby", "lobby_owner", "chain", "checkpoint", "round", "bet", "outbox"];

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CannotCopy {
    /// The database cannot be read. Its address is not told.
    #[error("the database cannot be read: {0}")]
    Read(#[from] tokio_postgres::Error),
    /// The copy cannot be written.
    #[error("the copy cannot be written: {0}")]
    Write(#[from] rusqlite::Error),
    /// A column that no copy is defined for.
    #[error("column {0} is of type {1}, which is not copied")]
    Type(String, String),
}

/// A column, and how PostgreSQL is asked for it.
struct Column {
    name: String,
    asked: String,
    is_bytes: bool,
    is_text: bool,
}

/// Copies `tables` of the database at `url`, of one committed state, into the attached database
/// `schema` of `into`; booleans become 0 and 1, JSON becomes text.
///
/// # Errors
/// [`CannotCopy`].
pub async fn copy(
    url: &Sealed<String>,
    tables: &[&str],
    into: &Connection,
    schema: &str,
) -> Result<(), CannotCopy> {
    let (mut client, connection) = tokio_postgres::connect(url.expose(), NoTls).await?;
    let connection = tokio::spawn(connection);
    let reading = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let tx = reading.read_only(true).start().await?;
    into.execute_batch("BEGIN")?;
    for table in tables {
        copy_table(&tx, table, into, schema).await?;
    }
    into.execute_batch("COMMIT")?;
    drop(tx);
    drop(client);
    connection.await.ok();
    Ok(())
}

/// Whether a node may own lobbies of the game's database at `url`.
///
/// # Errors
/// [`CannotCopy::Read`].
pub async fn is_live(url: &Sealed<String>) -> Result<bool, CannotCopy> {
    let (client, connection) = tokio_postgres::connect(url.expose(), NoTls).await?;
    let connection = tokio::spawn(connection);
    let select = "SELECT EXISTS (SELECT 1 FROM node WHERE lease_until > clock_timestamp())";
    let live = client.query_one(select, &[]).await?.try_get(0)?;
    drop(client);
    connection.await.ok();
    Ok(live)
}

async fn copy_table(
    tx: &Transaction<'_>,
    table: &str,
    into: &Connection,
    schema: &str,
) -> Result<(), CannotCopy> {
    let columns = columns(tx, table).await?;
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let names = names.join(", ");
    into.execute_batch(&format!("CREATE TABLE {schema}.{table} ({names})"))?;
    let asked: Vec<&str> = columns.iter().map(|column| column.asked.as_str()).collect();
    let select = format!("SELECT {} FROM {table}", asked.join(", "));
    let places = vec!["?"; columns.len()].join(", ");
    let mut insert =
        into.prepare(&format!("INSERT INTO {schema}.{table} ({names}) VALUES ({places})"))?;
    let parameters: [i64; 0] = [];
    let mut rows = pin!(tx.query_raw(&select, parameters).await?);
    while let Some(row) = rows.try_next().await? {
        let values = columns.iter().enumerate().map(|(place, column)| value(&row, place, column));
        insert.execute(params_from_iter(values.collect::<Result<Vec<_>, _>>()?))?;
    }
    index(tx, table, into, schema).await
}

async fn columns(tx: &Transaction<'_>, table: &str) -> Result<Vec<Column>, CannotCopy> {
    let select = "SELECT column_name::TEXT, data_type::TEXT FROM information_schema.columns
                  WHERE table_schema = current_schema() AND table_name = $1
                  ORDER BY ordinal_position";
    let rows = tx.query(select, &[&table]).await?;
    let column = |row: &Row| {
        let (name, kind): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let asked = match kind.as_str() {
            "bigint" | "text" | "bytea" => name.clone(),
            "boolean" => format!("{name}::INT::BIGINT"),
            "jsonb" => format!("{name}::TEXT"),
            _ => return Err(CannotCopy::Type(name, kind)),
        };
        let (is_bytes, is_text) = (kind == "bytea", ["text", "jsonb"].contains(&kind.as_str()));
        Ok(Column { name, asked, is_bytes, is_text })
    };
    rows.iter().map(column).collect()
}

fn value(row: &Row, place: usize, column: &Column) -> Result<Value, CannotCopy> {
    let value = if column.is_bytes {
        row.try_get::<_, Option<Vec<u8>>>(place)?.map(Value::Blob)
    } else if column.is_text {
        row.try_get::<_, Option<String>>(place)?.map(Value::Text)
    } else {
        row.try_get::<_, Option<i64>>(place)?.map(Value::Integer)
    };
    Ok(value.unwrap_or(Value::Null))
}

/// The same lookups are quick in the copy; what the original keeps apart is not judged here.
async fn index(
    tx: &Transaction<'_>,
    table: &str,
    into: &Connection,
    schema: &str,
) -> Result<(), CannotCopy> {
    let select = "SELECT string_agg(attname::TEXT, ', ' ORDER BY place)
         FROM pg_index, unnest(indkey::SMALLINT[]) WITH ORDINALITY AS key (number, place)
         JOIN pg_attribute ON attnum = number
         WHERE indrelid = to_regclass($1::TEXT) AND attrelid = indrelid AND indpred IS NULL
           AND indexprs IS NULL
         GROUP BY indexrelid";
    for (number, row) in tx.query(select, &[&table]).await?.iter().enumerate() {
        let columns: String = row.try_get(0)?;
        into.execute_batch(&format!(
            "CREATE INDEX {schema}.{table}_{number} ON {table} ({columns})"
        ))?;
    }
    Ok(())
}
