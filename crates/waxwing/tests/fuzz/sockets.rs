//! Both kinds of sockets, by the AsyncAPI document and against it: one answer a message, nothing
//! the document does not describe, no undocumented close, and balances that follow from bets.

use std::process::Command;

use super::{limit, program, seconds, seed};
use crate::harness::Place;
use crate::harness::process::{finish, repository};

const SECONDS: u64 = 25;

/// Rounds short enough that every kind of event comes by: no climb lasts longer than 9 seconds.
const ROUNDS: &[(&str, &str)] = &[
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "5000"),
    ("WAXWING_GAME__MAIN__BETTING_MS", "1000"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "170"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_sockets_keep_to_their_document() {
    let place = Place::with(ROUNDS);
    let server = place.start().await;
    let (seconds, seed) = (seconds(SECONDS), seed());
    let mut command = Command::new(program("python"));
    command.current_dir(repository().join("crates/waxwing/tests/clients"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").args(["fuzz_sockets.py", &server.base]);
    command.args([seconds.to_string(), seed.to_string()]);
    let run = finish(command, limit(seconds)).await;
    println!("{}", run.stdout);
    assert!(run.status.success(), "{}\n{}", run.status, run.stderr);
    assert!(run.stdout.contains(" messages, "), "it said what it did");
    let alive = server.caller().get("/gateway/status").await;
    assert_eq!(alive.status, 200, "{}", alive.text);
}
