//! What players were told, against what is stored: bets, cancels, cash-outs, top-ups, results.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::bet_named;
use super::shown::Seen;
use crate::decimal::Decimal;
use crate::dump::{Bet, BetKey, BetState, Dump, HoldState};
use crate::log::{Answer, BetNamed, BetSent, BetTaken, End, Entry, Line, Paid, Told};
use crate::report::Verdict;

/// Refusals after which it may have been done all the same.
const UNKNOWN: &[&str] =
    &["wallet_unavailable", "internal", "not_owner", "idempotency_running", "draining"];

/// What one player asked for without giving it a name: (player, lobby, stake, target).
type Nameless = (i64, i64, i64, Option<i64>);

/// All askings of one bet.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that may all be true of one bet")]
struct Asked {
    taken: bool,
    refused: bool,
    unknown: bool,
    /// Whether one that was not refused is what is stored.
    matched: bool,
    /// One without an answer that is not: another one under the same name may be.
    other: Option<Box<BetSent>>,
}

/// All sendings of one top-up.
#[derive(Clone, Copy, Debug)]
struct Funds {
    units: i64,
    taken: bool,
    unknown: bool,
}

/// Lines against a dump.
pub(crate) struct Promises<'a> {
    dump: &'a Dump,
    players: BTreeSet<i64>,
    asked: HashMap<BetKey, Asked>,
    /// How many bets without a name may be stored: unanswered, and refused ones.
    open: HashMap<Nameless, (u64, u64)>,
    funds: BTreeMap<(i64, String), Funds>,
    bets: Verdict,
    unanswered: Verdict,
    refused: Verdict,
    unasked: Verdict,
    cancels: Verdict,
    cash_outs: Verdict,
    top_ups: Verdict,
    results: Verdict,
    seen: Seen<'a>,
}

impl<'a> Promises<'a> {
    pub(crate) fn new(dump: &'a Dump) -> Self {
        let rule = Verdict::new;
        Self {
            dump,
            players: BTreeSet::new(),
            asked: HashMap::new(),
            open: HashMap::new(),
            funds: BTreeMap::new(),
            bets: rule("acknowledged_bets_are_kept", "a bet that was acknowledged is stored so"),
            unanswered: rule(
                "unanswered_bets_are_whole_or_absent",
                "a bet that got no answer is absent, or stored as it was sent",
            ),
            refused: rule("refused_bets_are_not_played", "a refused bet costs nobody anything"),
            unasked: rule("every_bet_was_asked_for", "no bet is stored that nobody asked for"),
            cancels: rule(
                "acknowledged_cancels_are_kept",
                "a bet that was taken back is not played, and its stake went back",
            ),
            cash_outs: rule(
                "acknowledged_cash_outs_are_kept",
                "a cash-out that was acknowledged is paid, with the figures told",
            ),
            top_ups: rule(
                "top_ups_are_kept_once",
                "an acknowledged top-up stands in the book once, an unanswered one at most once",
            ),
            results: rule("results_told_are_stored", "how a bet was told to end is how it ended"),
            seen: Seen::new(dump),
        }
    }

    /// Takes the next line.
    pub(crate) fn take(&mut self, line: &Line) {
        if line.who != 0 {
            self.players.insert(line.who);
        }
        match &line.saw {
            Entry::Bet { sent, answer } => self.bet(line.who, sent, answer),
            Entry::Cancel { sent, answer: Answer::Taken(_) } => self.cancel(line.who, sent),
            Entry::CashOut { answer: Answer::Taken(paid), .. } => {
                for paid in paid {
                    self.cash_out(line.who, paid);
                }
            }
            Entry::Cancel { .. } | Entry::CashOut { .. } => {}
            Entry::TopUp { key, amount, answer } => self.top_up(line.who, key, *amount, answer),
            Entry::Balance { balance } => self.seen.balance(line, *balance),
            Entry::Result(told) => self.result(line.who, told),
            Entry::Round(shown) => self.seen.round(shown),
        }
    }

    /// Everything that can only be said at the end.
    pub(crate) fn finish(mut self) -> Vec<Verdict> {
        self.judge_asked();
        self.judge_stored();
        self.judge_funds();
        let mut verdicts = vec![
            self.bets,
            self.unanswered,
            self.refused,
            self.unasked,
            self.cancels,
            self.cash_outs,
            self.top_ups,
            self.results,
        ];
        verdicts.extend(self.seen.finish());
        verdicts
    }

    fn bet(&mut self, who: i64, sent: &BetSent, answer: &Answer<BetTaken>) {
        let outcome = match answer {
            Answer::Taken(taken) => {
                self.taken(who, sent, taken);
                Asked { taken: true, ..Asked::default() }
            }
            Answer::Refused(code) if !UNKNOWN.contains(&code.as_str()) => {
                Asked { refused: true, ..Asked::default() }
            }
            Answer::Refused(_) | Answer::Nothing => Asked { unknown: true, ..Asked::default() },
        };
        let name = match answer {
            Answer::Taken(taken) => Some(taken.bet),
            Answer::Refused(_) | Answer::Nothing => sent.bet,
        };
        let Some(bet) = name else {
            let (unknown, refused) = self.open.entry(nameless(who, sent)).or_default();
            *unknown += u64::from(outcome.unknown);
            *refused += u64::from(outcome.refused);
            return;
        };
        let same = self.dump.bets.get(&(who, bet)).is_some_and(|bet| is_stored(sent, bet));
        let asked = self.asked.entry((who, bet)).or_default();
        asked.taken |= outcome.taken;
        asked.refused |= outcome.refused;
        asked.unknown |= outcome.unknown;
        asked.matched |= same && !outcome.refused;
        if outcome.unknown && !same {
            asked.other = Some(Box::new(sent.clone()));
        }
    }

    /// The acknowledged bet is stored in both databases, as it was told and as it was asked for.
    fn taken(&mut self, who: i64, sent: &BetSent, taken: &BetTaken) {
        let key = (who, taken.bet);
        let expected = figures(taken.lobby, taken.round, taken.stake, taken.target);
        let found = self.dump.bets.get(&key).map_or("no bet".to_owned(), stored);
        self.bets.same(bet_named(key), expected.clone(), found);
        let asked_for = figures(sent.lobby, taken.round, sent.stake, sent.target);
        if asked_for != expected || sent.bet.is_some_and(|bet| bet != taken.bet) {
            self.bets.add(bet_named(key), asked_for, expected);
        }
        let hold = self.dump.holds.get(&key).map_or("no hold".to_owned(), |hold| {
            format!("{}/{} {} units", hold.lobby, hold.round, hold.stake_steps * 100)
        });
        let told = format!("{}/{} {} units", taken.lobby, taken.round, taken.stake.units());
        self.bets.same(bet_named(key), told, hold);
        if let (Some(cap), Some(bet)) = (taken.cap, self.dump.bets.get(&key)) {
            self.bets.same(bet_named(key), cap.units(), bet.cap_centi * 100);
        }
        if let Some(balance) = taken.balance {
            self.seen.once(who, &bet_named(key), balance);
        }
    }

    fn cancel(&mut self, who: i64, sent: &BetNamed) {
        let key = (who, sent.bet);
        self.cancels.look();
        let bet = self.dump.bets.get(&key).map(|bet| bet.state);
        let hold = self.dump.holds.get(&key).map(|hold| hold.state);
        let given_back = matches!(bet, Some(BetState::Cancelled | BetState::Released));
        // The release may still be on its way where the book is not settled.
        let paid_back = matches!(hold, Some(HoldState::Released | HoldState::Reserved));
        if !given_back || !paid_back {
            let found = format!("{bet:?}, {hold:?}");
            self.cancels.add(bet_named(key), "a bet and a hold given back", found);
        }
    }

    fn cash_out(&mut self, who: i64, paid: &Paid) {
        let key = (who, paid.bet);
        let expected = won(paid.multiplier, paid.payout);
        let found = self.dump.bets.get(&key).map_or("no bet".to_owned(), end_of);
        self.cash_outs.same(bet_named(key), expected, found);
    }

    fn result(&mut self, who: i64, told: &Told) {
        let key = (who, told.bet);
        let place = format!("{} {}/{}", bet_named(key), told.lobby, told.round);
        let expected = match told.end {
            End::Won { multiplier, payout } => won(multiplier, payout),
            End::Lost => "lost".to_owned(),
            End::Released => "given back".to_owned(),
        };
        let bet = self.dump.bets.get(&key);
        let bet = bet.filter(|bet| (bet.lobby, bet.round) == (told.lobby, told.round));
        self.results.same(place, expected, bet.map_or("no such bet".to_owned(), end_of));
    }

    fn top_up(&mut self, who: i64, key: &str, amount: Decimal, answer: &Answer<()>) {
        let start = Funds { units: amount.units(), taken: false, unknown: false };
        let funds = self.funds.entry((who, key.to_owned())).or_insert(start);
        match answer {
            Answer::Taken(()) => funds.taken = true,
            Answer::Refused(code) if !UNKNOWN.contains(&code.as_str()) => {}
            Answer::Refused(_) | Answer::Nothing => funds.unknown = true,
        }
    }

    /// What is stored under a name that got no answer was sent under it, and a bet whose every
    /// asking was refused holds nothing.
    fn judge_asked(&mut self) {
        for (key, asked) in &self.asked {
            if asked.unknown {
                self.unanswered.look();
            }
            if let (Some(sent), Some(bet), false) =
                (&asked.other, self.dump.bets.get(key), asked.matched)
            {
                let round = sent.round.unwrap_or(bet.round);
                let expected = figures(sent.lobby, round, sent.stake, sent.target);
                self.unanswered.add(bet_named(*key), expected, stored(bet));
            }
            if asked.taken || asked.unknown || !asked.refused {
                continue;
            }
            self.refused.look();
            let bet = self.dump.bets.get(key).map(|bet| bet.state);
            let hold = self.dump.holds.get(key).map(|hold| hold.state);
            let played = !matches!(bet, None | Some(BetState::Released | BetState::Cancelled));
            let paid = matches!(hold, Some(HoldState::Won | HoldState::Lost));
            if played || paid {
                self.refused.add(bet_named(*key), "nothing", format!("{bet:?}, {hold:?}"));
            }
        }
    }

    /// Every stored bet of a player who is logged was asked for by him.
    fn judge_stored(&mut self) {
        for (key, bet) in &self.dump.bets {
            if !self.players.contains(&key.0) {
                continue;
            }
            self.unasked.look();
            if self.asked.contains_key(key) {
                continue;
            }
            let name = (key.0, bet.lobby, bet.stake_steps * 100, bet.auto_centi);
            let (unknown, refused) = self.open.entry(name).or_default();
            let returned = matches!(bet.state, BetState::Released | BetState::Cancelled);
            let left = if returned && *refused > 0 { refused } else { unknown };
            if *left == 0 {
                self.unasked.add(bet_named(*key), "a bet that was asked for", stored(bet));
            }
            *left = left.saturating_sub(1);
        }
    }

    /// Top-ups by amount: acknowledged ones are there, and no more than were sent.
    fn judge_funds(&mut self) {
        let mut sent: BTreeMap<(i64, i64), (usize, usize)> = BTreeMap::new();
        for ((who, _), funds) in &self.funds {
            let (taken, unknown) = sent.entry((*who, funds.units)).or_default();
            *taken += usize::from(funds.taken);
            *unknown += usize::from(funds.unknown && !funds.taken);
        }
        let mut stored: BTreeMap<(i64, i64), usize> = BTreeMap::new();
        for who in &self.players {
            for units in self.dump.book.funds.get(who).into_iter().flatten() {
                *stored.entry((*who, *units)).or_default() += 1;
            }
        }
        for (key, (taken, unknown)) in &sent {
            self.top_ups.look();
            let found = stored.remove(key).unwrap_or_default();
            if found < *taken || found > taken + unknown {
                let place = format!("player:{} top-ups of {} units", key.0, key.1);
                self.top_ups.add(place, format!("{taken} to {}", taken + unknown), found);
            }
        }
        for ((who, units), count) in stored.into_iter().filter(|((_, units), _)| *units != 0) {
            self.top_ups.add(format!("player:{who} top-ups of {units} units"), 0, count);
        }
    }
}

/// Whether what was sent is what is stored.
fn is_stored(sent: &BetSent, bet: &Bet) -> bool {
    let round = sent.round.unwrap_or(bet.round);
    figures(sent.lobby, round, sent.stake, sent.target) == stored(bet)
}

fn nameless(who: i64, sent: &BetSent) -> Nameless {
    let target = sent.target.and_then(Decimal::hundredths);
    (who, sent.lobby, sent.stake.units(), target)
}

fn figures(lobby: i64, round: i64, stake: Decimal, target: Option<Decimal>) -> String {
    let target = target.map(|target| target.units() / 100);
    format!("{lobby}/{round} {} units, target {target:?}", stake.units())
}

fn stored(bet: &Bet) -> String {
    let (lobby, round, units) = (bet.lobby, bet.round, bet.stake_steps * 100);
    format!("{lobby}/{round} {units} units, target {:?}", bet.auto_centi)
}

fn won(multiplier: Decimal, payout: Decimal) -> String {
    format!("paid {} units at {} hundredths", payout.units(), multiplier.units() / 100)
}

fn end_of(bet: &Bet) -> String {
    match bet.state {
        BetState::CashedOut => {
            let (payout, centi) = (bet.payout_units.unwrap_or(0), bet.multiplier_centi);
            format!("paid {payout} units at {} hundredths", centi.unwrap_or(0))
        }
        BetState::Lost => "lost".to_owned(),
        BetState::Cancelled | BetState::Released => "given back".to_owned(),
        BetState::Accepted => "not ended".to_owned(),
    }
}

#[cfg(test)]
mod tests;
