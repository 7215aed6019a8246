//! Brings a file to the schema of this program, step by step, in one transaction.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::StoreError;

/// The tables of one owner. Several owners may share a file, each under its own name.
///
/// Steps are only ever appended: step n takes the schema from version n to n + 1.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Whose tables these are, e.g. `wallet`.
    pub name: &'static str,
    /// SQL scripts, in order.
    pub steps: &'static [&'static str],
}

/// Applies every step not applied yet; all of them or none.
pub(super) fn migrate(connection: &mut Connection, schemas: &[Schema]) -> Result<(), StoreError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_version (
            name TEXT PRIMARY KEY,
            version INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID",
    )?;
    for schema in schemas {
        apply(&tx, schema)?;
    }
    Ok(tx.commit()?)
}

fn apply(tx: &Transaction<'_>, schema: &Schema) -> Result<(), StoreError> {
    let applied: u32 = tx
        .query_row("SELECT version FROM schema_version WHERE name = ?1", [schema.name], |row| {
            row.get(0)
        })
        .optional()?
        .unwrap_or(0);
    let known = u32::try_from(schema.steps.len()).unwrap_or(u32::MAX);
    let Some(missing) = schema.steps.get(applied as usize..) else {
        return Err(StoreError::Open(format!(
            "its {} schema is version {applied}, this program knows {known}",
            schema.name
        )));
    };
    for step in missing {
        tx.execute_batch(step)?;
    }
    tx.execute(
        "INSERT INTO schema_version (name, version) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET version = excluded.version",
        params![schema.name, known],
    )?;
    Ok(())
}
