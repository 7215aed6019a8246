//! What a database held at one instant: rows, one JSON object a line, whatever engine kept them.
//!
//! Each line is `{"TABLE":{..}}`, one variant of [`Row`]; the first is the [`Head`]. Money stands
//! in units of 0.0001, stakes in steps of 0.01, multipliers in hundredths, bytes in hexadecimal.
//! Transfers come in the order of their `seq`. [`sqlite`] makes these lines out of a data
//! directory; any other engine needs nothing but queries that give the same lines.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use crate::book::Book;
use crate::hex::BetId;

pub mod sqlite;

mod rows;

pub use rows::*;

/// Why a dump cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CannotRead {
    /// A file is not there, or cannot be read.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// The database cannot be read.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// A line is not what it should be.
    #[error("line {line}: {error}: {text}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        error: String,
        /// The line.
        text: String,
    },
}

/// (player, bet): how a bet is named everywhere.
pub type BetKey = (i64, BetId);
/// (lobby, number).
pub type RoundKey = (i64, i64);

/// A dump in memory, transfers replayed as they came.
#[derive(Debug)]
pub struct Dump {
    pub(crate) moment: Moment,
    pub(crate) accounts: BTreeMap<(String, i64), Account>,
    pub(crate) fences: BTreeMap<i64, Fence>,
    pub(crate) tallies: BTreeMap<RoundKey, Tally>,
    pub(crate) holds: BTreeMap<BetKey, Hold>,
    pub(crate) book: Book,
    pub(crate) parked: Vec<Parked>,
    pub(crate) lobbies: BTreeMap<i64, Lobby>,
    pub(crate) chains: BTreeMap<RoundKey, Chain>,
    pub(crate) rounds: BTreeMap<RoundKey, Round>,
    pub(crate) bets: BTreeMap<BetKey, Bet>,
    pub(crate) bets_of: BTreeMap<RoundKey, Vec<BetKey>>,
    pub(crate) unsent: Vec<Unsent>,
    /// Rows that stand under a name that stands only once.
    pub(crate) doubled: Vec<String>,
}

impl Dump {
    /// An empty dump. `marks` are places in the book at which earlier dumps ended: what stood up to
    /// them is compared with what those dumps held.
    #[must_use]
    pub fn new(marks: &[i64]) -> Self {
        Self {
            moment: Moment::Rest,
            accounts: BTreeMap::new(),
            fences: BTreeMap::new(),
            tallies: BTreeMap::new(),
            holds: BTreeMap::new(),
            book: Book::new(marks),
            parked: Vec::new(),
            lobbies: BTreeMap::new(),
            chains: BTreeMap::new(),
            rounds: BTreeMap::new(),
            bets: BTreeMap::new(),
            bets_of: BTreeMap::new(),
            unsent: Vec::new(),
            doubled: Vec::new(),
        }
    }

    /// Reads lines.
    ///
    /// # Errors
    /// [`CannotRead`]: nothing can be said.
    pub fn read(lines: impl BufRead, marks: &[i64]) -> Result<Self, CannotRead> {
        let mut dump = Self::new(marks);
        for (index, line) in lines.lines().enumerate() {
            let text = line.map_err(|error| CannotRead::File(format!("line {index}"), error))?;
            dump.add(parse(index + 1, &text)?);
        }
        Ok(dump)
    }

    /// Reads a data directory at rest, or a file of lines.
    ///
    /// # Errors
    /// [`CannotRead`]: nothing can be said.
    pub fn open(path: &Path, moment: Moment, marks: &[i64]) -> Result<Self, CannotRead> {
        if path.is_dir() {
            let mut dump = Self::new(marks);
            sqlite::rows(path, moment, &mut |text| {
                dump.add(parse(0, text)?);
                Ok(())
            })?;
            return Ok(dump);
        }
        let broken = |error| CannotRead::File(path.display().to_string(), error);
        let file = std::fs::File::open(path).map_err(broken)?;
        Self::read(std::io::BufReader::new(file), marks)
    }

    /// Where the book ends, and what stands in it.
    #[must_use]
    pub fn mark(&self) -> i64 {
        self.book.last_seq()
    }

    /// Adds a row.
    pub fn add(&mut self, row: Row) {
        let doubled = match row {
            Row::Head(head) => {
                self.moment = head.moment;
                None
            }
            Row::Account(row) => {
                let key = (row.kind.clone(), row.id);
                let name = format!("account {}:{}", row.kind, row.id);
                self.accounts.insert(key, row).map(|_| name)
            }
            Row::Fence(row) => self.fences.insert(row.lobby, row).map(|row| format!("{row:?}")),
            Row::Tally(row) => {
                self.tallies.insert((row.lobby, row.round), row).map(|row| format!("{row:?}"))
            }
            Row::Hold(row) => {
                self.holds.insert((row.player, row.bet), row).map(|row| format!("{row:?}"))
            }
            Row::Transfer(row) => {
                self.book.post(&row);
                None
            }
            Row::Parked(row) => {
                self.parked.push(row);
                None
            }
            Row::Lobby(row) => self.lobbies.insert(row.lobby, row).map(|row| format!("{row:?}")),
            Row::Chain(row) => {
                self.chains.insert((row.lobby, row.chain), row).map(|row| format!("{row:?}"))
            }
            Row::Round(row) => {
                self.rounds.insert((row.lobby, row.round), *row).map(|row| format!("{row:?}"))
            }
            Row::Bet(row) => self.add_bet(row),
            Row::Unsent(row) => {
                self.unsent.push(row);
                None
            }
        };
        self.doubled.extend(doubled);
    }

    fn add_bet(&mut self, row: Bet) -> Option<String> {
        let key = (row.player, row.bet);
        self.bets_of.entry((row.lobby, row.round)).or_default().push(key);
        self.bets.insert(key, row).map(|row| format!("{row:?}"))
    }

    /// The bets of a round.
    pub(crate) fn of_round(&self, round: RoundKey) -> impl Iterator<Item = &Bet> {
        let keys = self.bets_of.get(&round).into_iter().flatten();
        keys.filter_map(|key| self.bets.get(key))
    }
}

/// Reads one line.
fn parse(line: usize, text: &str) -> Result<Row, CannotRead> {
    serde_json::from_str(text).map_err(|error| CannotRead::Line {
        line,
        error: error.to_string(),
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests;
