//! Starting: what is in force, what is refused, and that it is said plainly.

use std::net::TcpListener;
use std::time::Duration;

use crate::harness::Place;
use crate::harness::process::{finish, waxwing};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn config_prints_what_is_in_force_without_secrets() {
    let place = Place::with(&[("WAXWING_GAME__MAIN__BETTING_MS", "4321")]);
    let mut command = waxwing();
    command.arg("config").envs(place.settings());
    let printed = finish(command, LIMIT).await;
    assert!(printed.status.success(), "{}", printed.stderr);
    assert!(printed.stdout.contains("betting_ms = 4321"), "{}", printed.stdout);
    assert!(printed.stdout.contains("[game"), "{}", printed.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_settings_are_refused_by_name() {
    let file = tempfile::tempdir().unwrap();
    let path = file.path().join("waxwing.toml");
    std::fs::write(&path, "[game]\nno_such_field = 1\n").unwrap();
    let mut command = waxwing();
    command.args(["config", "--config"]).arg(&path);
    let refused = finish(command, LIMIT).await;
    assert!(!refused.status.success(), "{}", refused.stdout);
    assert!(refused.stderr.contains("no_such_field"), "{}", refused.stderr);

    let mut command = waxwing();
    command.arg("config").env("WAXWING_GAME__NO_SUCH_FIELD", "1");
    let refused = finish(command, LIMIT).await;
    assert!(!refused.status.success(), "{}", refused.stdout);
    assert!(refused.stderr.to_lowercase().contains("no_such_field"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_make_no_sense_are_refused_by_field() {
    let mut command = waxwing();
    command.arg("config").env("WAXWING_GAME__MAIN__BETTING_MS", "1");
    let refused = finish(command, LIMIT).await;
    assert!(!refused.status.success(), "{}", refused.stdout);
    assert!(refused.stderr.contains("betting_ms"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused() {
    let place = Place::new();
    let server = place.start().await;
    let second = finish(place.command(), LIMIT).await;
    assert!(!second.status.success(), "{}", second.stdout);
    let said = second.stderr.to_lowercase();
    assert!(said.contains("data"), "it names the data directory: {said}");
    assert!(!second.stdout.contains("ready"), "{}", second.stdout);
    assert_eq!(server.caller().get("/gateway/status").await.status, 200, "the first plays on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_plainly() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new();
    for (listener, other) in [("--listen", "--ops"), ("--ops", "--listen")] {
        let mut command = waxwing();
        command.args(["up", listener, &address, other, "127.0.0.1:0", "--data"]).arg(place.data());
        let refused = finish(command, LIMIT).await;
        assert!(!refused.status.success(), "{}", refused.stdout);
        assert!(refused.stderr.contains(&address), "{}", refused.stderr);
        assert!(!refused.stderr.contains("panicked"), "{}", refused.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_starts_again_with_its_money() {
    let place = Place::new();
    let server = place.start().await;
    let ann = server.caller().rich_player("ann", "12.34").await;
    server.kill();
    let server = place.start().await;
    assert_eq!(server.caller().balance(&ann).await.to_string(), "12.34");
}
