//! The server's documents, judged by the tools of those who define them, and docs/protocol.md,
//! judged by the documents: what can be sent or received stands in it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::harness::process::{Finished, finish, repository};
use crate::harness::{Caller, Place};

mod complete;

/// A document of a hundred kilobytes and a tool that starts slowly.
const LIMIT: Duration = Duration::from_mins(2);

/// Fetches `path` and writes it where a tool may read it.
async fn fetch(caller: &Caller, path: &str, into: &tempfile::TempDir) -> PathBuf {
    let answer = caller.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    let file = into.path().join("document.json");
    std::fs::write(&file, &answer.text).unwrap();
    file
}

/// Runs a tool that must succeed, and answers what it said.
async fn judged(command: Command) -> String {
    let Finished { status, stdout, stderr } = finish(command, LIMIT).await;
    assert!(status.success(), "{status}\n{stdout}\n{stderr}");
    stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_passes_its_validator() {
    let place = Place::new();
    let server = place.start().await;
    let directory = tempfile::tempdir().unwrap();
    let file = fetch(&server.caller(), "/gateway/openapi.json", &directory).await;
    let validator = repository().join("target/venv/bin/openapi-spec-validator");
    assert!(validator.exists(), "{} is missing: run `make deps`", validator.display());
    let mut command = Command::new(validator);
    command.arg("--schema").arg("3.1").arg(&file);
    let said = judged(command).await;
    assert!(said.contains("OK"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_asyncapi_document_passes_its_parser() {
    let place = Place::new();
    let server = place.start().await;
    let directory = tempfile::tempdir().unwrap();
    let file = fetch(&server.caller(), "/gateway/asyncapi.json", &directory).await;
    let clients = repository().join("crates/waxwing/tests/clients");
    let parser = clients.join("node_modules/@asyncapi/parser");
    assert!(parser.exists(), "{} is missing: run `make deps`", parser.display());
    let mut command = Command::new("node");
    command.current_dir(&clients).arg("asyncapi.mjs").arg(&file);
    let said = judged(command).await;
    assert!(said.contains("valid: "), "{said}");
}
