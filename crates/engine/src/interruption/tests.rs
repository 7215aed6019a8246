//! Interrupted rounds, rule by rule, and the reason why stopping a node gains nothing.

use kernel::{BetId, Multiplier, PlayerId, Stake};

use super::{Interruption, Outcome, StoredBet, StoredRound, decide_interruption, would_have_paid};
use crate::BetKey;

pub(super) fn centi(centi: u32) -> Multiplier {
    Multiplier::from_centi(centi).unwrap()
}

pub(super) fn bet(number: u8, cap: u32, cashed_out: Option<u32>) -> StoredBet {
    let key = BetKey {
        player: PlayerId::new(u64::from(number)).unwrap(),
        bet: BetId::from_bytes([number; 16]),
        round: 7,
    };
    StoredBet {
        key,
        stake: Stake::from_whole(10),
        cap: centi(cap),
        cashed_out: cashed_out.map(centi),
    }
}

pub(super) fn round(crash_point: u32, heartbeat: Option<u32>) -> StoredRound {
    StoredRound {
        locked: true,
        crashed: false,
        heartbeat: heartbeat.map(centi),
        crash_point: centi(crash_point),
        multiplier_max: centi(100_000),
        bets: vec![
            bet(1, 100_000, None),
            bet(2, 150, None),
            bet(3, 300, None),
            bet(4, 900, Some(180)),
        ],
    }
}

fn paid(at: u32) -> Outcome {
    Outcome::CashedOut { multiplier: centi(at), payout: Stake::from_whole(10).payout_at(centi(at)) }
}

#[test]
fn an_unlocked_round_is_voided_whatever_else_is_stored() {
    let stored = StoredRound { locked: false, ..round(200, Some(150)) };
    assert_eq!(decide_interruption(&stored), Interruption::Voided);
}

#[test]
fn a_stored_crash_settles_as_played() {
    let stored = StoredRound { crashed: true, ..round(200, Some(190)) };
    let outcomes = vec![Outcome::Lost, paid(150), Outcome::Lost, paid(180)];
    assert_eq!(decide_interruption(&stored), Interruption::Settled { outcomes });
}

#[test]
fn a_crash_point_at_or_below_the_durable_multiplier_settles_as_played() {
    let outcomes = vec![Outcome::Lost, paid(150), Outcome::Lost, paid(180)];
    let settled = Interruption::Settled { outcomes };
    assert_eq!(decide_interruption(&round(190, Some(190))), settled);
    assert_eq!(decide_interruption(&round(180, None)), settled, "a cash-out is a record too");
}

#[test]
fn with_nothing_durable_every_stake_goes_back() {
    let mut stored = round(200, None);
    stored.bets.pop();
    assert_eq!(decide_interruption(&stored), Interruption::Released);
}

#[test]
fn otherwise_everybody_is_paid_the_durable_multiplier_or_their_lower_target() {
    let outcomes = vec![paid(190), paid(150), paid(190), paid(180)];
    let stopped = Interruption::Stopped { multiplier: centi(190), outcomes };
    assert_eq!(decide_interruption(&round(191, Some(190))), stopped);
    assert_eq!(decide_interruption(&round(100_000, Some(190))), stopped);
}

#[test]
fn a_climb_to_the_lobbys_highest_multiplier_pays_everybody_it() {
    let mut stored = StoredRound { crashed: true, ..round(5_000, Some(300)) };
    stored.multiplier_max = centi(400);
    stored.bets = vec![bet(1, 400, None), bet(2, 150, None)];
    let outcomes = vec![paid(400), paid(150)];
    assert_eq!(decide_interruption(&stored), Interruption::Settled { outcomes });
}

#[test]
fn what_a_stopped_round_would_have_paid_is_what_its_caps_and_cash_outs_say() {
    // The cap at 1.50x and the cash-out at 1.80x; the caps at 3.00x and 1,000.00x come too late.
    let would = |crash_point| would_have_paid(&round(crash_point, Some(190)));
    assert_eq!(would(200), Stake::from_whole(10).payout_at(centi(150 + 180)));
    assert_eq!(would(300), Stake::from_whole(10).payout_at(centi(150 + 180 + 300)));
}
