//! The wallet's book alone: sums, signs, replay, escrow, and what each hold has moved.

use std::collections::BTreeMap;

use super::{bet_named, round_named};
use crate::book::{Book, Moved};
use crate::dump::{Dump, Hold, HoldState, RoundKey, Tally};
use crate::report::Verdict;

/// Every rule of the book.
pub(crate) fn judge(dump: &Dump) -> Vec<Verdict> {
    let replayed = replay(dump);
    vec![
        names_stand_once(dump),
        zero_sum(dump),
        owes(dump),
        replayed,
        dump.book.statements.clone(),
        escrow(dump),
        held(dump),
        closed(dump),
        tallies(dump),
        movements(dump),
        parked(dump),
    ]
}

fn names_stand_once(dump: &Dump) -> Verdict {
    let says = "no account, hold, round or bet has two records";
    let mut verdict = Verdict::new("names_stand_once", says);
    verdict.looked_at = (dump.accounts.len() + dump.holds.len() + dump.bets.len()) as u64;
    for row in &dump.doubled {
        verdict.add("dump", "one record", format!("a second beside {row}"));
    }
    verdict
}

fn zero_sum(dump: &Dump) -> Verdict {
    let mut verdict = Verdict::new("balances_sum_to_zero", "no money is made or lost");
    let sum: i128 = dump.accounts.values().map(|account| i128::from(account.balance_units)).sum();
    verdict.same("all accounts", 0, sum);
    verdict
}

fn owes(dump: &Dump) -> Verdict {
    let mut verdict = dump.book.below_zero.clone();
    for account in dump.accounts.values().filter(|account| account.kind != "cashier") {
        verdict.look();
        if account.balance_units < 0 {
            let found = format!("{} units", account.balance_units);
            verdict.add(format!("{}:{}", account.kind, account.id), "0 units or more", found);
        }
    }
    verdict
}

fn replay(dump: &Dump) -> Verdict {
    let mut verdict = dump.book.sides.clone();
    for ((kind, id), account) in &dump.accounts {
        let name = ["cashier", "house", "escrow", "player"].into_iter().find(|name| name == kind);
        let given = name.and_then(|name| dump.book.balances.get(&(name, *id)));
        let given = given.copied().unwrap_or_default();
        verdict.same(format!("{kind}:{id}"), given, i128::from(account.balance_units));
    }
    for ((kind, id), given) in &dump.book.balances {
        if *given != 0 && !dump.accounts.contains_key(&((*kind).to_owned(), *id)) {
            verdict.add(format!("{kind}:{id}"), format!("{given} units"), "no account");
        }
    }
    verdict
}

/// Sums of the stakes of reserved holds, in units.
fn reserved_by(dump: &Dump, of: fn(&Hold) -> i64) -> BTreeMap<i64, i64> {
    let mut sums = BTreeMap::new();
    for hold in dump.holds.values().filter(|hold| hold.state == HoldState::Reserved) {
        *sums.entry(of(hold)).or_default() += hold.stake_steps * 100;
    }
    sums
}

fn escrow(dump: &Dump) -> Verdict {
    let says = "a lobby's escrow is the sum of its reserved holds";
    let mut verdict = Verdict::new("escrow_is_what_is_held", says);
    let mut held = reserved_by(dump, |hold| hold.lobby);
    for account in dump.accounts.values().filter(|account| account.kind == "escrow") {
        let held = held.remove(&account.id).unwrap_or_default();
        verdict.same(format!("escrow:{}", account.id), held, account.balance_units);
    }
    for (lobby, units) in held {
        verdict.add(format!("escrow:{lobby}"), format!("{units} units"), "no account");
    }
    verdict
}

fn held(dump: &Dump) -> Verdict {
    let says = "what a player is told to hold is the sum of his reserved holds";
    let mut verdict = Verdict::new("held_is_what_is_reserved", says);
    let mut held = reserved_by(dump, |hold| hold.player);
    for account in dump.accounts.values().filter(|account| account.kind == "player") {
        let held = held.remove(&account.id).unwrap_or_default();
        verdict.same(format!("player:{}", account.id), held, account.held_units);
    }
    for (player, units) in held {
        verdict.add(format!("player:{player}"), format!("{units} units"), "no account");
    }
    verdict
}

fn closed(dump: &Dump) -> Verdict {
    let says = "a closed round has no reserved hold, unless its close was alarmed";
    let mut verdict = Verdict::new("closed_rounds_hold_nothing", says);
    for (key, hold) in &dump.holds {
        let round = (hold.lobby, hold.round);
        let closed = dump.fences.get(&hold.lobby).map_or(0, |fence| fence.closed_round);
        if hold.round > closed {
            continue;
        }
        verdict.look();
        let alarmed = dump.tallies.get(&round).is_some_and(|tally| tally.state == "disagreed");
        if hold.state == HoldState::Reserved && !alarmed {
            let place = format!("{} of {}", bet_named(*key), round_named(round));
            verdict.add(place, "a decided hold", "reserved");
        }
    }
    verdict
}

fn tallies(dump: &Dump) -> Verdict {
    let says = "what the wallet counted of a round is what its holds say";
    let mut verdict = Verdict::new("tallies_count_the_holds", says);
    let mut counted: BTreeMap<RoundKey, [i64; 4]> = BTreeMap::new();
    for hold in dump.holds.values() {
        let numbers = counted.entry((hold.lobby, hold.round)).or_default();
        let resolved = match hold.state {
            HoldState::Won | HoldState::Lost => true,
            HoldState::Released => hold.released_by.as_deref() == Some("resolve"),
            HoldState::Reserved => false,
        };
        let units = hold.stake_steps * 100;
        if hold.state == HoldState::Reserved {
            numbers[0] += 1;
            numbers[1] += units;
        } else if resolved {
            numbers[2] += 1;
            numbers[3] += units;
        }
    }
    for (round, tally) in &dump.tallies {
        let counted = counted.remove(round).unwrap_or_default();
        let Tally { reserved_count, reserved_units, resolved_count, resolved_units, .. } = *tally;
        let told = [reserved_count, reserved_units, resolved_count, resolved_units];
        verdict.same(round_named(*round), format!("{counted:?}"), format!("{told:?}"));
    }
    for (round, counted) in counted {
        verdict.add(round_named(round), format!("{counted:?}"), "no tally");
    }
    verdict
}

/// Each hold has taken its stake once, and has given it on once, if it is decided.
fn movements(dump: &Dump) -> Verdict {
    let says = "a hold takes its stake once and gives it on once, by its outcome";
    let mut verdict = Verdict::new("holds_move_their_money_once", says);
    for (key, hold) in &dump.holds {
        let expected = due(hold);
        let found = dump.book.moved.get(key).copied().unwrap_or_default();
        verdict.look();
        if expected != found {
            verdict.add(bet_named(*key), format!("{expected:?}"), format!("{found:?}"));
        }
    }
    for (key, moved) in stray(&dump.book, dump) {
        verdict.add(bet_named(*key), "no money moved without a hold", format!("{moved:?}"));
    }
    verdict
}

fn stray<'a>(
    book: &'a Book,
    dump: &'a Dump,
) -> impl Iterator<Item = (&'a crate::dump::BetKey, &'a Moved)> {
    book.moved.iter().filter(|(key, _)| !dump.holds.contains_key(*key))
}

/// What a hold of this outcome has moved.
fn due(hold: &Hold) -> Moved {
    let stake = (1, hold.stake_steps * 100);
    let start = Moved { stake, round: (hold.lobby, hold.round), ..Moved::default() };
    match hold.state {
        HoldState::Reserved => start,
        HoldState::Won => {
            Moved { collect: stake, payout: (1, hold.payout_units.unwrap_or(-1)), ..start }
        }
        HoldState::Lost => Moved { collect: stake, ..start },
        HoldState::Released => Moved { release: stake, ..start },
    }
}

fn parked(dump: &Dump) -> Verdict {
    let says = "the wallet could do everything it was told";
    let mut verdict = Verdict::new("nothing_is_parked", says);
    verdict.looked_at = dump.holds.len() as u64;
    for parked in &dump.parked {
        let place =
            format!("{} player:{}", round_named((parked.lobby, parked.round)), parked.player);
        verdict.add(place, "nothing", format!("{} {}", parked.reason, parked.outcome));
    }
    verdict
}
