//! A store that stands still: the climb stops in time, and nothing is shown that was not stored.

use std::sync::Arc;

use cluster::{Bus, Delivery, Subscription};
use parking_lot::Mutex;
use platform::clock::Stopwatch;
use serde_json::Value;

use super::*;
use crate::testing::Hold;

/// What everyone was shown, each with its second.
type Shown = Arc<Mutex<Vec<(f64, Value)>>>;

fn watch(mut pictures: Subscription, stopwatch: Stopwatch) -> Shown {
    let shown = Shown::default();
    let seen = Arc::clone(&shown);
    tokio::spawn(async move {
        while let Some(Delivery::Picture(json)) = pictures.next().await {
            seen.lock().push((stopwatch.seconds(), serde_json::from_slice(&json).unwrap()));
        }
    });
    shown
}

fn leave(process: &Process, who: u64, round: RoundId) -> CashOutRequest {
    let at = LobbyRef { lobby: round.lobby, round: Some(round.number) };
    let stamp = process.service.inner.clock.now();
    CashOutRequest { player: player(who), at, bet: None, stamp }
}

/// A round of Main with bets of ann and bob that climbs past 0.4 s; others are played out.
async fn long_climb(process: &Process) -> (RoundId, u8) {
    for bet in 1..=60_u8 {
        let round = place(process, request(1, bet, 1, None)).await.round;
        let bobs = process.service.place_bet(request(2, bet, 1, None)).await.unwrap();
        process.service.place_bet(request(2, 100 + bet, 1, Some(102))).await.unwrap();
        assert_eq!(bobs.round, round);
        loop {
            let seen = process.service.look(lobby(1), None).await.unwrap();
            let over = matches!(seen.phase, Phase::Crashed | Phase::Settled);
            if seen.round != round.number || over {
                break;
            }
            if seen.phase == Phase::Running && seen.elapsed_ms.unwrap() > 400 {
                return (round, bet);
            }
            pause().await;
        }
    }
    panic!("sixty rounds in a row crashed at once");
}

/// Told at once that it stopped, and how it ended only once that could be stored; nothing in
/// between. Answers with where it was stopped.
fn told_twice(shown: &Shown, round: RoundId) -> Multiplier {
    let shown = shown.lock().clone();
    let of_round = shown.iter().filter(|(_, picture)| picture["round"] == round.number);
    let told: Vec<_> =
        of_round.filter(|(_, picture)| picture["type"] == "interrupted").cloned().collect();
    assert_eq!(told.len(), 2);
    let (stopped_s, stopped) = &told[0];
    assert!((0.5..1.7).contains(stopped_s), "stopped at {stopped_s} s");
    assert_eq!((stopped.get("multiplier"), stopped.get("seed")), (None, None));
    assert_eq!(stopped["reason"], "stalled");
    let (settled_s, settled) = &told[1];
    assert!(*settled_s > 2.8, "told at {settled_s} s, before anything could be stored");
    assert!(settled["seed"].is_string() && settled["public_seed"].is_string());
    for (at_s, picture) in &shown {
        let stalled = (0.2..2.8).contains(at_s);
        let carries = picture["type"] == "bet_result"
            || picture["cash_outs"].as_array().is_some_and(|left| !left.is_empty());
        assert!(!stalled || !carries, "{picture} at {at_s} s");
        assert!(!stalled || picture["type"] != "tick" || at_s <= stopped_s, "{picture}");
    }
    Multiplier::parse(&settled["multiplier"].to_string()).unwrap()
}

/// One try; `None` if the crash came too soon for a stall.
async fn stall_a_climb() -> Option<()> {
    let mut world = World::new();
    world.config.multiplier_max_centi = 100_000;
    world.config.main.betting_ms = 300;
    world.wallet.top_up(player(1), 1_000);
    world.wallet.top_up(player(2), 1_000);
    let process = world.start().await;
    let (round, bet) = long_climb(&process).await;
    let stopwatch = Stopwatch::start();
    let shown = watch(world.bus.subscribe(lobby(1)), stopwatch);
    process.stall_store(Duration::from_secs(3));
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Ann leaves while the store stands still: taken, but not told.
    let service = process.service.clone();
    let asked = leave(&process, 1, round);
    let anns = tokio::spawn(async move { (service.cash_out(asked).await, stopwatch.seconds()) });
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    if state_shown(&shown, "interrupted").is_none() {
        // It crashed within the second that a climb may run on.
        process.stop().await;
        return None;
    }
    let bobs = process.service.cash_out(leave(&process, 2, round)).await;
    assert_eq!(bobs, Err(PlayRefusal::TooLate.into()));
    let late = process.service.place_bet(request(2, bet, 2, None)).await;
    assert!(late.is_err());
    until(async || state_shown(&shown, "multiplier").is_some()).await;

    let told = told_twice(&shown, round);
    let (paid, answered_s) = anns.await.unwrap();
    let paid = paid.unwrap()[0];
    assert!(answered_s > 2.8, "answered at {answered_s} s");
    let store = &process.service.inner.store;
    until(async || state(&process, round).await.is_over()).await;
    let (record, bets) = store.round(round).await.unwrap().unwrap();
    assert_eq!(record.state, RoundState::Interrupted);
    let reached = record.multiplier.unwrap();
    assert_eq!(told, reached);
    assert!(reached >= paid.multiplier, "a stored cash-out is a durable record");
    for bet in bets {
        let expected = match bet.auto_cash_out {
            Some(target) => bet.stake.payout_at(target),
            None if bet.player == player(1) => paid.payout,
            None => bet.stake.payout_at(reached),
        };
        assert_eq!(bet.payout, Some(expected), "{bet:?}");
    }
    let metrics = process.service.metrics();
    assert_eq!(metrics.rounds_interrupted.get(), 1);
    let counted = metrics.interrupted_paid_units.get();
    assert_eq!(counted, record.payout_sum.units().unsigned_abs());
    let won = Outcome::Won { payout: Stake::from_whole(1).payout_at(reached) };
    let ended = Hold::Ended(Stake::from_whole(1), won);
    until(async || world.wallet.hold(player(2), bet_id(bet)) == Some(ended)).await;
    process.stop().await;
    Some(())
}

/// The value of an interruption's field, or of its type, once it was shown.
fn state_shown(shown: &Shown, field: &str) -> Option<Value> {
    let shown = shown.lock();
    let mut interrupted =
        shown.iter().map(|(_, picture)| picture).filter(|one| one["type"] == "interrupted");
    match field {
        "interrupted" => interrupted.next().cloned(),
        field => interrupted.find_map(|one| one.get(field).cloned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stalls_for_three_seconds_interrupts_the_round() {
    for _ in 0..20 {
        if stall_a_climb().await.is_some() {
            return;
        }
    }
    panic!("every climb crashed within a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stalls_for_less_delays_answers_and_no_more() {
    let mut world = World::new();
    world.config.main.betting_ms = 3_000;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    place(&process, request(1, 1, 1, None)).await;
    process.stall_store(Duration::from_millis(600));
    pause().await;
    let stopwatch = Stopwatch::start();
    let accepted = process.service.place_bet(request(1, 2, 1, None)).await.unwrap();
    assert!(stopwatch.seconds() > 0.5, "accepted before it was stored");
    assert_eq!(accepted.balance, Amount::from_whole(8));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_that_missed_its_lock_is_refused_however_often_it_is_sent() {
    let mut world = World::new();
    world.config.main.betting_ms = 1_000;
    world.wallet.top_up(player(1), 100);
    let process = world.start().await;
    let look = async || process.service.look(lobby(1), None).await.unwrap();
    until(async || look().await.closes_in_ms.is_some()).await;
    // The store stands still until the round is long locked, so the bet's row comes too late.
    process.stall_store(Duration::from_millis(2_500));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let bet = request(1, 1, 10, None);
    let refused = Err(PlayRefusal::BettingClosed.into());
    let first = process.service.place_bet(bet.clone()).await;
    assert!(first == refused || first == Err(PlayError::Unavailable), "{first:?}");
    let store = &process.service.inner.store;
    until(async || {
        let stored = store.bet(player(1), bet_id(1)).await.unwrap();
        stored.is_some_and(|bet| bet.state == engine::BetState::Released)
    })
    .await;
    let round = store.bet(player(1), bet_id(1)).await.unwrap().unwrap().round;
    let again = BetRequest { at: LobbyRef { lobby: lobby(1), round: Some(round.number) }, ..bet };
    let sent_again = process.service.place_bet(again).await;
    assert!(matches!(sent_again, Err(PlayError::Refused(_))), "{sent_again:?}");
    process.stop().await;
}
