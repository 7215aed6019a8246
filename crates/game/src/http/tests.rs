//! The routes as a client sees them; what is exported can be checked by anyone.

mod opening;
mod own_bets;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use contracts::{BetRequest, LobbyRef, Play};
use engine::BetState;
use fairness::{BetEntry, Commitment, Formula, Seed, hex};
use http_body_util::BodyExt;
use kernel::{Amount, Multiplier, SeedIndex, Stake};
use protocol::rounds::{Phase, RoundExport};
use serde_json::{Value, json};
use tokens::{PlayerClaims, Signer};
use tower::ServiceExt;

use super::history::would_have_paid;
use crate::store::{BetRecord, RoundRecord, RoundState};
use crate::testing::{Process, World, bet_id, lobby, player, signing_key};

async fn call(process: &Process, request: Request<Body>) -> (StatusCode, Value) {
    let answer = crate::router(process.service.clone()).oneshot(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(process: &Process, path: &str) -> (StatusCode, Value) {
    call(process, Request::get(path).body(Body::empty()).unwrap()).await
}

/// A token for `who`, good for an hour.
fn token(process: &Process, who: u64) -> String {
    let now_s = process.service.inner.clock.unix_ms() / 1_000;
    Signer::new(signing_key(), "w", "w").sign(&PlayerClaims {
        player: player(who),
        username: format!("player {who}"),
        session: "session".into(),
        issued_at_s: now_s,
        expires_at_s: now_s + 3_600,
    })
}

async fn post(process: &Process, who: u64, body: Value) -> (StatusCode, Value) {
    let request = Request::post("/game/v1/lobby")
        .header("authorization", format!("Bearer {}", token(process, who)))
        .body(Body::from(body.to_string()))
        .unwrap();
    call(process, request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lobbies_are_joined_made_and_found() {
    let world = World::new();
    let process = world.start().await;
    let (status, body) = get(&process, "/game/v1/status").await;
    assert_eq!((status, body), (StatusCode::OK, json!({"status": "Game Service Running"})));

    let (status, body) = post(&process, 1, json!({"lobby_id": 1})).await;
    assert_eq!((status, body["lobby_id"].clone()), (StatusCode::OK, json!(1)));
    let (_, body) = post(&process, 1, json!({"lobby_id": 77})).await;
    assert_eq!(body["lobby_id"], json!(2), "the next free number, never the one asked for");
    assert_eq!(body["websocket_url"], json!("http://localhost:8080"));
    assert_eq!(body["native_url"], json!("ws://localhost:8080/gateway/game/v1/ws"));
    for _ in 0..4 {
        assert_eq!(post(&process, 1, json!({})).await.0, StatusCode::OK);
    }
    let (status, body) = post(&process, 1, json!({})).await;
    assert_eq!((status, body["code"].clone()), (StatusCode::CONFLICT, json!("lobby_limit")));
    assert_eq!(post(&process, 2, json!({"visibility": "private"})).await.0, StatusCode::OK);
    let (status, _) = post(&process, 3, json!({"betting_ms": 10})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let (status, body) = get(&process, "/game/v1/lobby/2").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["websocket_url"], json!("http://localhost:8080"));
    assert_eq!((&body["mode"], &body["phase"]), (&json!("on_first_bet"), &json!("open")));
    assert_eq!(body["closes_in_ms"], Value::Null, "it rests");
    for unknown in ["99", "0", "x", "-1"] {
        let (status, body) = get(&process, &format!("/game/v1/lobby/{unknown}")).await;
        assert_eq!((status, body["code"].clone()), (StatusCode::NOT_FOUND, json!("unknown_lobby")));
    }
    for query in ["limit=0", "limit=201", "limit=x", "after=3"] {
        let (status, _) = get(&process, &format!("/game/v1/lobby/1/rounds?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
    let (_, body) = get(&process, "/game/v1/lobbies").await;
    assert_eq!(body.as_array().unwrap().len(), 6, "private lobbies are not listed");
    let anonymous = Request::post("/game/v1/lobby").body(Body::empty()).unwrap();
    assert_eq!(call(&process, anonymous).await.0, StatusCode::UNAUTHORIZED);
    process.stop().await;
}

/// Plays one round in lobby 2 with two bets and returns its export once it is settled; checks on
/// the way that nothing is told before its time.
async fn played(world: &World, process: &Process) -> RoundExport {
    post(process, 1, json!({})).await;
    world.wallet.top_up(player(1), 100);
    let mut round = None;
    for (bet, auto) in [(1, Some(105)), (2, None)] {
        let request = BetRequest {
            player: player(1),
            username: "ann".into(),
            at: LobbyRef { lobby: lobby(2), round: None },
            bet: bet_id(bet),
            stake: Stake::from_whole(10),
            auto_cash_out: auto.and_then(Multiplier::from_centi),
        };
        for _ in 0..1_000 {
            if let Ok(accepted) = process.service.place_bet(request.clone()).await {
                round = Some(accepted.round.number);
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    let path = format!("/game/v1/lobby/2/rounds/{}", round.unwrap());
    for _ in 0..4_000 {
        let (_, body) = get(process, &path).await;
        let export: RoundExport = serde_json::from_value(body).unwrap();
        match export.state {
            Phase::Settled => return export,
            Phase::Crashed => assert_eq!(export.seed, None),
            _ => {
                assert_eq!((export.crash_point, &export.seed), (None, &None));
                assert!(export.bets.iter().all(|bet| bet.auto_cash_out.is_none()));
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the round was never settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_round_can_be_checked_by_anyone() {
    let world = World::new();
    let process = world.start().await;
    let export = played(&world, &process).await;
    let seed = Seed::parse(export.seed.as_deref().unwrap()).unwrap();
    let public_seed = export.public_seed.clone().unwrap();
    let crash_point = fairness::crash_point(&public_seed, &seed, export.house_edge_bps);
    assert_eq!(export.crash_point.unwrap().0, crash_point);
    assert_eq!(export.multiplier.unwrap().0, crash_point.min(export.multiplier_max.0));

    let promised = &export.commitment;
    let index = SeedIndex(export.seed_index.unwrap());
    let down = fairness::descend(index, &seed, SeedIndex(0)).unwrap();
    assert_eq!(down.to_terminal(), Seed::parse(&promised.terminal).unwrap().to_terminal());
    let commitment = Commitment {
        lobby: promised.lobby_id.0,
        chain: promised.chain,
        terminal: down.to_terminal(),
        anchor: fairness::Anchor::Local,
        length: promised.length,
        house_edge_bps: promised.house_edge_bps,
        formula: Formula::from_number(promised.formula).unwrap(),
    };
    let key = hex::decode(&promised.public_key).unwrap();
    let signature = hex::decode(&promised.signature).unwrap();
    assert_eq!(commitment.verify(&key, &signature), Ok(()));

    let entries: Vec<BetEntry> = export
        .bets
        .iter()
        .map(|bet| BetEntry {
            player: bet.user_id.0,
            bet: bet.bet_id.0,
            stake: bet.stake.0,
            auto_cash_out: bet.auto_cash_out.map(|target| target.0),
        })
        .collect();
    assert_eq!(export.count as usize, entries.len());
    let hash = hex::encode(&fairness::bets_hash(&entries));
    assert_eq!(export.bets_hash.as_deref(), Some(hash.as_str()));

    let (_, rounds) = get(&process, "/game/v1/lobby/2/rounds").await;
    let line = &rounds.as_array().unwrap().iter().find(|line| line["round"] == export.round);
    assert_eq!(line.unwrap()["count"], json!(export.count));
    let mine = Request::get("/game/v1/bets?limit=1")
        .header("authorization", format!("Bearer {}", token(&process, 1)))
        .body(Body::empty())
        .unwrap();
    let (status, mine) = call(&process, mine).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((mine.as_array().unwrap().len(), &mine[0]["stake"]), (1, &json!(10)));
    process.stop().await;
}

#[test]
fn an_interrupted_round_says_what_it_would_have_paid() {
    let centi = |value: u32| Multiplier::from_centi(value).unwrap();
    let round_id = kernel::RoundId::new(lobby(1), 1);
    let mut round = RoundRecord {
        round: round_id,
        chain: 1,
        state: RoundState::Interrupted,
        seed_index: Some(1),
        count: 4,
        stake_sum: Amount::from_whole(40),
        payout_sum: Amount::ZERO,
        bets_hash: None,
        crash_point: Some(centi(200)),
        multiplier: Some(centi(130)),
        seed: None,
        opened_at: 1,
        locked_at: Some(2),
        ended_at: Some(3),
    };
    let bet = |number: u8, cap: u32, state: BetState| BetRecord {
        player: player(1),
        name: "ann".into(),
        bet: bet_id(number),
        round: round_id,
        stake: Stake::from_whole(10),
        auto_cash_out: None,
        cap: centi(cap),
        balance: Amount::from_whole(90),
        state,
        in_round: true,
        payout: None,
        placed_at: 1,
    };
    let cashed_out =
        |at, stamped_ms| BetState::CashedOut { multiplier: centi(at), stamped_ms, auto: false };
    let bets = [
        // Cashed out before the interruption: as it was.
        bet(1, 5_000, cashed_out(120, 9)),
        // Paid where the climb stopped; one would have reached its cap, one not, one just so.
        bet(2, 150, cashed_out(130, 0)),
        bet(3, 201, cashed_out(130, 0)),
        bet(4, 200, cashed_out(130, 0)),
        // Cancelled before the lock.
        BetRecord { in_round: false, ..bet(5, 150, BetState::Cancelled) },
    ];
    let paid = would_have_paid(&round, &bets);
    assert_eq!(paid, Some(Amount::from_whole(12 + 15 + 20)));
    round.state = RoundState::Settled;
    assert_eq!(would_have_paid(&round, &bets), None);
}
