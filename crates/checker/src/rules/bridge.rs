//! Between game and wallet: whatever one has told the other, both know.

use super::{bet_named, round_named};
use crate::dump::{Bet, BetState, Dump, Hold, HoldState, Moment};
use crate::report::Verdict;

/// Every rule between the two.
pub(crate) fn judge(dump: &Dump) -> Vec<Verdict> {
    let mut verdicts = vec![stakes(dump), ends(dump), answered(dump), fences(dump), agreed(dump)];
    if dump.moment == Moment::Settled {
        verdicts.push(settled(dump));
    }
    verdicts
}

fn stakes(dump: &Dump) -> Verdict {
    let says = "every bet of the game is a hold of the wallet, of the same round and stake";
    let mut verdict = Verdict::new("bets_hold_their_stakes", says);
    for (key, bet) in &dump.bets {
        let expected = format!("{}/{} {} steps", bet.lobby, bet.round, bet.stake_steps);
        match dump.holds.get(key) {
            Some(hold) => {
                let found = format!("{}/{} {} steps", hold.lobby, hold.round, hold.stake_steps);
                verdict.same(bet_named(*key), expected, found);
            }
            None => verdict.add(bet_named(*key), expected, "no hold"),
        }
    }
    verdict
}

fn ends(dump: &Dump) -> Verdict {
    let says = "the wallet has decided a hold exactly as the game has decided its bet";
    let mut verdict = Verdict::new("holds_end_as_their_bets", says);
    for (key, hold) in &dump.holds {
        verdict.look();
        let bet = dump.bets.get(key);
        if !agree(hold, bet) {
            let found = format!("{:?} {:?}", hold.state, hold.payout_units);
            let expected = bet.map_or("an end for an unknown bet".to_owned(), |bet| {
                format!("the end of a bet {:?} {:?}", bet.state, bet.payout_units)
            });
            verdict.add(bet_named(*key), expected, found);
        }
    }
    verdict
}

/// What the wallet has decided, the game has decided before.
fn agree(hold: &Hold, bet: Option<&Bet>) -> bool {
    let state = bet.map(|bet| bet.state);
    match hold.state {
        HoldState::Reserved => true,
        HoldState::Won => {
            state == Some(BetState::CashedOut)
                && bet.and_then(|bet| bet.payout_units) == hold.payout_units
        }
        HoldState::Lost => state == Some(BetState::Lost),
        HoldState::Released => {
            matches!(state, None | Some(BetState::Cancelled | BetState::Released))
        }
    }
}

fn answered(dump: &Dump) -> Verdict {
    let says = "a round whose close was answered has no reserved hold, unless they disagreed";
    let mut verdict = Verdict::new("answered_rounds_are_paid", says);
    for (key, hold) in &dump.holds {
        let round = dump.rounds.get(&(hold.lobby, hold.round));
        if round.and_then(|round| round.close_agreed) == Some(1) {
            verdict.look();
            if hold.state == HoldState::Reserved {
                verdict.add(bet_named(*key), "a decided hold", "reserved");
            }
        }
    }
    verdict
}

fn fences(dump: &Dump) -> Verdict {
    let says = "no epoch, closed round or fence is behind an earlier one";
    let mut verdict = Verdict::new("fences_never_fall", says);
    for lobby in dump.lobbies.values() {
        verdict.look();
        let fenced = dump.fences.get(&lobby.lobby).map_or(0, |fence| fence.epoch);
        if lobby.epoch > fenced {
            let place = format!("lobby {}", lobby.lobby);
            verdict.add(place, format!("an epoch of at most {fenced}"), lobby.epoch);
        }
    }
    for (key, round) in &dump.rounds {
        let fenced = dump.fences.get(&round.lobby).map_or(0, |fence| fence.closed_round);
        if round.close_agreed.is_some() && round.round > fenced {
            let expected = format!("a fence at {} or above", round.round);
            verdict.add(round_named(*key), expected, fenced);
        }
    }
    verdict
}

fn agreed(dump: &Dump) -> Verdict {
    let says = "wallet and game agreed about every closed round";
    let mut verdict = Verdict::new("closes_agreed", says);
    for (key, round) in dump.rounds.iter().filter(|(_, round)| round.close_agreed.is_some()) {
        verdict.same(round_named(*key), 1, round.close_agreed.unwrap_or(0));
    }
    verdict
}

/// Nothing hangs in the air once everything was paid and the server has stopped.
fn settled(dump: &Dump) -> Verdict {
    let says = "when all is paid no bet is open, no hold reserved and no call unanswered";
    let mut verdict = Verdict::new("nothing_is_left_open", says);
    for (key, bet) in &dump.bets {
        verdict.look();
        if bet.state == BetState::Accepted {
            verdict.add(bet_named(*key), "an end", "accepted");
        }
    }
    for (key, hold) in dump.holds.iter().filter(|(_, hold)| hold.state == HoldState::Reserved) {
        let place = format!("{} of {}", bet_named(*key), round_named((hold.lobby, hold.round)));
        verdict.add(place, "a decided hold", "reserved");
    }
    for unsent in &dump.unsent {
        let place = round_named((unsent.lobby, unsent.round));
        verdict.add(place, "every call answered", &unsent.part);
    }
    verdict
}
