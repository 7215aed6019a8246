//! Clocks run forward, and sleepers wake when they asked to.

use std::sync::Arc;

use kernel::Timestamp;

use super::{Clock, ManualClock, Stopwatch, SystemClock};

#[test]
fn the_system_clock_never_steps_back() {
    let clock = SystemClock::new();
    let mut earlier = (clock.now(), clock.unix_ms());
    for _ in 0..1_000 {
        let later = (clock.now(), clock.unix_ms());
        assert!(later >= earlier);
        earlier = later;
    }
    // 2024 and 2100: wall time is milliseconds, not seconds or microseconds.
    assert!((1_704_067_200_000..4_102_444_800_000).contains(&clock.unix_ms()));
}

#[tokio::test]
async fn a_sleeper_wakes_no_earlier_than_asked() {
    let clock = SystemClock::new();
    let until = clock.now() + 20;
    clock.sleep_until(until).await;
    assert!(clock.now() >= until);
    clock.sleep_until(Timestamp::default()).await;
}

#[tokio::test]
async fn an_instant_past_counting_never_comes() {
    let clock = SystemClock::new();
    let never = clock.sleep_until(Timestamp::from_ms(u64::MAX));
    let soon = tokio::time::timeout(std::time::Duration::from_millis(5), never);
    assert!(soon.await.is_err());
}

#[tokio::test]
async fn a_manual_clock_moves_only_when_told() {
    let clock = Arc::new(ManualClock::starting_at(5_000));
    let sleeper = tokio::spawn(clock.sleep_until(Timestamp::from_ms(100)));
    assert_eq!(clock.sleepers(), 1);
    clock.advance(99);
    tokio::task::yield_now().await;
    assert!(!sleeper.is_finished());
    clock.advance(1);
    sleeper.await.unwrap();
    assert_eq!((clock.now(), clock.unix_ms()), (Timestamp::from_ms(100), 5_100));
}

#[test]
fn a_stopwatch_counts_seconds() {
    let watch = Stopwatch::start();
    assert!(watch.seconds() >= 0.0);
    assert!(watch.seconds() < 60.0);
}
