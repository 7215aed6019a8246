//! What the wallet could not do and a person must look at, for `waxwing check` and its kind.

use std::fmt;

use kernel::{Amount, BetId, PlayerId, RoundId};
use platform::sqlite::{Reader, StoreError};

use crate::store;

/// One thing parked. Nothing moved by it; what it was to decide stands as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedLine {
    /// When it was first parked, in Unix milliseconds.
    pub at_ms: i64,
    /// The round it is of.
    pub round: RoundId,
    /// Why.
    pub matter: Matter,
}

/// Why something was parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matter {
    /// A bet could not be decided.
    Resolve {
        /// Who staked.
        player: PlayerId,
        /// The bet.
        bet: BetId,
        /// `won`, `lost` or `released`.
        outcome: String,
        /// What it was to pay; zero unless won.
        payout: Amount,
        /// `unknown`, `other_round`, `decided`, `bad_payout` or `house_short`.
        reason: String,
    },
    /// A round was closed whose bets were not those of its lock: count and sum of stakes.
    Close {
        /// By the lock record.
        locked: (u32, Amount),
        /// By the holds resolved.
        resolved: (u32, Amount),
    },
}

/// Everything parked, oldest first, at most `limit` lines.
///
/// # Errors
/// The file's.
pub async fn parked(reader: &Reader, limit: u32) -> Result<Vec<ParkedLine>, StoreError> {
    reader.run(move |connection| store::parked(connection, limit)).await
}

/// `round 4/17: bet 9/6a09… could not be won with 25: house_short`.
impl fmt::Display for ParkedLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "round {}: ", self.round)?;
        match &self.matter {
            Matter::Resolve { player, bet, outcome, payout, reason } => {
                let with = if outcome == "won" { format!(" with {payout}") } else { String::new() };
                write!(formatter, "bet {player}/{bet} could not be {outcome}{with}: {reason}")
            }
            Matter::Close { locked, resolved } => write!(
                formatter,
                "closed with {} bets of {} at the lock and {} of {} resolved",
                locked.0, locked.1, resolved.0, resolved.1
            ),
        }
    }
}
