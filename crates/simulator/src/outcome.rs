//! What became of a world.

use std::collections::BTreeMap;
use std::fmt;

use crate::judge::{Tally, Violation};
use crate::plan::FaultKind;
use crate::schedule::Fault;

/// What became of the world of one seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// The hash of everything that happened: the same for the same seed and plan.
    pub hash: u64,
    /// How often a task was polled.
    pub steps: u64,
    /// How long it lived, in its own milliseconds.
    pub world_ms: u64,
    /// How much it did.
    pub tally: Tally,
    /// What befell it, and how often.
    pub faults: BTreeMap<FaultKind, u64>,
    /// What did not hold, if something did not.
    pub violation: Option<Violation>,
    /// What was to befall it.
    pub schedule: Vec<Fault>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, hash, steps, tally, .. } = self;
        write!(formatter, "seed {seed}: {} rounds, {} bets, ", tally.rounds, tally.bets)?;
        write!(formatter, "{steps} steps, hash {hash:016x}")?;
        let Some(violation) = &self.violation else { return Ok(()) };
        write!(formatter, "\n  VIOLATION {violation}")?;
        for fault in &self.schedule {
            write!(formatter, "\n  {fault}")?;
        }
        Ok(())
    }
}
