//! What was found wrong: counted in full, kept in part, so that memory stays bounded.

use rusqlite::{Connection, Params, Result};
use serde::Serialize;

/// Violations of one invariant that are kept as examples.
const EXAMPLES: usize = 20;

/// One place that breaks an invariant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The account, round, bet or row.
    #[serde(rename = "where")]
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

/// Violations of one invariant.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) count: u64,
    pub(super) examples: Vec<Violation>,
}

impl Findings {
    /// Counts one.
    pub(super) fn add(&mut self, place: String, what: String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(Violation { place, what });
        }
    }

    /// Counts every row of a query.
    pub(super) fn read(
        &mut self,
        connection: &Connection,
        query: &str,
        params: impl Params,
    ) -> Result<()> {
        let mut statement = connection.prepare(query)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            self.add(row.get(0)?, row.get(1)?);
        }
        Ok(())
    }
}
