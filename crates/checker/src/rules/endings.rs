//! How rounds end: as played, or by the rule of interrupted rounds, computed a second time.
//!
//! The first that holds decides. Not locked: every stake goes back. A stored crash, or a climb that
//! was over at the highest durable multiplier: as played. No durable multiplier: every stake goes
//! back. Otherwise stored cash-outs stand, targets up to that multiplier are paid at the target,
//! and every other open bet is paid stake × that multiplier.

use super::{bet_named, round_named};
use crate::dump::{Bet, BetState, Dump, Round, RoundState};
use crate::report::Verdict;

/// How a round must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every stake goes back; no seed is shown.
    Voided,
    /// Every stake goes back, and the seed is shown.
    Released,
    /// As played, to this multiplier.
    Settled(i64),
    /// Stopped at this one.
    Stopped(i64),
}

/// What a bet must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Paid(i64),
    Lost,
    Released,
}

/// Where the climb ends, if it runs to its end.
pub(crate) fn climb_end(dump: &Dump, round: &Round) -> Option<i64> {
    let most = dump.lobbies.get(&round.lobby)?.multiplier_max_centi;
    Some(round.crash_point_centi?.min(most))
}

/// How a round must end of which this much was durable when its owner died.
pub(crate) fn ending(round: &Round, durable: Option<i64>, climb_end: i64) -> Ending {
    match (round.state, durable) {
        (RoundState::Open | RoundState::Voided, _) => Ending::Voided,
        (RoundState::Crashed | RoundState::Settled, _) => Ending::Settled(climb_end),
        (_, None) => Ending::Released,
        (_, Some(multiplier)) if climb_end <= multiplier => Ending::Settled(climb_end),
        (_, Some(multiplier)) => Ending::Stopped(multiplier),
    }
}

/// What a bet must come to whose own cash-out was stored at `cashed_out`, if it was.
pub(crate) fn due(bet: &Bet, cashed_out: Option<i64>, ending: Ending) -> Due {
    if bet.in_round == 0 {
        return Due::Released;
    }
    match ending {
        Ending::Voided | Ending::Released => Due::Released,
        Ending::Settled(end) => match cashed_out {
            Some(multiplier) => Due::Paid(multiplier),
            None if bet.cap_centi <= end => Due::Paid(bet.cap_centi),
            None => Due::Lost,
        },
        Ending::Stopped(end) => Due::Paid(cashed_out.unwrap_or(bet.cap_centi.min(end))),
    }
}

/// What a bet has come to.
pub(crate) fn came_to(bet: &Bet) -> Option<Due> {
    match bet.state {
        BetState::Accepted => None,
        BetState::CashedOut => Some(Due::Paid(bet.multiplier_centi.unwrap_or(0))),
        BetState::Lost => Some(Due::Lost),
        BetState::Cancelled | BetState::Released => Some(Due::Released),
    }
}

/// The cash-out that stood before the round's end: one with an instant of its own.
pub(crate) fn own_cash_out(bet: &Bet) -> Option<i64> {
    let own = bet.state == BetState::CashedOut && bet.stamped_ms.is_some_and(|ms| ms > 0);
    if own { bet.multiplier_centi } else { None }
}

/// Every round that is over has ended as its own records demand.
pub(crate) fn judge(dump: &Dump) -> Verdict {
    let says = "every round ends as played, or by the rule of interrupted rounds";
    let mut verdict = Verdict::new("rounds_end_by_the_rule", says);
    for (key, round) in &dump.rounds {
        if !matches!(round.state, RoundState::Settled | RoundState::Interrupted) {
            continue;
        }
        verdict.look();
        let place = round_named(*key);
        let Some(end) = climb_end(dump, round) else {
            verdict.add(place, "a crash point", "none");
            continue;
        };
        let bets = || dump.of_round(*key).filter(|bet| bet.in_round != 0);
        let own = bets().filter_map(own_cash_out).max();
        let durable = own.max(round.heartbeat_centi);
        let expected = if round.state == RoundState::Settled {
            Ending::Settled(end)
        } else {
            ending(round, durable, end)
        };
        let stands = standing(round);
        if stands != expected {
            verdict.add(&place, format!("{expected:?}"), format!("{stands:?}"));
        }
        for bet in bets() {
            let due = due(bet, own_cash_out(bet), expected);
            if came_to(bet) != Some(due) {
                let place = format!("{} in {place}", bet_named((bet.player, bet.bet)));
                verdict.add(place, format!("{due:?}"), format!("{:?}", came_to(bet)));
            }
        }
    }
    verdict
}

/// How a round's own record says that it ended.
pub(crate) fn standing(round: &Round) -> Ending {
    match (round.state, round.multiplier_centi) {
        (RoundState::Settled, Some(multiplier)) => Ending::Settled(multiplier),
        (RoundState::Interrupted, Some(multiplier)) => Ending::Stopped(multiplier),
        (RoundState::Interrupted, None) => Ending::Released,
        (RoundState::Settled, None) => Ending::Settled(0),
        _ => Ending::Voided,
    }
}

#[cfg(test)]
mod tests;
