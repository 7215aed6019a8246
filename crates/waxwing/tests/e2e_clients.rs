//! The original's flow, played by the official clients against a real server. A client that is
//! missing fails its test: `make deps` installs them.

use std::process::Command;
use std::time::Duration;

use crate::harness::Place;
use crate::harness::process::{Finished, finish, repository};
use crate::harness::settings::SHORT;

/// Registering, betting and a few rounds.
const LIMIT: Duration = Duration::from_mins(4);

/// Starts a server, runs `program script BASE arguments…` and expects it to succeed.
async fn play(program: &str, script: &str, arguments: &[&str]) {
    let clients = repository().join("crates/waxwing/tests/clients");
    let script = clients.join(script);
    assert!(script.exists(), "{} is missing", script.display());
    let place = Place::new().and(SHORT);
    let server = place.start().await;
    let mut command = Command::new(program);
    command.current_dir(&clients).arg(&script).arg(&server.base).args(arguments);
    let Finished { status, stdout, stderr } = finish(command, LIMIT).await;
    assert!(status.success(), "{}: {status}\n{stdout}\n{stderr}", script.display());
}

/// The interpreter that `make deps` has put `python-socketio` into.
fn python() -> String {
    let python = repository().join("target/venv/bin/python");
    assert!(python.exists(), "{} is missing: run `make deps`", python.display());
    python.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn socket_io_client_plays_over_websocket() {
    play("node", "play.mjs", &["websocket"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn socket_io_client_plays_over_long_polling() {
    play("node", "play.mjs", &["polling"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_socketio_plays_over_websocket() {
    play(&python(), "play.py", &["websocket"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_socketio_plays_over_long_polling() {
    play(&python(), "play.py", &["polling"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_originals_test_page_plays_cross_origin() {
    play("node", "testpage/run.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browsers_websocket_plays_waxwing_v1() {
    play("node", "browser.mjs", &[]).await;
}
