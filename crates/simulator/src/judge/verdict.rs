//! What is said when something does not hold.

use std::fmt;

/// The first thing that did not hold in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: &'static str,
    /// What was seen instead.
    pub what: String,
    /// At which step of the world.
    pub step: u64,
    /// When, in milliseconds of the world.
    pub at_ms: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, what, step, at_ms } = self;
        write!(formatter, "{rule}: {what} (step {step}, {at_ms} ms)")
    }
}
