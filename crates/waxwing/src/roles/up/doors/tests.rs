//! A door that falls ends the process; one that is closed does not.

use super::*;

/// Servers that serve until their stage drains.
fn doors(shutdown: &Shutdown) -> Doors {
    let stage = shutdown.stage();
    let serve = |stage: Shutdown| tokio::spawn(async move { stage.draining().await });
    Doors { gateway: serve(stage.clone()), ops: serve(stage.clone()), stage }
}

#[tokio::test]
async fn doors_stand_until_the_drain_and_are_closed_after_it() {
    let shutdown = Shutdown::new();
    let mut doors = doors(&shutdown);
    shutdown.drain();
    doors.stand(&shutdown).await.unwrap();
    assert!(!doors.gateway.is_finished() && !doors.ops.is_finished());
    assert!(!shutdown.is_stopping(), "rounds may be finished");
    doors.close().await.unwrap();
}

#[tokio::test]
async fn a_door_that_falls_stops_everything_with_its_name() {
    let shutdown = Shutdown::new();
    let mut doors = doors(&shutdown);
    doors.gateway = tokio::spawn(async { panic!("a defect") });
    let error = doors.stand(&shutdown).await.unwrap_err();
    assert!(error.to_string().starts_with("the gateway failed"), "{error:#}");
    assert!(shutdown.is_stopping());
}

#[tokio::test]
async fn a_door_that_only_ends_is_missed_too() {
    let shutdown = Shutdown::new();
    let mut doors = doors(&shutdown);
    doors.ops = tokio::spawn(async {});
    let error = doors.stand(&shutdown).await.unwrap_err();
    assert_eq!(error.to_string(), "the ops listener ended by itself");
    assert!(shutdown.is_draining() && shutdown.is_stopping());
}
