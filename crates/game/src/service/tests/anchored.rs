//! A whole round under a public seed that a beacon gave, through the real client.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use fairness::{Anchor, drand};
use kernel::Timestamp;
use platform::clock::{BoxFuture, Clock, SystemClock};
use serde_json::Value;

use super::*;
use crate::config::PublicSeedSource;

/// Shortly before quicknet's round 1,000 is too near to be named.
const START_MS: i64 = 1_692_806_364_000 - 7_400;

/// Runs as the machine's clock does, but on a day whose beacons were recorded.
struct ThatDay {
    clock: SystemClock,
    began_ms: i64,
}

impl Clock for ThatDay {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn unix_ms(&self) -> i64 {
        START_MS + self.clock.unix_ms() - self.began_ms
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        self.clock.sleep_until(at)
    }
}

/// Answers as drand does, for the rounds that were recorded.
async fn quicknet(Path((chain, round)): Path<(String, u64)>) -> Response {
    let text = include_str!("../../../../../fixtures/drand_quicknet.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let beacon = file["beacons"].as_array().unwrap().iter().find(|beacon| beacon["round"] == round);
    match beacon {
        Some(beacon) if file["chain_hash"] == chain => Json(beacon.clone()).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_played_under_a_real_beacon_and_not_before_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/{chain}/public/{round}", get(quicknet));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut world = World::new();
    world.config.public_seed = PublicSeedSource::Drand;
    world.config.drand.urls = vec![format!("http://{address}")];
    let clock = SystemClock::new();
    let clock: Arc<dyn Clock> = Arc::new(ThatDay { began_ms: clock.unix_ms(), clock });
    let process = world.start_with(7, Arc::clone(&clock)).await;
    let store = &process.service.inner.store;
    let main = crate::testing::lobby(1);
    let promised = store.chain(main, 1).await.unwrap().unwrap();
    let Anchor::Drand { round } = promised.anchor else { panic!("{promised:?}") };
    assert!(drand::due_ms(round) >= promised.created_at + 6_000);
    assert!((1_000..=1_003).contains(&round), "{round}: the machine is too slow for this test");

    let seen = process.service.look(main, None).await.unwrap();
    assert!(seen.anchored && seen.commitment.beacon_round == Some(round));
    while clock.unix_ms() < drand::due_ms(round) {
        assert!(store.rounds(main, None, 1).await.unwrap().is_empty(), "a round without its seed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let first = RoundId::new(main, 1);
    until(async || {
        let found = store.round(first).await.unwrap();
        found.is_some_and(|(round, _)| round.state == RoundState::Settled)
    })
    .await;
    let chain = store.chain(main, 1).await.unwrap().unwrap();
    let signature = chain.beacon_signature.unwrap();
    let public_seed = drand::public_seed(round, &signature).unwrap();
    assert_eq!(chain.public_seed.as_deref(), Some(public_seed.as_str()));
    let (record, _) = store.round(first).await.unwrap().unwrap();
    let shown = fairness::Seed::from_bytes(record.seed.unwrap());
    let crash_point = fairness::crash_point(&public_seed, &shown, chain.house_edge_bps);
    assert_eq!(record.crash_point, Some(crash_point));
    process.stop().await;
}
