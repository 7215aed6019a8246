//! Programs that read the server's own documents, invent what nobody thought of, and send it.
//!
//! Short in every run of the tests; `make schemathesis` and `make fuzz` take their time. A seed is
//! printed, and `E2E_SEED` repeats it.

use std::time::Duration;

use crate::harness::Random;
use crate::harness::process::repository;

mod http;
mod sockets;

/// How long to go on: `E2E_FUZZ_SECONDS`, or `otherwise`.
#[expect(clippy::disallowed_methods, reason = "the same test, long where somebody asks for it")]
fn seconds(otherwise: u64) -> u64 {
    let given = std::env::var("E2E_FUZZ_SECONDS").ok();
    given.map_or(otherwise, |text| text.parse().expect("E2E_FUZZ_SECONDS is a number"))
}

/// A seed that fits a C `int`, printed.
fn seed() -> u64 {
    Random::announced().bits() >> 33
}

/// What a run may take that was asked to end after `seconds`.
fn limit(seconds: u64) -> Duration {
    Duration::from_secs(2 * seconds + 120)
}

/// A program that `make deps` has installed for Python.
fn program(name: &str) -> String {
    let program = repository().join("target/venv/bin").join(name);
    assert!(program.exists(), "{} is missing: run `make deps`", program.display());
    program.display().to_string()
}
