//! `POST lobby`: every wish is checked, and a call that comes again is the same call.

use axum::body::Body;

use super::*;
use crate::testing::NODE;

async fn keyed(process: &Process, who: u64, key: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::post("/game/v1/lobby")
        .header("authorization", format!("Bearer {}", token(process, who)))
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .unwrap();
    call(process, request).await
}

async fn count(process: &Process) -> usize {
    process.service.inner.store.public_lobbies(200).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_a_key_makes_one_lobby_however_often_it_comes() {
    let world = World::new();
    let process = world.start().await;
    let wish = json!({"name": "Ours", "foreign": [1]});
    let first = keyed(&process, 1, "k-1", wish.clone()).await;
    assert_eq!(first.0, StatusCode::OK);
    for _ in 0..3 {
        assert_eq!(keyed(&process, 1, "k-1", wish.clone()).await, first);
    }
    assert_eq!(count(&process).await, 2, "Main and ours");
    let (status, body) = keyed(&process, 1, "k-1", json!({"name": "Theirs"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["code"], "idempotency_mismatch");
    // A key is its player's own.
    let (_, other) = keyed(&process, 2, "k-1", wish.clone()).await;
    assert_ne!(other["lobby_id"], first.1["lobby_id"]);
    // A refusal is not kept, so the same key may try again.
    let (status, _) = keyed(&process, 1, "k-2", json!({"betting_ms": 1})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(keyed(&process, 1, "k-2", json!({})).await.0, StatusCode::OK);
    let (status, _) = keyed(&process, 1, "not visible", json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // Who joins under a key is answered the same as well.
    let joined = keyed(&process, 1, "k-3", json!({"lobby_id": 1})).await;
    assert_eq!((joined.0, &joined.1["lobby_id"]), (StatusCode::OK, &json!(1)));
    assert_eq!(keyed(&process, 1, "k-3", json!({"lobby_id": 1})).await, joined);
    process.stop().await;
    // Kept with its effect: a restart forgets neither.
    let process = world.start().await;
    assert_eq!(keyed(&process, 1, "k-1", wish).await, first);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_under_one_key_make_one_lobby() {
    let world = World::new();
    let process = world.start().await;
    let calls = (0..8).map(|_| keyed(&process, 1, "same", json!({})));
    let mut made = Vec::new();
    for (status, body) in futures_util::future::join_all(calls).await {
        if status == StatusCode::OK {
            made.push(body["lobby_id"].clone());
        } else {
            assert_eq!(
                (status, &body["code"]),
                (StatusCode::CONFLICT, &json!("idempotency_running"))
            );
        }
    }
    made.dedup();
    assert_eq!((made.len(), count(&process).await), (1, 2));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_cannot_be_is_refused_and_makes_nothing() {
    let world = World::new();
    let process = world.start().await;
    for (wish, code) in [
        (json!({"name": ""}), "malformed"),
        (json!({"name": " "}), "malformed"),
        (json!({"name": "a\u{7}b"}), "malformed"),
        (json!({"name": "a".repeat(41)}), "malformed"),
        (json!({"name": 7}), "malformed"),
        (json!({"betting_ms": 2_999}), "malformed"),
        (json!({"betting_ms": 60_001}), "malformed"),
        (json!({"betting_ms": -1}), "malformed"),
        (json!({"betting_ms": 3_000.5}), "malformed"),
        (json!({"mode": "always"}), "malformed"),
        (json!({"curve": "flat"}), "malformed"),
        (json!({"visibility": "hidden"}), "malformed"),
        (json!({"stake_min": 0}), "invalid_amount"),
        (json!({"stake_min": -1}), "invalid_amount"),
        (json!({"stake_min": "1e3"}), "invalid_amount"),
        (json!({"stake_min": "NaN"}), "invalid_amount"),
        (json!({"stake_max": 0.001}), "too_precise"),
        (json!({"stake_min": 5, "stake_max": 4}), "malformed"),
        (json!({"lobby_id": -1}), "malformed"),
        (json!({"lobby_id": 1.5}), "malformed"),
        (json!([]), "malformed"),
    ] {
        let (status, body) = post(&process, 1, wish.clone()).await;
        assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{wish}");
        assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{wish}");
    }
    assert_eq!(count(&process).await, 1);
    let wish = json!({
        "name": "Þrír", "mode": "on_first_bet", "curve": "linear", "visibility": "public",
        "betting_ms": 3_000, "stake_min": "0.5", "stake_max": 2, "user_id": 99,
    });
    let (status, made) = post(&process, 1, wish).await;
    assert_eq!(status, StatusCode::OK);
    let path = format!("/game/v1/lobby/{}", made["lobby_id"]);
    let (_, view) = get(&process, &path).await;
    assert_eq!((&view["name"], &view["curve"]), (&json!("Þrír"), &json!("linear")));
    assert_eq!(view["limits"]["stake_min"], json!(0.5));
    assert_eq!(view["limits"]["stake_max"], json!(2));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_what_is_open_to_join_the_busiest_first() {
    let mut world = World::new();
    world.config.players.betting_ms = 60_000;
    world.wallet.top_up(player(1), 100);
    let process = world.start().await;
    for wish in [json!({}), json!({"visibility": "private"}), json!({}), json!({})] {
        assert_eq!(post(&process, 1, wish).await.0, StatusCode::OK);
    }
    // Two bets in 4, one in 2, one in 3, which is private; none in 5, which is the newest.
    for (bet, at) in [(1, 4), (2, 4), (3, 2), (4, 3)] {
        let bet = BetRequest {
            player: player(1),
            username: "ann".into(),
            at: LobbyRef { lobby: lobby(at), round: None },
            bet: bet_id(bet),
            stake: Stake::from_whole(1),
            auto_cash_out: None,
        };
        process.service.place_bet(bet).await.unwrap();
    }
    let now = process.service.inner.clock.unix_ms();
    let (_, listed) = get(&process, "/game/v1/lobbies").await;
    let numbers = |listed: &Value| -> Vec<u64> {
        let lines = listed.as_array().unwrap().iter();
        lines.map(|line| line["lobby_id"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&listed), [4, 2, 5, 1]);
    assert_eq!(listed[0]["bets"], json!(2));
    // Whoever knows the number joins a private one.
    let (status, joined) = post(&process, 2, json!({"lobby_id": 3})).await;
    assert_eq!((status, &joined["lobby_id"]), (StatusCode::OK, &json!(3)));
    // A closed one is not there any more: not listed, not seen, not joined.
    let closing = process.service.inner.store.close_lobby(NODE, lobby(5), now + 1_000, now).await;
    assert!(closing.unwrap());
    let (_, listed) = get(&process, "/game/v1/lobbies").await;
    assert_eq!(numbers(&listed), [4, 2, 1]);
    let (status, body) = get(&process, "/game/v1/lobby/5").await;
    assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &json!("unknown_lobby")));
    let (_, made) = post(&process, 2, json!({"lobby_id": 5})).await;
    assert_eq!(made["lobby_id"], json!(6), "a number is never given twice");
    assert_eq!(get(&process, "/game/v1/lobby/5/rounds").await.0, StatusCode::OK);
    process.stop().await;
}
