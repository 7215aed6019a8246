//! What was found: by rule, where, what was expected and what is there instead.

use std::fmt::Display;

use serde::Serialize;

/// Findings of one rule that are kept word for word; the rest is counted.
const KEPT: usize = 20;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The account, round, bet or line.
    pub place: String,
    /// What would be right.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// What one rule came to.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The rule's name.
    pub rule: &'static str,
    /// The rule as a sentence.
    pub says: &'static str,
    /// How many places were looked at: a rule that met nothing has shown nothing.
    pub looked_at: u64,
    /// How many places break it.
    pub violations: u64,
    /// The first of them.
    pub findings: Vec<Finding>,
}

/// What everything came to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether no rule is broken.
    pub sound: bool,
    /// One for each rule.
    pub verdicts: Vec<Verdict>,
}

impl Verdict {
    /// A rule that has not looked yet.
    #[must_use]
    pub const fn new(rule: &'static str, says: &'static str) -> Self {
        Self { rule, says, looked_at: 0, violations: 0, findings: Vec::new() }
    }

    /// Counts a place that was looked at.
    pub const fn look(&mut self) {
        self.looked_at += 1;
    }

    /// Counts a place that breaks the rule.
    pub fn add(&mut self, place: impl Display, expected: impl Display, found: impl Display) {
        self.violations += 1;
        if self.findings.len() < KEPT {
            let (place, expected) = (place.to_string(), expected.to_string());
            self.findings.push(Finding { place, expected, found: found.to_string() });
        }
    }

    /// Looks at one place, which breaks the rule unless `expected` is `found`.
    pub fn same<T: PartialEq + Display>(&mut self, place: impl Display, expected: T, found: T) {
        self.look();
        if expected != found {
            self.add(place, expected, found);
        }
    }
}

impl Report {
    /// Puts verdicts together.
    #[must_use]
    pub fn of(verdicts: Vec<Verdict>) -> Self {
        let sound = verdicts.iter().all(|verdict| verdict.violations == 0);
        Self { sound, verdicts }
    }

    /// The names of the rules that are broken.
    #[must_use]
    pub fn broken(&self) -> Vec<&'static str> {
        let broken = self.verdicts.iter().filter(|verdict| verdict.violations > 0);
        broken.map(|verdict| verdict.rule).collect()
    }
}

impl Display for Report {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for verdict in &self.verdicts {
            let Verdict { rule, says, looked_at, violations, findings } = verdict;
            if *violations == 0 {
                writeln!(formatter, "ok      {rule} ({looked_at})")?;
                continue;
            }
            writeln!(formatter, "BROKEN  {rule} ({violations} of {looked_at}): {says}")?;
            for Finding { place, expected, found } in findings {
                writeln!(formatter, "        {place}: expected {expected}, found {found}")?;
            }
        }
        let broken = self.broken().len();
        let all = self.verdicts.len();
        match broken {
            0 => write!(formatter, "sound: {all} rules hold"),
            _ => write!(formatter, "unsound: {broken} of {all} rules are broken"),
        }
    }
}
