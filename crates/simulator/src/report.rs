//! What many worlds came to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use simulator::{FaultKind, Outcome, Tally};

/// Sums over worlds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    worlds: u64,
    steps: u64,
    world_ms: u64,
    tally: Tally,
    faults: BTreeMap<FaultKind, u64>,
    pub(crate) violations: u64,
    /// All hashes in one, whatever their order.
    hash: u64,
}

impl Report {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.worlds += 1;
        self.steps += outcome.steps;
        self.world_ms += outcome.world_ms;
        self.tally.add(&outcome.tally);
        self.violations += u64::from(outcome.violation.is_some());
        self.hash = self.hash.wrapping_add(outcome.hash);
        for (kind, count) in &outcome.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.steps += other.steps;
        self.world_ms += other.world_ms;
        self.tally.add(&other.tally);
        self.violations += other.violations;
        self.hash = self.hash.wrapping_add(other.hash);
        for (kind, count) in &other.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
    }

    /// All numbers on one line, for the process that adds up.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{} {} {} ", self.worlds, self.steps, self.world_ms);
        for number in self.tally.numbers() {
            let _never_fails = write!(line, "{number} ");
        }
        let _never_fails = write!(line, "{} {}", self.violations, self.hash);
        for (kind, count) in &self.faults {
            let _never_fails = write!(line, " {kind}={count}");
        }
        line
    }

    /// What [`Self::line`] wrote.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let mut next = || parts.next()?.parse::<u64>().ok();
        let (worlds, steps, world_ms) = (next()?, next()?, next()?);
        let mut numbers = Tally::default().numbers();
        for place in &mut numbers {
            *place = next()?;
        }
        let (violations, hash) = (next()?, next()?);
        let faults = parts.map(|part| {
            let (kind, count) = part.split_once('=')?;
            Some((kind.parse().ok()?, count.parse().ok()?))
        });
        let faults: Option<BTreeMap<FaultKind, u64>> = faults.collect();
        let tally = Tally::from_numbers(numbers);
        Some(Self { worlds, steps, world_ms, tally, faults: faults?, violations, hash })
    }

    /// What a person reads.
    pub(crate) fn text(&self, seconds: f64, commit: &str) -> String {
        let Tally { rounds, interrupted, voided, bets, cash_outs, .. } = self.tally;
        let Tally { cancelled, acknowledged, lost_commits, .. } = self.tally;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let (rate, hours) = (rounds as f64 / seconds, self.world_ms as f64 / 3_600_000.0);
        let mut text = format!(
            "worlds       {} ({hours:.0} hours of their own, {} steps)\n\
             rounds       {rounds} ({interrupted} interrupted, {voided} voided)\n\
             bets         {bets} ({cash_outs} cashed out, {cancelled} cancelled)\n\
             acknowledged {acknowledged}\n\
             faults       {} ({lost_commits} commits lost by failovers)\n",
            self.worlds,
            self.steps,
            self.faults.values().sum::<u64>(),
        );
        for (kind, count) in &self.faults {
            let _never_fails = writeln!(text, "  {:<18} {count}", kind.name());
        }
        let _never_fails = write!(
            text,
            "violations   {}\nrounds/s     {rate:.0} in {seconds:.0} s\nhash         {:016x}\n\
             commit       {commit}",
            self.violations, self.hash,
        );
        text
    }
}
