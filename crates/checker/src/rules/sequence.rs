//! Several dumps in their order: nothing falls, nothing decided changes, and what a death left is
//! ended by the rule.

use std::collections::BTreeMap;

use super::endings::{self, Ending};
use super::{bet_named, round_named};
use crate::dump::{BetState, Dump, Fence, HoldState, Moment, Round, RoundState};
use crate::hex::Hex;
use crate::report::Verdict;

/// Every rule of a sequence; the last dump is a whole one.
pub(crate) fn judge(dumps: &[Dump]) -> Vec<Verdict> {
    let mut deaths = Verdict::new(
        "deaths_end_by_the_rule",
        "a round that a death cut off is ended by what was durable then",
    );
    let mut stays =
        Verdict::new("what_is_decided_stays", "no transfer, hold, bet or round is decided again");
    if let Some((last, earlier)) = dumps.split_last() {
        for dump in earlier {
            match dump.moment {
                Moment::Death => after_death(&mut deaths, dump, last),
                Moment::Rest | Moment::Settled => decided(&mut stays, dump, last),
            }
        }
    }
    vec![rising(dumps), stays, deaths]
}

/// Epochs, closed rounds and seed indexes from dump to dump.
fn rising(dumps: &[Dump]) -> Verdict {
    let says = "epochs, closed rounds and seed indexes never fall from dump to dump";
    let mut verdict = Verdict::new("fences_rise_from_dump_to_dump", says);
    let mut before: BTreeMap<i64, Fence> = BTreeMap::new();
    for (index, dump) in dumps.iter().enumerate() {
        for lobby in before.keys().filter(|lobby| !dump.fences.contains_key(lobby)) {
            verdict.add(format!("dump {index} lobby {lobby}"), "a fence", "none");
        }
        for (lobby, fence) in &dump.fences {
            verdict.look();
            let earlier = before.get(lobby).copied().unwrap_or(*fence);
            let falls = fence.epoch < earlier.epoch
                || fence.closed_round < earlier.closed_round
                || fence.seed_index < earlier.seed_index;
            if falls {
                let place = format!("dump {index} lobby {lobby}");
                verdict.add(place, format!("{earlier:?} or above"), format!("{fence:?}"));
            }
        }
        before.extend(&dump.fences);
    }
    verdict
}

/// What a whole earlier dump had decided stands so in the last one.
fn decided(verdict: &mut Verdict, earlier: &Dump, last: &Dump) {
    let mark = earlier.mark();
    verdict.look();
    let found = last.book.marked.get(&mark);
    if mark > 0 && found != Some(&earlier.book.digest()) {
        let found = found.map_or("others, or fewer".to_owned(), |hash| Hex(*hash).to_string());
        let place = format!("transfers up to {mark}");
        verdict.add(place, format!("the same as before, {}", Hex(earlier.book.digest())), found);
    }
    for (key, hold) in earlier.holds.iter().filter(|(_, hold)| hold.state != HoldState::Reserved) {
        verdict.look();
        let now = last.holds.get(key);
        if now != Some(hold) {
            verdict.add(bet_named(*key), format!("{hold:?}"), format!("{now:?}"));
        }
    }
    for (key, bet) in earlier.bets.iter().filter(|(_, bet)| bet.state != BetState::Accepted) {
        verdict.look();
        let now = last.bets.get(key);
        if now != Some(bet) {
            verdict.add(bet_named(*key), format!("{bet:?}"), format!("{now:?}"));
        }
    }
    for (key, round) in earlier.rounds.iter().filter(|(_, round)| is_over(round)) {
        verdict.look();
        let now = last.rounds.get(key);
        // Only the wallet's answer comes later.
        let same = now.is_some_and(|now| {
            let answered = round.close_agreed.is_none() || round.close_agreed == now.close_agreed;
            answered && Round { close_agreed: None, ..now.clone() } == unanswered(round)
        });
        if !same {
            verdict.add(round_named(*key), format!("{round:?}"), format!("{now:?}"));
        }
    }
}

fn unanswered(round: &Round) -> Round {
    Round { close_agreed: None, ..round.clone() }
}

const fn is_over(round: &Round) -> bool {
    matches!(round.state, RoundState::Settled | RoundState::Voided | RoundState::Interrupted)
}

/// Each round without an end at a death has the end that its durable records demand.
fn after_death(verdict: &mut Verdict, death: &Dump, last: &Dump) {
    for (key, round) in &death.rounds {
        verdict.look();
        let place = round_named(*key);
        let bets: Vec<_> = death.of_round(*key).collect();
        let Some(now) = last.rounds.get(key) else {
            // A round that nobody had asked for a bet may be forgotten.
            if round.state != RoundState::Open || !bets.is_empty() {
                verdict.add(place, "the round", "none");
            }
            continue;
        };
        let cash_outs = bets.iter().filter(|bet| bet.state == BetState::CashedOut);
        let durable = cash_outs.filter_map(|bet| bet.multiplier_centi).max();
        let durable = durable.max(round.heartbeat_centi);
        let Some(end) =
            endings::climb_end(last, now).or((round.state == RoundState::Open).then_some(0))
        else {
            verdict.add(place, "a crash point", "none");
            continue;
        };
        let expected = endings::ending(round, durable, end);
        let stands = endings::standing(now);
        if expected != stands {
            verdict.add(&place, format!("{expected:?}"), format!("{stands:?} ({:?})", now.state));
        }
        for bet in bets {
            let key = (bet.player, bet.bet);
            let own = (bet.state == BetState::CashedOut).then_some(bet.multiplier_centi).flatten();
            let due = match bet.state {
                BetState::Cancelled | BetState::Released => endings::Due::Released,
                _ => endings::due(bet, own, expected),
            };
            let came_to = last.bets.get(&key).and_then(endings::came_to);
            if came_to != Some(due) {
                let place = format!("{} in {place}", bet_named(key));
                verdict.add(place, format!("{due:?}"), format!("{came_to:?}"));
            }
        }
        if expected == Ending::Voided && now.seed.is_some() {
            verdict.add(place, "a seed that stays sealed", "a seed");
        }
    }
}
