//! The real client against a local server that answers as drand does, and as it must not.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use fairness::drand::CHAIN_HASH;
use fairness::hex;
use platform::tasks::{Spawner, TokioSpawner};
use serde_json::{Value, json};

use super::{Beacon, BeaconError, DrandClient};

const TIMEOUT_MS: u64 = 300;

fn spawner() -> Arc<dyn Spawner> {
    Arc::new(TokioSpawner)
}

/// Quicknet's answers as they were recorded.
fn recorded(round: u64) -> Value {
    let text = include_str!("../../../../../fixtures/drand_quicknet.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let mut beacons = file["beacons"].as_array().unwrap().iter();
    beacons.find(|beacon| beacon["round"] == round).cloned().unwrap()
}

/// What the server says under each name, asked for round 1,000.
async fn answer(Path((how, chain, round)): Path<(String, String, u64)>) -> Response {
    if chain != CHAIN_HASH || round != 1_000 {
        return StatusCode::NOT_FOUND.into_response();
    }
    let real = recorded(1_000);
    let with = |field: &str, value: Value| {
        let mut changed = recorded(1_000);
        changed[field] = value;
        axum::Json(changed).into_response()
    };
    match how.as_str() {
        "real" => axum::Json(real).into_response(),
        // Our own hash counts, not the answer's.
        "lying_randomness" => with("randomness", json!("00".repeat(32))),
        "tampered" => {
            let signature = real["signature"].as_str().unwrap();
            with("signature", json!(format!("{}38", &signature[..94])))
        }
        "wrong_round" => axum::Json(recorded(1_001)).into_response(),
        "relabelled" => with("signature", recorded(1_001)["signature"].clone()),
        // A round 1,000 of drand's older chain, whose signatures lie on the other curve.
        "wrong_chain" => with("signature", json!("ab".repeat(96))),
        "infinity" => with("signature", json!(format!("c0{}", "00".repeat(47)))),
        "slow" => {
            tokio::time::sleep(Duration::from_millis(4 * TIMEOUT_MS)).await;
            axum::Json(real).into_response()
        }
        "html" => {
            axum::response::Html("<html>Sign in to the hotel's network</html>").into_response()
        }
        "oversized" => with("padding", json!("x".repeat(8_192))),
        "redirect" => Redirect::temporary("http://127.0.0.1:1/").into_response(),
        "error" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The server's address.
async fn serve() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/{how}/{chain}/public/{round}", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// An address where nobody listens.
async fn dead() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_recorded_round_is_fetched_and_proved() {
    let server = serve().await;
    for how in ["real", "real/", "lying_randomness"] {
        let client = DrandClient::new(vec![format!("{server}/{how}")], TIMEOUT_MS, spawner());
        let output = client.output(1_000).await.unwrap();
        let real = recorded(1_000);
        assert_eq!(json!(output.text), real["randomness"]);
        assert_eq!(json!(hex::encode(&output.signature)), real["signature"]);
    }
}

#[tokio::test]
async fn whatever_else_answers_is_refused() {
    let server = serve().await;
    for how in [
        "tampered",
        "wrong_round",
        "relabelled",
        "wrong_chain",
        "infinity",
        "slow",
        "html",
        "oversized",
        "redirect",
        "error",
        "nothing",
    ] {
        let client = DrandClient::new(vec![format!("{server}/{how}")], TIMEOUT_MS, spawner());
        let refused = client.output(1_000).await.unwrap_err();
        let as_expected = match how {
            "tampered" | "relabelled" | "infinity" => matches!(refused, BeaconError::Signature(_)),
            "wrong_round" => matches!(refused, BeaconError::OtherRound(1_001)),
            "wrong_chain" | "html" => matches!(refused, BeaconError::Unreadable),
            _ => matches!(refused, BeaconError::Fetch(_)),
        };
        assert!(as_expected, "{how}: {refused}");
    }
    let client = DrandClient::new(vec![dead().await], TIMEOUT_MS, spawner());
    assert!(matches!(client.output(1_000).await, Err(BeaconError::Fetch(_))));
    let nowhere = DrandClient::new(Vec::new(), TIMEOUT_MS, spawner());
    assert!(matches!(nowhere.output(1_000).await, Err(BeaconError::Nowhere)));
}

#[tokio::test]
async fn one_good_address_among_bad_ones_is_enough() {
    let server = serve().await;
    let urls = vec![
        dead().await,
        format!("{server}/html"),
        format!("{server}/tampered"),
        format!("{server}/real"),
    ];
    let client = DrandClient::new(urls, TIMEOUT_MS, spawner());
    for _ in 0..4 {
        assert!(client.output(1_000).await.is_ok());
    }
}
