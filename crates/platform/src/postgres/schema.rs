//! Brings a database to the schema of this program, step by step, in one transaction.
//!
//! Many processes start at once: an advisory lock lets one of them do it, the others find it done.

use tokio_postgres::Transaction;

use super::{Schema, Session, StoreError};

/// "waxwing" read as bytes: what every process of ours locks, whatever else lives in the database.
const LOCK: i64 = 0x0077_6178_7769_6e67;

/// Applies every step not applied yet; all of them or none.
pub(super) async fn migrate(session: &mut Session, schemas: &[Schema]) -> Result<(), StoreError> {
    let client: &mut tokio_postgres::Client = session;
    let tx = client.transaction().await?;
    // A step may take as long as the tables are large, and whoever waits for it as well.
    tx.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    tx.batch_execute(
        "CREATE TABLE IF NOT EXISTS schema_version (
            name TEXT PRIMARY KEY,
            version BIGINT NOT NULL
        )",
    )
    .await?;
    for schema in schemas {
        apply(&tx, schema).await?;
    }
    Ok(tx.commit().await?)
}

async fn apply(tx: &Transaction<'_>, schema: &Schema) -> Result<(), StoreError> {
    let select = "SELECT version FROM schema_version WHERE name = $1";
    let found = tx.query_opt(select, &[&schema.name]).await?;
    let applied: i64 = found.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    let known = i64::try_from(schema.steps.len()).unwrap_or(i64::MAX);
    let missing = usize::try_from(applied).ok().and_then(|applied| schema.steps.get(applied..));
    let Some(missing) = missing else {
        return Err(StoreError::Open(format!(
            "its {} schema is version {applied}, this program knows {known}",
            schema.name
        )));
    };
    for step in missing {
        tx.batch_execute(step).await?;
    }
    tx.execute(
        "INSERT INTO schema_version (name, version) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET version = excluded.version",
        &[&schema.name, &known],
    )
    .await?;
    Ok(())
}
