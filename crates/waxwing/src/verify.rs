//! `waxwing verify`: checks a round, ours or another site's, or all of a lobby's, without believing
//! any server.
//!
//! Pure: text in, findings out. `docs/fairness.md` says what each check proves and what none does.

mod bets;
mod outcome;
mod promise;
pub mod series;

use fairness::sites::{self, Algorithm, SiteError};
use fairness::{HOUSE_EDGE_LIMIT_BPS, Seed, crash_point, hex};
use protocol::rounds::{Phase, RoundExport};

/// How `--algorithm` calls our own formula.
const OURS: &str = "waxwing";

/// Why something does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// No formula has this name.
    #[error("no algorithm is called {0:?}; try one of: {names}", names = names())]
    Algorithm(String),
    /// The text is not a seed or a game hash.
    #[error("the hash {0}")]
    Hash(hex::HexError),
    /// The site's own formula fails on this hash.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The house would keep everything.
    #[error("a house edge is below {HOUSE_EDGE_LIMIT_BPS} basis points")]
    HouseEdge,
    /// The file is not an exported round.
    #[error("not an exported round")]
    Export(#[from] serde_json::Error),
    /// The round was not played as it should have been, or its record was changed.
    #[error("{check}: {finding}")]
    Failed {
        /// The check by its name in `docs/fairness.md`.
        check: &'static str,
        /// What does not hold.
        finding: String,
    },
}

/// The multiplier that a formula gives, with two decimals.
///
/// `house_edge_bps` counts for our own formula only; the others have theirs built in.
///
/// # Errors
/// [`VerifyError`] if the name, the hash or the edge is none.
pub fn multiplier(
    algorithm: &str,
    hash: &str,
    public_seed: &str,
    house_edge_bps: u32,
) -> Result<String, VerifyError> {
    if algorithm == OURS {
        if house_edge_bps >= HOUSE_EDGE_LIMIT_BPS {
            return Err(VerifyError::HouseEdge);
        }
        let seed = Seed::parse(hash).map_err(VerifyError::Hash)?;
        return Ok(crash_point(public_seed, &seed, house_edge_bps).to_string());
    }
    let algorithm =
        Algorithm::parse(algorithm).ok_or_else(|| VerifyError::Algorithm(algorithm.to_owned()))?;
    let hundredths = sites::multiplier(algorithm, hash, public_seed)?;
    Ok(format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

/// Checks an exported round; the lines say what was checked, and what could not be.
///
/// # Errors
/// The first check that fails, by its name.
pub fn round(text: &str) -> Result<Vec<String>, VerifyError> {
    check_round(&serde_json::from_str(text)?, None)
}

/// Checks a round. `below` is the seed one step below its own, where that is proved already.
fn check_round(round: &RoundExport, below: Option<&Seed>) -> Result<Vec<String>, VerifyError> {
    let mut report = vec![format!("round {}/{}: {}", round.lobby_id.0, round.round, name(round))];
    promise::check(round, &mut report)?;
    check_outcome(round, below, &mut report)?;
    Ok(report)
}

/// Checks what a round came to under a promise that holds.
fn check_outcome(
    round: &RoundExport,
    below: Option<&Seed>,
    report: &mut Vec<String>,
) -> Result<(), VerifyError> {
    match round.state {
        Phase::Open | Phase::Locked | Phase::Running | Phase::Crashed => {
            outcome::check_hidden(round, report)?;
        }
        Phase::Voided => {
            outcome::check_void(round, report)?;
            bets::check_void(round, report)?;
        }
        Phase::Settled => {
            let crash = outcome::check_revealed(round, below, report)?;
            let end = outcome::check_settled(round, crash, report)?;
            bets::check_set(round, report)?;
            bets::check_settled(round, end, report)?;
        }
        Phase::Interrupted => {
            let crash = outcome::check_revealed(round, below, report)?;
            let stopped_at = outcome::check_interrupted(round, crash, report)?;
            bets::check_set(round, report)?;
            bets::check_interrupted(round, stopped_at, report)?;
        }
    }
    Ok(())
}

/// The failure of `check`.
fn failed(check: &'static str, finding: impl Into<String>) -> VerifyError {
    VerifyError::Failed { check, finding: finding.into() }
}

/// Fails `check` with what `finding` says unless it `holds`.
fn require<F: Into<String>>(
    check: &'static str,
    holds: bool,
    finding: impl FnOnce() -> F,
) -> Result<(), VerifyError> {
    if holds { Ok(()) } else { Err(failed(check, finding())) }
}

fn name(round: &RoundExport) -> &'static str {
    match round.state {
        Phase::Open => "open",
        Phase::Locked => "locked",
        Phase::Running => "running",
        Phase::Crashed => "crashed",
        Phase::Settled => "settled",
        Phase::Voided => "voided",
        Phase::Interrupted => "interrupted",
    }
}

fn names() -> String {
    let others = Algorithm::ALL.map(Algorithm::name);
    format!("{OURS}, {}", others.join(", "))
}

#[cfg(test)]
mod tests;
