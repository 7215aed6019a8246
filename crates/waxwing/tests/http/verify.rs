//! `waxwing verify`: other sites' rounds by their published values, ours by their export.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::numbers::multiplier;
use crate::harness::process::{Finished, finish, repository, waxwing};
use crate::harness::settings::BRISK;
use crate::harness::{Caller, Place, time::eventually};

const LIMIT: Duration = Duration::from_secs(20);

async fn verify(arguments: &[&str]) -> Finished {
    let mut command: Command = waxwing();
    command.arg("verify").args(arguments);
    finish(command, LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn published_rounds_of_other_sites_come_out_as_published() {
    let path = repository().join("fixtures/fairness_vectors.json");
    let fixtures: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let vectors = fixtures["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 24);
    for vector in vectors {
        let field = |name: &str| vector[name].as_str().unwrap_or_default();
        let mut arguments = vec!["--algorithm", field("algorithm"), "--hash", field("game_hash")];
        if vector.get("salt").is_some() {
            arguments.extend(["--public-seed", field("salt")]);
        }
        let printed = verify(&arguments).await;
        assert!(printed.status.success(), "{arguments:?}: {}", printed.stderr);
        let expected = two_decimals(&vector["expected"].to_string());
        assert_eq!(printed.stdout, format!("{expected}\n"), "{arguments:?}");
    }
}

/// The text of a number with exactly two decimals, as the verifier prints it.
fn two_decimals(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= 2, "{text} is in hundredths");
    format!("{whole}.{fraction:0<2}")
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_without_a_multiplier() {
    let hash = "39b6c0b2ed6caad21580e2f76514e1eabf6e2aed57079cbd36a58c35091005d9";
    for arguments in [
        vec!["--algorithm", "no_such_site", "--hash", hash, "--public-seed", "x"],
        vec!["--algorithm", "waxwing", "--hash", "zz", "--public-seed", "x"],
        vec!["--algorithm", "waxwing", "--hash", "", "--public-seed", "x"],
        vec!["--round", "/no/such/file.json"],
        vec![],
    ] {
        let refused = verify(&arguments).await;
        assert!(!refused.status.success(), "{arguments:?}: {}", refused.stdout);
        assert!(!refused.stderr.is_empty(), "{arguments:?}");
        assert_eq!(refused.stdout, "", "{arguments:?}");
    }
}

/// Waits for a round of Main with its seed revealed, and with a crash point that other seeds
/// hardly share.
async fn finished_round(caller: &Caller) -> Value {
    let mut number = 1;
    loop {
        let path = format!("/gateway/game/v1/lobby/1/rounds/{number}");
        let round = eventually("a round of Main to end", Duration::from_mins(3), || async {
            let answer = caller.get(&path).await;
            let round = (answer.status == 200).then(|| answer.json());
            round.filter(|round| round.get("seed").is_some_and(Value::is_string))
        })
        .await;
        if multiplier(&round["crash_point"]).centi() >= 120 {
            return round;
        }
        number += 1;
    }
}

async fn verify_round(directory: &Path, round: &Value) -> Finished {
    let file = directory.join("round.json");
    std::fs::write(&file, round.to_string()).unwrap();
    verify(&["--round", file.to_str().unwrap()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_ours_verifies_and_a_tampered_one_does_not() {
    let place = Place::with(BRISK);
    let server = place.start().await;
    let round = finished_round(&server.caller()).await;
    let directory = tempfile::tempdir().unwrap();
    let honest = verify_round(directory.path(), &round).await;
    assert!(honest.status.success(), "{}\n{}", honest.stdout, honest.stderr);
    assert!(!honest.stdout.is_empty(), "it says what it checked");

    let seed = round["seed"].as_str().unwrap();
    let hash = verify_multiplier(&round, seed).await;
    assert_eq!(hash, two_decimals(&round["crash_point"].to_string()));

    let turned: String = seed.chars().rev().collect();
    let terminal = round["commitment"]["terminal"].as_str().unwrap();
    let moved: String = terminal.chars().rev().collect();
    for (pointer, value) in [
        ("/crash_point", json!(123.45)),
        ("/seed", json!(turned)),
        ("/public_seed", json!(turned)),
        ("/commitment/terminal", json!(moved)),
        ("/commitment/length", json!(77)),
        ("/house_edge_bps", json!(0)),
        ("/seed_index", json!(77)),
    ] {
        let mut tampered = round.clone();
        let place = tampered.pointer_mut(pointer);
        *place.unwrap_or_else(|| panic!("{pointer} is not in {round}")) = value;
        let refused = verify_round(directory.path(), &tampered).await;
        assert!(!refused.status.success(), "{pointer} passed: {}", refused.stdout);
    }
}

/// What `waxwing verify` prints for the round's seed and public seed.
async fn verify_multiplier(round: &Value, seed: &str) -> String {
    let public_seed = round["public_seed"].as_str().unwrap();
    let edge = round["house_edge_bps"].to_string();
    let mut arguments = vec!["--algorithm", "waxwing", "--hash", seed];
    arguments.extend(["--public-seed", public_seed, "--house-edge-bps", &edge]);
    let printed = verify(&arguments).await;
    assert!(printed.status.success(), "{}", printed.stderr);
    printed.stdout.trim_end().to_owned()
}
