//! Each mistake that may be planted in the game's tasks breaks the rule that it is named for. All
//! of a process runs on the test's own thread, where its bug is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use kernel::Timestamp;
use kernel::planted::{Bug, on_this_thread};
use platform::clock::{BoxFuture, Clock, SystemClock};

use super::*;

/// A machine's clock whose wall time somebody sets.
struct SetClock {
    clock: SystemClock,
    step_ms: AtomicI64,
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn unix_ms(&self) -> i64 {
        self.clock.unix_ms() + self.step_ms.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        self.clock.sleep_until(at)
    }
}

/// Whether a bet is acknowledged while the store stands still.
async fn is_told_too_early(bug: Option<Bug>) -> bool {
    let _planted = bug.map(on_this_thread);
    let mut world = World::new();
    world.config.main.betting_ms = 60_000;
    world.wallet.top_up(player(1), 100);
    let process = world.start().await;
    place(&process, request(1, 1, 10, None)).await;
    let store = &process.service.inner.store;
    until(async || store.bet(player(1), bet_id(1)).await.unwrap().is_some()).await;
    let (go_on, stands_still) = std::sync::mpsc::channel::<()>();
    let writer = process.writer.clone();
    let stalled =
        tokio::spawn(
            async move { writer.run(move |_| Ok(stands_still.recv().is_ok())).await.unwrap() },
        );
    let bet = process.service.place_bet(request(1, 2, 10, None));
    let told = tokio::time::timeout(Duration::from_millis(500), bet).await;
    go_on.send(()).unwrap();
    assert!(stalled.await.unwrap());
    process.stop().await;
    told.is_ok_and(|answer| answer.is_ok())
}

#[tokio::test]
async fn an_early_acknowledgement_comes_before_the_commit() {
    assert!(!is_told_too_early(None).await);
    assert!(is_told_too_early(Some(Bug::EarlyAcknowledgement)).await);
}

/// Whether a cash-out of a running climb is paid though the wall clock was set back by an hour.
async fn is_paid(bug: Option<Bug>) -> bool {
    let _planted = bug.map(on_this_thread);
    let mut world = World::new();
    world.config.multiplier_max_centi = 10_000;
    world.wallet.top_up(player(1), 100);
    let clock = Arc::new(SetClock { clock: SystemClock::new(), step_ms: AtomicI64::new(0) });
    let process = world.start_with(7, Arc::clone(&clock) as _).await;
    for bet in 1..=60 {
        let round = place(&process, request(1, bet, 1, None)).await.round;
        until(async || state(&process, round).await != RoundState::Open).await;
        let snapshot = async || process.service.look(lobby(1), None).await.unwrap();
        until(async || {
            let seen = snapshot().await;
            seen.round != round.number || seen.elapsed_ms.is_some_and(|ms| ms > 300)
        })
        .await;
        let seen = snapshot().await;
        if seen.round != round.number || seen.phase != Phase::Running {
            continue;
        }
        clock.step_ms.store(-3_600_000, Ordering::Relaxed);
        let at = LobbyRef { lobby: lobby(1), round: Some(round.number) };
        let stamp = clock.now();
        let asked = CashOutRequest { player: player(1), at, bet: None, stamp };
        let paid = process.service.cash_out(asked).await;
        process.stop().await;
        return paid.is_ok();
    }
    panic!("sixty rounds in a row crashed at once");
}

#[tokio::test]
async fn a_price_by_the_wall_clock_is_another_once_that_is_set() {
    assert!(is_paid(None).await);
    assert!(!is_paid(Some(Bug::WallClockPricing)).await);
}
