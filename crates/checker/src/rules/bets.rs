//! Bets alone: one end each, and exact payouts.

use super::{bet_named, round_named};
use crate::dump::{Bet, BetState, Dump, Round, RoundState};
use crate::report::Verdict;

/// Every rule of bets.
pub(crate) fn judge(dump: &Dump) -> Vec<Verdict> {
    let mut ends = Verdict::new(
        "bets_end_once",
        "a bet has one terminal record, and has it when its round is over",
    );
    let mut payouts = Verdict::new(
        "payouts_are_exact",
        "a payout is stake × multiplier, not above target, cap, climb or crash point",
    );
    for (key, bet) in &dump.bets {
        let place = format!("{} in {}", bet_named(*key), round_named((bet.lobby, bet.round)));
        ends.look();
        let Some(round) = dump.rounds.get(&(bet.lobby, bet.round)) else {
            ends.add(place, "a round of this bet", "none");
            continue;
        };
        if !may_stand(bet, round) {
            let found = format!("{:?}, in round: {}", bet.state, bet.in_round);
            ends.add(&place, format!("an end that fits a round {:?}", round.state), found);
        }
        judge_payout(&mut payouts, &place, bet, round);
    }
    vec![ends, payouts]
}

/// Whether a bet can stand so in a round that stands so.
fn may_stand(bet: &Bet, round: &Round) -> bool {
    let over =
        matches!(round.state, RoundState::Settled | RoundState::Voided | RoundState::Interrupted);
    let locked = !matches!(round.state, RoundState::Open | RoundState::Voided);
    let in_round = bet.in_round != 0;
    match bet.state {
        BetState::Accepted => !over && in_round == locked,
        BetState::CashedOut => in_round && locked,
        BetState::Lost => in_round && round.state == RoundState::Settled,
        BetState::Cancelled => !in_round,
        // Given back before the lock, or with every other one of an interrupted round.
        BetState::Released => !in_round || round.state == RoundState::Interrupted,
    }
}

fn judge_payout(verdict: &mut Verdict, place: &str, bet: &Bet, round: &Round) {
    verdict.look();
    let paid = bet.state == BetState::CashedOut;
    if !paid {
        if bet.payout_units.is_some() {
            verdict.add(place, "no payout", format!("{:?} units", bet.payout_units));
        }
        return;
    }
    let (Some(multiplier), Some(payout)) = (bet.multiplier_centi, bet.payout_units) else {
        verdict.add(place, "a multiplier and a payout", "one is missing");
        return;
    };
    let due = i128::from(bet.stake_steps) * i128::from(multiplier);
    if i128::from(payout) != due {
        verdict.add(place, format!("{due} units"), format!("{payout} units"));
    }
    let bounds = [
        ("the crash point", round.crash_point_centi),
        ("the climb's end", round.multiplier_centi),
        ("the target", bet.auto_centi),
        ("the cap", Some(bet.cap_centi)),
    ];
    for (what, bound) in bounds {
        if let Some(bound) = bound.filter(|bound| multiplier > *bound) {
            verdict.add(place, format!("at most {what}, {bound}"), multiplier);
        }
    }
    // Whoever is paid at an interruption may be paid where the climb starts.
    let least = if round.state == RoundState::Interrupted { 100 } else { 101 };
    if multiplier < least {
        verdict.add(place, format!("{least} hundredths or more"), multiplier);
    }
}
