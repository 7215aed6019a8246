//! What listeners hear of rounds whose pictures come whole, lost, doubled and late.

use kernel::{BetId, Multiplier, Stake};
use protocol::picture::{BetOutcome, BettingOpened, Crashed, Interrupted, RoundStarted, Tick};
use protocol::rounds::EndReason;
use protocol::wire::{WireBetId, WirePlayerId, WireStake};

use super::*;
use crate::testing::{commitment, lobby, multiplier, snapshot};

/// A story that has heard everything up to sequence 9 of epoch 1: round 3 is open.
fn story() -> Story {
    let mut story = Story::new(lobby(4));
    story.begin(&snapshot(Phase::Open));
    story
}

fn picture(seq: u64, event: PictureEvent) -> Picture {
    let lobby_id = WireLobbyId(lobby(4));
    Picture { to: None, lobby_id, epoch: 1, seq, round: 3, event }
}

fn started(seq: u64) -> Picture {
    let curve = protocol::lobby::CurveName::Exponential;
    picture(seq, PictureEvent::RoundStarted(RoundStarted { elapsed_ms: 0, curve }))
}

fn tick(seq: u64, elapsed_ms: u64, centi: u32) -> Picture {
    let multiplier = multiplier(centi);
    picture(seq, PictureEvent::Tick(Tick { elapsed_ms, multiplier, cash_outs: vec![] }))
}

fn crashed(seq: u64, centi: u32) -> Picture {
    let (crash_point, multiplier) = (multiplier(centi), multiplier(centi));
    picture(seq, PictureEvent::Crashed(Crashed { crash_point, multiplier, elapsed_ms: 3_000 }))
}

/// Everything told of `pictures`, a word each: an event's name and its number.
fn hear(story: &mut Story, pictures: &[Picture]) -> Vec<String> {
    let mut told = Vec::new();
    for picture in pictures {
        assert_eq!(story.continue_with(picture, &mut told), Continuity::Whole);
    }
    words(&told)
}

fn words(told: &[Told]) -> Vec<String> {
    let word = |told: &Told| match told {
        Told::Everyone(ServerEvent::CoefficientUpdate(at)) => Some(at.0.to_string()),
        Told::Everyone(ServerEvent::Crashed(crashed)) => {
            Some(format!("crashed {}", crashed.coefficient.0))
        }
        Told::Everyone(event) => Some(event.name().into_owned()),
        Told::Player(player, event) => Some(format!("{player}: {}", event.name())),
        Told::Picture(_) | Told::Snapshot(_) => None,
    };
    told.iter().filter_map(word).collect()
}

/// What plain sockets are told, a type and its number each.
fn plain_words(told: &[Told]) -> Vec<String> {
    let word = |told: &Told| match told {
        Told::Picture(picture) => Some(format!("{} {}", picture.event.name(), picture.seq)),
        Told::Snapshot(snapshot) => Some(format!("snapshot {}", snapshot.seq)),
        Told::Everyone(_) | Told::Player(..) => None,
    };
    told.iter().filter_map(word).collect()
}

#[test]
fn a_round_is_told_from_opening_to_crash() {
    let opened = BettingOpened {
        closes_in_ms: Some(6_000),
        commitment: commitment(),
        seed_index: 3,
        anchored: false,
        next_commitment: None,
    };
    let pictures = [
        picture(10, PictureEvent::BettingOpened(opened)),
        started(11),
        tick(12, 0, 100),
        tick(13, 50, 100),
        tick(14, 200, 101),
        crashed(15, 101),
    ];
    let heard = hear(&mut story(), &pictures);
    assert_eq!(heard, ["round_opened", "round_started", "1.00", "1.00", "1.01", "crashed 1.01"]);
}

#[test]
fn doubled_and_late_pictures_are_told_once() {
    let pictures = [started(10), started(10), tick(11, 50, 100), tick(11, 50, 100), started(9)];
    assert_eq!(hear(&mut story(), &pictures), ["round_started", "1.00", "1.00"]);
    let mut old = started(12);
    old.epoch = 0;
    assert_eq!(hear(&mut story(), &[old]), [""; 0]);
}

#[test]
fn a_round_that_crashes_at_once_still_starts() {
    assert_eq!(
        hear(&mut story(), &[started(10), crashed(11, 100)]),
        ["round_started", "1.00", "crashed 1.00"]
    );
}

#[test]
fn a_lost_picture_is_a_gap_and_a_snapshot_tells_what_was_missed() {
    let (mut story, mut told) = (story(), Vec::new());
    assert_eq!(story.continue_with(&tick(12, 100, 100), &mut told), Continuity::Gap);
    assert!(told.is_empty(), "nothing is told before the gap is closed");
    let mut now = snapshot(Phase::Running);
    (now.seq, now.multiplier, now.elapsed_ms) = (12, Some(multiplier(105)), Some(850));
    story.repair(&now, &mut told);
    assert_eq!(words(&told), ["round_started", "1.00", "1.05"]);
    told.clear();
    assert_eq!(story.continue_with(&tick(12, 100, 100), &mut told), Continuity::Whole);
    assert_eq!(story.continue_with(&tick(13, 900, 106), &mut told), Continuity::Whole);
    assert_eq!(words(&told), ["1.06"]);
}

#[test]
fn a_new_owner_is_a_gap() {
    let mut next = started(1);
    next.epoch = 2;
    assert_eq!(story().continue_with(&next, &mut Vec::new()), Continuity::Gap);
}

#[test]
fn a_missed_crash_is_told_from_the_snapshot_once() {
    let (mut story, mut told) = (story(), Vec::new());
    let mut now = snapshot(Phase::Settled);
    (now.seq, now.crash_point) = (20, Some(multiplier(250)));
    story.repair(&now, &mut told);
    assert_eq!(words(&told), ["round_started", "1.00", "crashed 2.50"]);
    told.clear();
    now.seq = 21;
    story.repair(&now, &mut told);
    assert_eq!(words(&told), [""; 0]);
}

#[test]
fn a_missed_opening_is_told_from_the_snapshot_once() {
    let (mut story, mut told) = (story(), Vec::new());
    let mut now = snapshot(Phase::Open);
    (now.seq, now.round, now.closes_in_ms) = (30, 4, Some(2_000));
    story.repair(&now, &mut told);
    story.repair(&now, &mut told);
    let opened =
        RoundOpened { lobby_id: WireLobbyId(lobby(4)), round: 4, closes_in_ms: Some(2_000) };
    told.retain(|told| matches!(told, Told::Everyone(_)));
    assert_eq!(told, [Told::Everyone(ServerEvent::RoundOpened(opened))]);
}

#[test]
fn an_older_snapshot_changes_nothing() {
    let (mut story, mut told) = (story(), Vec::new());
    let mut old = snapshot(Phase::Running);
    old.seq = 8;
    assert!(!story.is_covered_by(&old));
    story.repair(&old, &mut told);
    assert!(told.is_empty());
}

#[test]
fn a_stopped_round_climbs_no_further() {
    let interrupted =
        Interrupted { reason: EndReason::Stalled, multiplier: None, seed: None, public_seed: None };
    let pictures =
        [started(10), picture(11, PictureEvent::Interrupted(interrupted)), tick(12, 500, 103)];
    assert_eq!(hear(&mut story(), &pictures), ["round_started", "1.00"]);
}

#[test]
fn a_stopped_round_that_turns_out_to_be_over_crashes_once() {
    let interrupted =
        Interrupted { reason: EndReason::Stalled, multiplier: None, seed: None, public_seed: None };
    let pictures =
        [started(10), picture(11, PictureEvent::Interrupted(interrupted)), crashed(12, 118)];
    let mut story = story();
    assert_eq!(hear(&mut story, &pictures), ["round_started", "1.00", "crashed 1.18"]);
    let mut now = snapshot(Phase::Settled);
    (now.seq, now.crash_point) = (13, Some(multiplier(118)));
    let mut told = Vec::new();
    story.repair(&now, &mut told);
    assert_eq!(words(&told), [""; 0]);
}

#[test]
fn a_result_goes_to_its_player_alone_and_leaves_the_sequence() {
    let result = BetResult {
        user_id: WirePlayerId(kernel::PlayerId::new(7).unwrap()),
        result: BetOutcome::Lost,
        payout: None,
        coefficient: None,
        bet_id: WireBetId(BetId::from_bytes([1; 16])),
        stake: WireStake(Stake::MIN),
    };
    let mut lost = picture(9, PictureEvent::BetResult(result));
    lost.to = Some(result.user_id);
    assert_eq!(
        hear(&mut story(), &[lost, started(10)]),
        ["7: bet_result", "round_started", "1.00"]
    );
    assert_eq!(Multiplier::ONE.to_string(), "1.00");
}

#[test]
fn plain_sockets_are_told_every_counted_picture_and_no_other() {
    let mut story = story();
    let mut told = Vec::new();
    let pictures = [
        started(10),
        tick(10, 50, 100),
        tick(10, 100, 100),
        tick(11, 1_000, 106),
        tick(11, 1_050, 106),
        tick(11, 1_050, 106),
        tick(11, 950, 105),
        crashed(12, 106),
        tick(12, 1_100, 106),
    ];
    for picture in &pictures {
        assert_eq!(story.continue_with(picture, &mut told), Continuity::Whole);
    }
    assert_eq!(plain_words(&told), ["round_started 10", "tick 11", "crashed 12"]);
    let heard = ["round_started", "1.00", "1.00", "1.00", "1.06", "1.06", "crashed 1.06"];
    assert_eq!(words(&told), heard);
}

#[test]
fn a_tick_that_is_not_counted_betrays_a_lost_picture_too() {
    let mut story = story();
    let mut told = Vec::new();
    assert_eq!(story.continue_with(&tick(11, 50, 100), &mut told), Continuity::Gap);
    assert_eq!(told, []);
}

#[test]
fn plain_sockets_are_told_a_snapshot_for_what_is_lost_and_nothing_for_what_is_not() {
    let mut story = story();
    let mut told = Vec::new();
    story.repair(&snapshot(Phase::Open), &mut told);
    assert_eq!(told, []);
    let mut later = snapshot(Phase::Open);
    later.seq = 11;
    story.repair(&later, &mut told);
    assert_eq!(plain_words(&told), ["snapshot 11"]);
    let mut of_new_owner = snapshot(Phase::Open);
    (of_new_owner.epoch, of_new_owner.seq) = (2, 1);
    story.repair(&of_new_owner, &mut told);
    assert_eq!(plain_words(&told), ["snapshot 11", "snapshot 1"]);
    let head = story.told_up_to();
    assert_eq!((head.epoch, head.seq, head.round), (2, 1, 3));
}
