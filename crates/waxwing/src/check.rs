//! `waxwing check`: whether what is stored keeps the invariants of money and rounds.
//!
//! It reads the databases with SQL of its own and shares no code with the roles that wrote them,
//! only the words of `kernel` and the formulas of `fairness`. It may look while a server runs.

mod bridge;
mod findings;
mod locks;
mod money;
mod rounds;
mod seeds;
mod snapshot;

use std::path::PathBuf;

use rusqlite::{Connection, Result};
use serde::Serialize;

use crate::postgres::Urls;
use findings::{Findings, Violation};
pub use snapshot::CannotLook;
use snapshot::Snapshot;

/// What must hold, how it is called, and how to look.
struct Invariant {
    name: &'static str,
    /// The rule as a sentence.
    says: &'static str,
    look: Look,
}

/// How violations are found.
enum Look {
    /// A query whose every row is one: where, and what is wrong.
    Rows(&'static str),
    /// What SQL cannot say.
    Walk(fn(&Connection, &mut Findings) -> Result<()>),
    /// What was not answered for too long.
    Overdue(&'static str),
}

/// What one invariant came to.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Its name, for dashboards and tests.
    pub invariant: &'static str,
    /// The rule as a sentence.
    pub says: &'static str,
    /// How many places break it.
    pub violations: u64,
    /// The first of them.
    pub examples: Vec<Violation>,
}

/// What the whole look came to.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether every invariant holds.
    pub sound: bool,
    /// Whether a server ran beside it.
    pub live: bool,
    /// One for each invariant, in order.
    pub verdicts: Vec<Verdict>,
}

/// Where the databases are.
#[derive(Debug)]
pub enum Place {
    /// Files in a data directory.
    Files(PathBuf),
    /// Shared databases.
    Shared(Urls),
}

/// Looks at the databases. `overdue_ms` is how long a call to the wallet may wait;
/// `told` hears each verdict as it comes, since a big database takes its time.
///
/// # Errors
/// [`CannotLook`]: nothing is known about the rest.
pub fn check(
    place: &Place,
    overdue_ms: i64,
    mut told: impl FnMut(&Verdict),
) -> std::result::Result<Report, CannotLook> {
    let snapshot = match place {
        Place::Files(data) => Snapshot::open(data)?,
        Place::Shared(urls) => Snapshot::copy(urls)?,
    };
    let mut verdicts = Vec::new();
    let books = [money::INVARIANTS, rounds::INVARIANTS, bridge::INVARIANTS];
    for invariant in books.into_iter().flatten() {
        let findings = match look(&snapshot, invariant, overdue_ms) {
            Ok(findings) => findings,
            // What is known to be broken need not be readable.
            Err(_) if verdicts.iter().any(Verdict::is_broken) => break,
            Err(error) => return Err(CannotLook::Read(invariant.name, error)),
        };
        let verdict = Verdict {
            invariant: invariant.name,
            says: invariant.says,
            violations: findings.count,
            examples: findings.examples,
        };
        told(&verdict);
        verdicts.push(verdict);
    }
    let sound = !verdicts.iter().any(Verdict::is_broken);
    Ok(Report { sound, live: snapshot.live, verdicts })
}

impl Verdict {
    /// Whether the invariant is broken anywhere.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.violations > 0
    }
}

fn look(snapshot: &Snapshot, invariant: &Invariant, overdue_ms: i64) -> Result<Findings> {
    let mut findings = Findings::default();
    let connection = &snapshot.connection;
    match invariant.look {
        Look::Rows(query) => findings.read(connection, query, [])?,
        Look::Walk(walk) => walk(connection, &mut findings)?,
        Look::Overdue(query) => {
            findings.read(connection, query, [snapshot.now_ms()?, overdue_ms])?;
        }
    }
    Ok(findings)
}
