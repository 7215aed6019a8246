//! Drain, then stop.

use std::time::Duration;

use super::Shutdown;

#[tokio::test]
async fn draining_comes_first_and_stopping_ends_it_too() {
    let shutdown = Shutdown::new();
    assert!(!shutdown.is_draining() && !shutdown.is_stopping());
    shutdown.drain();
    shutdown.draining().await;
    assert!(shutdown.is_draining() && !shutdown.is_stopping());
    shutdown.stop();
    shutdown.stopping().await;
    assert!(shutdown.is_stopping());
}

#[tokio::test]
async fn a_stage_drains_by_itself_and_stops_with_the_whole() {
    let whole = Shutdown::new();
    let stage = whole.stage();
    whole.drain();
    assert!(!stage.is_draining());
    stage.drain();
    assert!(!stage.is_stopping());
    whole.stop();
    stage.stopping().await;
    let other = whole.stage();
    other.draining().await;
    assert!(other.is_draining());
}

#[tokio::test]
async fn the_end_waits_for_tasks() {
    let shutdown = Shutdown::new();
    let (open, gate) = tokio::sync::oneshot::channel::<()>();
    shutdown.tasks().spawn(async move { gate.await.unwrap() });
    shutdown.drain();
    let early = tokio::time::timeout(Duration::from_millis(20), shutdown.finished());
    assert!(early.await.is_err());
    open.send(()).unwrap();
    shutdown.finished().await;
}

#[tokio::test]
async fn signals_drain_and_then_stop() {
    let shutdown = Shutdown::new();
    shutdown.on_signals().unwrap();
    let process = std::process::id().to_string();
    let terminate = || {
        let status = std::process::Command::new("kill").args(["-TERM", &process]).status();
        assert!(status.unwrap().success());
    };
    terminate();
    shutdown.draining().await;
    assert!(!shutdown.is_stopping());
    terminate();
    shutdown.stopping().await;
}
