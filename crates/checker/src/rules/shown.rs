//! What was shown, against what is stored: rounds to everybody, balances to their players.

use std::collections::{BTreeMap, HashMap};

use super::round_named;
use crate::decimal::Decimal;
use crate::dump::{Dump, Round, RoundKey, RoundState};
use crate::hex::Hex;
use crate::log::{Line, RoundEvent, Shown};
use crate::report::Verdict;

/// Balances that one player has seen: when, and at which place of his history they stood.
type Places = Vec<(u64, usize)>;

/// Things seen against a dump.
pub(crate) struct Seen<'a> {
    dump: &'a Dump,
    /// Every balance a player ever had, sorted.
    ever: HashMap<i64, Vec<i64>>,
    places: BTreeMap<i64, Places>,
    rounds: Verdict,
    balances: Verdict,
}

impl<'a> Seen<'a> {
    pub(crate) fn new(dump: &'a Dump) -> Self {
        Self {
            dump,
            ever: HashMap::new(),
            places: BTreeMap::new(),
            rounds: Verdict::new(
                "rounds_shown_are_stored",
                "whatever was shown of a round is what is stored of it",
            ),
            balances: Verdict::new(
                "balances_seen_were_true",
                "each balance that was shown stood in the book, and none is older than one before",
            ),
        }
    }

    pub(crate) fn finish(self) -> Vec<Verdict> {
        vec![self.rounds, self.balances]
    }

    /// A balance that stood in the book at any time: an answer may be told again much later.
    pub(crate) fn once(&mut self, who: i64, place: &str, balance: Decimal) {
        let history = self.dump.book.history.get(&who);
        let ever = self.ever.entry(who).or_insert_with(|| {
            let mut sorted = history.cloned().unwrap_or_default();
            sorted.sort_unstable();
            sorted
        });
        self.balances.look();
        if ever.binary_search(&balance.units()).is_err() {
            let place = format!("player:{who} {place}");
            self.balances.add(place, "a balance the player once had", balance);
        }
    }

    /// A balance that was asked for: it is not older than any that was answered before the asking.
    pub(crate) fn balance(&mut self, line: &Line, balance: Decimal) {
        let empty = Vec::new();
        let history = self.dump.book.history.get(&line.who).unwrap_or(&empty);
        let places = self.places.entry(line.who).or_default();
        // Each place is the highest so far, so that the last one answered in time is the bound.
        let answered = places.partition_point(|(at_ms, _)| *at_ms < line.asked_ms);
        let from = answered.checked_sub(1).map_or(0, |index| places[index].1);
        self.balances.look();
        // Before the first transfer everybody has nothing.
        let at = |place: usize| if place == 0 { 0 } else { history[place - 1] };
        let found = (from..=history.len()).find(|place| at(*place) == balance.units());
        let Some(found) = found else {
            let place = format!("player:{} at {} ms", line.who, line.at_ms);
            let expected = format!("a balance from place {from} of the statement on");
            self.balances.add(place, expected, balance);
            return;
        };
        let highest = places.last().map_or(0, |(_, place)| *place).max(found);
        places.push((line.at_ms, highest));
    }

    /// Something of a round.
    pub(crate) fn round(&mut self, shown: &Shown) {
        let key = (shown.lobby, shown.round);
        let place = format!("{} {}", round_named(key), called(&shown.event));
        self.rounds.look();
        if let RoundEvent::Opened { chain, terminal, seed_index } = &shown.event {
            self.promised(key, *chain, *terminal, *seed_index);
            return;
        }
        let Some(round) = self.dump.rounds.get(&key) else {
            // A round that nobody had asked for a bet may be forgotten when it ends.
            if shown.event != RoundEvent::Voided {
                self.rounds.add(place, "a stored round", "none");
            }
            return;
        };
        if let Err((expected, found)) = compare(&shown.event, round) {
            self.rounds.add(&place, expected, found);
        }
        if let RoundEvent::Settled { public_seed, .. } = &shown.event {
            let chain = self.dump.chains.get(&(round.lobby, round.chain));
            let stored = chain.and_then(|chain| chain.public_seed.as_deref());
            if stored != Some(public_seed) {
                let expected = format!("the public seed {public_seed}");
                self.rounds.add(place, expected, format!("{stored:?}"));
            }
        }
    }

    /// The promise a round was opened under, and the seed it was to use if it was locked.
    fn promised(&mut self, key: RoundKey, chain: i64, terminal: Hex<32>, seed_index: i64) {
        let place = format!("{} opened", round_named(key));
        let stored = self.dump.chains.get(&(key.0, chain)).map(|chain| chain.terminal);
        if stored != Some(terminal) {
            let expected = format!("chain {chain} with the end {terminal}");
            self.rounds.add(&place, expected, named(stored));
        }
        let round = self.dump.rounds.get(&key).filter(|round| round.chain == chain);
        if let Some(used) = round.and_then(|round| round.seed_index)
            && used != seed_index
        {
            self.rounds.add(place, format!("seed {seed_index}"), format!("seed {used}"));
        }
    }
}

/// Whether the event is true of the round; what was shown and what is stored, if not.
fn compare(event: &RoundEvent, round: &Round) -> Result<(), (String, String)> {
    let state = round.state;
    let locked = !matches!(state, RoundState::Open | RoundState::Voided);
    let units = |centi: Option<i64>| centi.map(|centi| Decimal::from_units(centi * 100));
    let (expected, found) = match event {
        RoundEvent::Opened { .. } => return Ok(()),
        RoundEvent::Locked { count, sum, bets_hash } => {
            let hash = round.bets_hash;
            (
                format!("{count} bets, {} units, {bets_hash}", sum.units()),
                format!("{} bets, {} units, {}", round.count, round.stake_sum_units, named(hash)),
            )
        }
        // An interruption is told at once, before it is decided how the round ends.
        RoundEvent::Started | RoundEvent::Interrupted { seed: None, .. } => {
            ("locked: true".to_owned(), format!("locked: {locked}"))
        }
        RoundEvent::Climbed { multiplier } => {
            let most = units(round.crash_point_centi);
            // A round that is not over has no crash point to compare with.
            let over = matches!(state, RoundState::Settled | RoundState::Interrupted);
            let reached = most.is_none_or(|most| *multiplier <= most);
            if reached && (most.is_some() || !over) && locked {
                return Ok(());
            }
            (format!("a crash point of {multiplier} or above"), format!("{state:?} {most:?}"))
        }
        RoundEvent::Crashed { crash_point, multiplier } => {
            let stored = units(round.multiplier_centi);
            let ends = multiplier.is_none() || *multiplier == stored;
            let is = matches!(state, RoundState::Crashed | RoundState::Settled);
            (
                format!("crashed at {crash_point}, the climb true"),
                format!(
                    "{} at {}, the climb {ends}",
                    if is { "crashed" } else { "not crashed" },
                    units(round.crash_point_centi).unwrap_or_default()
                ),
            )
        }
        RoundEvent::Settled { seed, payout_sum, .. } => (
            format!("settled by {seed}, paid {}", payout_sum.units()),
            format!("{state:?} by {}, paid {}", named(round.seed), round.payout_sum_units)
                .replace("Settled", "settled"),
        ),
        RoundEvent::Voided => ("Voided".to_owned(), format!("{state:?}")),
        RoundEvent::Interrupted { seed, multiplier } => (
            format!("Interrupted by {} at {multiplier:?}", named(*seed)),
            format!("{state:?} by {} at {:?}", named(round.seed), units(round.multiplier_centi)),
        ),
    };
    if expected == found { Ok(()) } else { Err((expected, found)) }
}

fn named(hash: Option<Hex<32>>) -> String {
    hash.map_or("nothing".to_owned(), |hash| hash.to_string())
}

const fn called(event: &RoundEvent) -> &'static str {
    match event {
        RoundEvent::Opened { .. } => "opened",
        RoundEvent::Locked { .. } => "locked",
        RoundEvent::Started => "started",
        RoundEvent::Climbed { .. } => "climbed",
        RoundEvent::Crashed { .. } => "crashed",
        RoundEvent::Settled { .. } => "settled",
        RoundEvent::Voided => "voided",
        RoundEvent::Interrupted { .. } => "interrupted",
    }
}
