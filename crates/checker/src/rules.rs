//! The rules, each by arithmetic of its own.

pub(crate) mod bets;
pub(crate) mod bridge;
pub(crate) mod endings;
pub(crate) mod money;
pub(crate) mod promises;
pub(crate) mod rounds;
pub(crate) mod sequence;
pub(crate) mod shown;

use crate::dump::{BetKey, RoundKey};

/// A bet's name in a report.
pub(crate) fn bet_named(key: BetKey) -> String {
    format!("player:{} bet {}", key.0, key.1)
}

/// A round's name in a report.
pub(crate) fn round_named(key: RoundKey) -> String {
    format!("round {}/{}", key.0, key.1)
}
