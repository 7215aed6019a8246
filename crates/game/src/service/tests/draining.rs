//! The end of a process: what nobody plays ends at once, what is played is finished in time.

use std::time::Duration;

use platform::clock::Stopwatch;

use super::*;

/// How long the ends of the lobbies take that have nothing to wait for, at most, in seconds.
const AT_ONCE_S: f64 = 5.0;

async fn open_round(process: &Process) -> RoundId {
    let mut round = 0;
    until(async || {
        let seen = process.service.look(lobby(1), None).await.unwrap();
        round = seen.round;
        seen.phase == Phase::Open && seen.closes_in_ms.is_some()
    })
    .await;
    RoundId::new(lobby(1), round)
}

async fn ended_at_once(process: &Process) {
    let stopwatch = Stopwatch::start();
    process.shutdown.finished().await;
    assert!(stopwatch.seconds() < AT_ONCE_S, "{} s", stopwatch.seconds());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_round_without_an_accepted_bet_is_voided_at_once() {
    let mut world = World::new();
    world.config.main.betting_ms = 60_000;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    let round = open_round(&process).await;
    // One that is on its way is not accepted.
    world.wallet.book.lock().down = true;
    let asked = process.service.clone();
    let waiting = tokio::spawn(async move { asked.place_bet(request(1, 1, 10, None)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    process.shutdown.drain();
    assert_eq!(waiting.await.unwrap(), Err(PlayRefusal::Draining.into()));
    world.wallet.book.lock().down = false;
    ended_at_once(&process).await;
    assert_eq!(state(&process, round).await, RoundState::Voided);
    assert_eq!(world.wallet.balance(player(1)), Amount::from_whole(10));
    let late = process.service.place_bet(request(1, 2, 1, None)).await;
    assert_eq!(late, Err(PlayRefusal::Draining.into()));
    assert!(process.service.look(lobby(1), None).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_climb_without_a_bet_is_interrupted_at_once() {
    let mut world = World::new();
    world.config.multiplier_max_centi = 100_000;
    let process = world.start().await;
    let mut round = 0;
    until(async || {
        let seen = process.service.look(lobby(1), None).await.unwrap();
        round = seen.round;
        seen.phase == Phase::Running && seen.elapsed_ms.is_some_and(|elapsed_ms| elapsed_ms > 300)
    })
    .await;
    process.shutdown.drain();
    ended_at_once(&process).await;
    let ended = state(&process, RoundId::new(lobby(1), round)).await;
    // Unless its crash came in the same instant.
    assert!(matches!(ended, RoundState::Interrupted | RoundState::Settled), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_played_round_is_finished_for_so_long_and_then_ended() {
    let mut world = World::new();
    world.config.main.betting_ms = 60_000;
    world.config.drain_max_s = 1;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    let accepted = place(&process, request(1, 1, 10, None)).await;
    let stopwatch = Stopwatch::start();
    process.shutdown.drain();
    process.shutdown.finished().await;
    assert!((1.0..1.0 + AT_ONCE_S).contains(&stopwatch.seconds()), "{} s", stopwatch.seconds());
    // It was not locked yet: voided, and the stake is back.
    assert_eq!(state(&process, accepted.round).await, RoundState::Voided);
    assert_eq!(world.wallet.balance(player(1)), Amount::from_whole(10));
    assert_eq!(world.wallet.fence_of(lobby(1)).1, accepted.round.number);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_played_round_at_once() {
    let mut world = World::new();
    world.config.main.betting_ms = 60_000;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    let accepted = place(&process, request(1, 1, 10, None)).await;
    process.shutdown.drain();
    let refused = until_refused(&process).await;
    assert_eq!(refused, PlayRefusal::Draining);
    assert_eq!(state(&process, accepted.round).await, RoundState::Open, "it is still played");
    process.shutdown.stop();
    ended_at_once(&process).await;
    assert_eq!(state(&process, accepted.round).await, RoundState::Voided);
    assert_eq!(world.wallet.balance(player(1)), Amount::from_whole(10));
}

async fn until_refused(process: &Process) -> PlayRefusal {
    let mut refused = None;
    until(async || {
        let answer = process.service.place_bet(request(1, 9, 100, None)).await;
        refused = match answer {
            Err(PlayError::Refused(PlayRefusal::InsufficientFunds)) => None,
            Err(PlayError::Refused(refusal)) => Some(refusal),
            other => panic!("{other:?}"),
        };
        refused.is_some()
    })
    .await;
    refused.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_refused_because_its_round_was_voided_stays_refused() {
    let mut world = World::new();
    world.config.main.betting_ms = 60_000;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    open_round(&process).await;
    // The bet is held and its row on its way when the round is given up.
    process.stall_store(Duration::from_millis(1_500));
    pause().await;
    let (asked, bet) = (process.service.clone(), request(1, 1, 10, None));
    let waiting = tokio::spawn(async move { asked.place_bet(bet).await });
    until(async || world.wallet.hold(player(1), bet_id(1)).is_some()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.shutdown.drain();
    assert_eq!(waiting.await.unwrap(), Err(PlayRefusal::Draining.into()));
    ended_at_once(&process).await;
    let stored = process.service.inner.store.bet(player(1), bet_id(1)).await.unwrap().unwrap();
    assert_eq!(state(&process, stored.round).await, RoundState::Voided);
    let process = world.start().await;
    let again = process.service.place_bet(request(1, 1, 10, None)).await;
    assert!(matches!(again, Err(PlayError::Refused(_))), "{again:?}");
    assert_eq!(world.wallet.balance(player(1)), Amount::from_whole(10));
    process.stop().await;
}
