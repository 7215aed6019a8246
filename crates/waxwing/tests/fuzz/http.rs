//! schemathesis asks every call of the OpenAPI document, one by one and in sequences: no server
//! error, no answer the document does not describe, no invalid request taken, no missing 405.

use std::process::Command;

use super::{limit, program, seconds, seed};
use crate::harness::Place;
use crate::harness::process::{finish, repository};

/// Half of it goes into the calls one by one, the rest into sequences.
const SECONDS: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_fault() {
    let clients = repository().join("crates/waxwing/tests/clients");
    // A long run guesses more than one network may, and goes on signing in.
    let place = Place::with(&[("WAXWING_IDENTITY__NETWORK_FAILURES_AT_ONCE", "100000")]);
    let server = place.start().await;
    let (seconds, seed) = (seconds(SECONDS), seed());
    // It leaves files where it stands.
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(program("st"));
    command.current_dir(&directory).env("PYTHONPATH", &clients).env("WAXWING_BASE", &server.base);
    command.arg("--config-file").arg(clients.join("schemathesis.toml"));
    command.arg("run").arg(format!("{}/gateway/openapi.json", server.base));
    command.args(["--no-color", "--max-time", &seconds.to_string(), "--seed", &seed.to_string()]);
    let run = finish(command, limit(seconds)).await;
    println!("{}", run.stdout);
    assert!(run.status.success(), "{}\n{}", run.status, run.stderr);
    for phase in ["Examples", "Coverage", "Fuzzing", "Stateful"] {
        assert!(run.stdout.contains(phase), "{phase} was not run");
    }
    assert!(!run.stdout.contains("Missing"), "an operation was never reached");
    let alive = server.caller().get("/gateway/status").await;
    assert_eq!(alive.status, 200, "{}", alive.text);
}
