//! A lobby's rounds one after another: none left out, none twice, every seed in its turn.
//!
//! What a single round cannot show: that it was not chosen among several.

use std::collections::BTreeMap;

use fairness::{Seed, step};
use protocol::chains::{ChainView, ExportLine, SkippedSeeds};
use protocol::rounds::{Phase, RoundExport};

use super::promise::{Shown, check_signature, check_terms};
use super::{VerifyError, check_outcome, check_round, failed, require};

const GAP: &str = "gap";
const CHAINS: &str = "chains";
const SEEDS: &str = "seeds";

/// Chains and rounds of one lobby, as they were exported.
#[derive(Debug, Default)]
pub struct Series {
    chains: BTreeMap<u32, ChainView>,
    rounds: BTreeMap<u32, RoundExport>,
}

/// Where the seeds stand behind the rounds checked so far.
#[derive(Default)]
struct Cursor {
    /// The chain, and the index and value of the last seed shown. `None`: before the first round.
    at: Option<(u32, u32, Option<Seed>)>,
}

impl Series {
    /// Adds what a file holds: lines of `GET …/lobby/{id}/export`, or exported rounds.
    ///
    /// # Errors
    /// [`VerifyError::Export`] for any other text, [`VerifyError::Failed`] if a round or a promise
    /// is there twice and differs.
    pub fn read(&mut self, text: &str) -> Result<(), VerifyError> {
        if let Ok(round) = serde_json::from_str::<RoundExport>(text) {
            return self.add_round(round);
        }
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str::<ExportLine>(line) {
                Ok(ExportLine::Chain(chain)) => self.add_chain(*chain)?,
                Ok(ExportLine::Round(round)) => self.add_round(*round)?,
                Err(_) => self.add_round(serde_json::from_str(line)?)?,
            }
        }
        Ok(())
    }

    /// The highest round that was read, 0 if none.
    #[must_use]
    pub fn last_round(&self) -> u32 {
        self.rounds.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// Checks every round from `first` on; the lines say what was found. A series whose beginning
    /// is kept back is no proof, so only who asks for a later one than 1 may do without.
    ///
    /// # Errors
    /// The first check that fails, by its name: of a gap it says where it is.
    pub fn check(&self, first: u32) -> Result<Vec<String>, VerifyError> {
        let mut report = Vec::new();
        self.check_one_lobby()?;
        self.check_chains(&mut report)?;
        if first > 1 {
            report.push(format!("rounds before {first} were not asked for and not checked"));
        }
        let mut cursor = Cursor::default();
        let mut before = first.saturating_sub(1);
        for (number, round) in self.rounds.range(first..) {
            self.check_follows(before, *number, &mut report)?;
            before = *number;
            if is_unfinished(round) {
                require(GAP, *number == self.last_round(), || {
                    format!("round {number} is not over, but later rounds are there")
                })?;
                report.push(format!("round {number} is not over and was not checked"));
                break;
            }
            self.check_in_turn(round, &mut cursor).map_err(|error| within(*number, error))?;
        }
        report.extend(self.summary(first));
        Ok(report)
    }

    fn add_chain(&mut self, chain: ChainView) -> Result<(), VerifyError> {
        let number = chain.commitment.chain;
        if let Some(known) = self.chains.get(&number) {
            require(CHAINS, known.commitment == chain.commitment, || {
                format!("chain {number} was promised twice, and not the same")
            })?;
        }
        // A later page knows more of the same chain.
        self.chains.insert(number, chain);
        Ok(())
    }

    fn add_round(&mut self, round: RoundExport) -> Result<(), VerifyError> {
        let number = round.round;
        match self.rounds.insert(number, round) {
            Some(known) if self.rounds.get(&number) != Some(&known) => {
                Err(failed(GAP, format!("round {number} is there twice, and not the same")))
            }
            _ => Ok(()),
        }
    }

    fn check_one_lobby(&self) -> Result<(), VerifyError> {
        let of_chains = self.chains.values().map(|chain| chain.commitment.lobby_id);
        let mut lobbies = self.rounds.values().map(|round| round.lobby_id).chain(of_chains);
        let first = lobbies.next();
        require(GAP, lobbies.all(|lobby| Some(lobby) == first), || "rounds of several lobbies")
    }

    /// Every promise holds, and no number is left out but behind a store that lost its records.
    fn check_chains(&self, report: &mut Vec<String>) -> Result<(), VerifyError> {
        let mut before: Option<&ChainView> = None;
        for (number, chain) in &self.chains {
            let checked = check_chain(chain).map_err(|error| in_chain(*number, error))?;
            report.push(format!("chain {number}: {checked}"));
            let next = before.map_or(1, |before| before.commitment.chain + 1);
            let lost = before.and_then(|before| before.abandoned);
            let skipped = lost.is_some_and(|how| how.reason.lost_records());
            require(CHAINS, *number == next || skipped, || {
                format!("chain {next} is missing before chain {number}")
            })?;
            if let Some(how) = chain.abandoned {
                report.push(format!("chain {number} was given up: {}", word(&how.reason)));
            }
            before = Some(chain);
        }
        Ok(())
    }

    /// No round is left out, unless its record was lost and a chain was given up for it.
    fn check_follows(
        &self,
        before: u32,
        number: u32,
        report: &mut Vec<String>,
    ) -> Result<(), VerifyError> {
        if number == before + 1 {
            return Ok(());
        }
        let (from, to) = (before + 1, number - 1);
        let told = self.chains.values().flat_map(|chain| &chain.skipped);
        let mut skipped = told.filter_map(|skipped| skipped.rounds);
        if skipped.any(|rounds| rounds.from <= from && to <= rounds.to) {
            report.push(format!(
                "rounds {from} to {to} were skipped: lost records may have had them"
            ));
            return Ok(());
        }
        let abandoned = self.chains.values().filter_map(|chain| chain.abandoned);
        let mut lost = abandoned.filter_map(|how| how.lost_rounds);
        let explained = lost.any(|lost| lost.from <= from && to <= lost.to);
        require(GAP, explained, || {
            if from == to {
                format!("round {from} is missing")
            } else {
                format!("rounds {from} to {to} are missing")
            }
        })?;
        report.push(format!(
            "rounds {from} to {to}: their records were lost, and every chain of then given up"
        ));
        Ok(())
    }

    /// The round verifies, and it used the next seed if it was locked, and none otherwise.
    fn check_in_turn(&self, round: &RoundExport, cursor: &mut Cursor) -> Result<(), VerifyError> {
        let chain = round.commitment.chain;
        self.check_switch(round, cursor)?;
        let (_, last, below) = cursor.at.get_or_insert((chain, 0, None));
        if let Some(index) = round.seed_index {
            self.pass_skipped(chain, index, last, below)?;
        }
        // Where the series begins in the middle of a chain, its first seed is taken as it comes.
        if let Some(index) = round.seed_index {
            require(SEEDS, below.is_none() || index == *last + 1, || {
                format!("seed {} of chain {chain} was next, not seed {index}", *last + 1)
            })?;
        }
        self.check_promised(round, below.as_ref())?;
        let Some(index) = round.seed_index else { return Ok(()) };
        *last = index;
        *below = round.seed.as_deref().and_then(|seed| Seed::parse(seed).ok());
        Ok(())
    }

    /// Seeds that were skipped, and are told so that anyone sees that they were in their turn.
    fn pass_skipped(
        &self,
        chain: u32,
        before: u32,
        last: &mut u32,
        below: &mut Option<Seed>,
    ) -> Result<(), VerifyError> {
        let Some(listed) = self.chains.get(&chain) else { return Ok(()) };
        let told = listed.skipped.iter().filter_map(|skipped| skipped.seeds.as_ref());
        for SkippedSeeds { from, to, seed } in told.filter(|seeds| seeds.to < before) {
            let Some(lower) = &*below else { return Ok(()) };
            if *to <= *last {
                continue;
            }
            require(SEEDS, *from == *last + 1 && from <= to, || {
                format!("seed {} of chain {chain} was next, not skipped {from} to {to}", *last + 1)
            })?;
            let unreadable = || failed(SEEDS, format!("skipped seed {to} cannot be read"));
            let shown = Seed::parse(seed).map_err(|_| unreadable())?;
            let walked = (*from..=*to).fold(shown.clone(), |seed, _| step(&seed));
            require(SEEDS, walked.as_bytes() == lower.as_bytes(), || {
                format!("skipped seed {to} of chain {chain} does not hash down to seed {last}")
            })?;
            (*last, *below) = (*to, Some(shown));
        }
        Ok(())
    }

    /// The round verifies under its chain's promise, which was checked where it is listed.
    fn check_promised(&self, round: &RoundExport, below: Option<&Seed>) -> Result<(), VerifyError> {
        let chain = round.commitment.chain;
        let Some(listed) = self.chains.get(&chain) else {
            require(CHAINS, self.chains.is_empty(), || format!("chain {chain} is not listed"))?;
            return check_round(round, below).map(|_| ());
        };
        let same = listed.commitment == round.commitment
            && (listed.public_seed_kind, listed.anchored)
                == (round.public_seed_kind, round.anchored)
            && listed.public_seed == round.public_seed
            && listed.beacon_signature == round.beacon_signature;
        require(CHAINS, same, || format!("chain {chain} was promised otherwise"))?;
        check_terms(round)?;
        check_outcome(round, below, &mut Vec::new())
    }

    /// A chain begins with its first seed once the one before it is used up or given up.
    fn check_switch(&self, round: &RoundExport, cursor: &mut Cursor) -> Result<(), VerifyError> {
        let chain = round.commitment.chain;
        let (played, last) = match &mut cursor.at {
            Some((played, last, below)) => {
                if *played != chain {
                    self.pass_skipped(*played, u32::MAX, last, below)?;
                }
                (*played, *last)
            }
            None if round.round == 1 => return self.begin(0, round, cursor),
            None => return Ok(()),
        };
        if chain == played {
            return Ok(());
        }
        require(CHAINS, chain > played, || {
            format!("chain {chain} was played again behind chain {played}")
        })?;
        let before = self.rounds.range(..round.round).next_back().map(|(_, before)| before);
        let length = before.map_or(0, |before| before.commitment.length);
        require(CHAINS, last == length || self.given_up(played), || {
            format!("chain {played} was left behind seed {last} of {length}, and not given up")
        })?;
        self.begin(played, round, cursor)
    }

    /// The round's chain is begun; those between it and `played` were given up.
    fn begin(
        &self,
        played: u32,
        round: &RoundExport,
        cursor: &mut Cursor,
    ) -> Result<(), VerifyError> {
        let chain = round.commitment.chain;
        let mut between = self.chains.keys().filter(|number| (played + 1..chain).contains(number));
        require(CHAINS, between.all(|number| self.was_left(*number)), || {
            format!("a chain between {played} and {chain} was left out, and not given up")
        })?;
        // The seed below its first one is the promised end, to which the round itself walks down.
        cursor.at = Some((chain, 0, Seed::parse(&round.commitment.terminal).ok()));
        Ok(())
    }

    fn given_up(&self, chain: u32) -> bool {
        self.chains.get(&chain).is_some_and(|chain| chain.abandoned.is_some())
    }

    /// Given up, or skipped to its end without a round.
    fn was_left(&self, chain: u32) -> bool {
        self.given_up(chain)
            || self.chains.get(&chain).is_some_and(|listed| {
                let seeds = listed.skipped.iter().filter_map(|skipped| skipped.seeds.as_ref());
                let count: u32 = seeds.map(|seeds| seeds.to.saturating_sub(seeds.from - 1)).sum();
                count == listed.commitment.length
            })
    }

    fn summary(&self, first: u32) -> Option<String> {
        let asked = self.rounds.range(first..);
        let mut over = asked.clone().filter(|(_, round)| !is_unfinished(round));
        let first = over.next()?;
        let last = over.next_back().unwrap_or(first);
        let count = |phase: Phase| asked.clone().filter(|(_, at)| at.state == phase).count();
        Some(format!(
            "rounds {} to {} of lobby {}: {} settled, {} voided, {} interrupted, none left out",
            first.0,
            last.0,
            first.1.lobby_id.0,
            count(Phase::Settled),
            count(Phase::Voided),
            count(Phase::Interrupted),
        ))
    }
}

fn check_chain(chain: &ChainView) -> Result<String, VerifyError> {
    check_signature(&chain.commitment)?;
    let shown = Shown {
        kind: chain.public_seed_kind,
        anchored: chain.anchored,
        public_seed: chain.public_seed.as_deref(),
        beacon_signature: chain.beacon_signature.as_deref(),
    };
    shown.check(&chain.commitment)
}

const fn is_unfinished(round: &RoundExport) -> bool {
    matches!(round.state, Phase::Open | Phase::Locked | Phase::Running | Phase::Crashed)
}

/// The failure with the round it was found in.
fn within(number: u32, error: VerifyError) -> VerifyError {
    match error {
        VerifyError::Failed { check, finding } => {
            failed(check, format!("round {number}: {finding}"))
        }
        other => other,
    }
}

fn in_chain(number: u32, error: VerifyError) -> VerifyError {
    match error {
        VerifyError::Failed { check, finding } => {
            failed(check, format!("chain {number}: {finding}"))
        }
        other => other,
    }
}

/// The word that the wire has for it.
fn word(reason: &impl serde::Serialize) -> String {
    let text = serde_json::to_value(reason).ok();
    text.and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
