//! The rule of interrupted rounds, case by case.

use super::*;
use crate::hex::Hex;

fn round(state: RoundState, heartbeat_centi: Option<i64>) -> Round {
    Round {
        lobby: 4,
        round: 17,
        epoch: 1,
        chain: 1,
        state,
        seed_index: Some(3),
        count: 1,
        stake_sum_units: 1_000,
        payout_sum_units: 0,
        bets_hash: None,
        heartbeat_centi,
        crash_point_centi: Some(200),
        multiplier_centi: None,
        seed: None,
        close_agreed: None,
    }
}

fn bet(cap_centi: i64) -> Bet {
    Bet {
        player: 7,
        bet: Hex([1; 16]),
        lobby: 4,
        round: 17,
        stake_steps: 10,
        auto_centi: None,
        cap_centi,
        state: BetState::Accepted,
        in_round: 1,
        multiplier_centi: None,
        payout_units: None,
        stamped_ms: None,
    }
}

#[test]
fn the_first_rule_that_holds_decides() {
    use RoundState::{Crashed, Locked, Open};
    let cases = [
        (Open, None, Ending::Voided),
        (Open, Some(150), Ending::Voided),
        (Crashed, None, Ending::Settled(200)),
        (Crashed, Some(150), Ending::Settled(200)),
        (Locked, None, Ending::Released),
        (Locked, Some(199), Ending::Stopped(199)),
        (Locked, Some(200), Ending::Settled(200)),
        (Locked, Some(201), Ending::Settled(200)),
    ];
    for (state, durable, expected) in cases {
        assert_eq!(ending(&round(state, None), durable, 200), expected, "{state:?} {durable:?}");
    }
}

#[test]
fn a_stopped_climb_pays_everybody_what_the_bet_was_worth() {
    let stopped = Ending::Stopped(150);
    assert_eq!(due(&bet(120), None, stopped), Due::Paid(120));
    assert_eq!(due(&bet(150), None, stopped), Due::Paid(150));
    assert_eq!(due(&bet(100_000), None, stopped), Due::Paid(150));
    assert_eq!(due(&bet(100_000), Some(110), stopped), Due::Paid(110));
    let waiting = Bet { in_round: 0, ..bet(120) };
    assert_eq!(due(&waiting, None, stopped), Due::Released);
    assert_eq!(due(&bet(120), None, Ending::Released), Due::Released);
}

#[test]
fn a_climb_that_ran_to_its_end_pays_targets_up_to_it() {
    let settled = Ending::Settled(200);
    assert_eq!(due(&bet(200), None, settled), Due::Paid(200));
    assert_eq!(due(&bet(201), None, settled), Due::Lost);
    assert_eq!(due(&bet(201), Some(130), settled), Due::Paid(130));
}
