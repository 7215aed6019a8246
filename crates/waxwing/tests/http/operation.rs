//! The ops listener, and the limits that keep the public one standing.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::harness::process::{Finished, finish, waxwing};
use crate::harness::{Caller, Place};

#[tokio::test(flavor = "multi_thread")]
async fn the_ops_listener_answers_and_the_public_one_does_not() {
    let place = Place::new();
    let server = place.start().await;
    let ops = server.ops_caller();
    for path in ["/livez", "/readyz"] {
        let answer = ops.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    let metrics = ops.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.lines().any(|line| line.starts_with("waxwing_")), "{}", metrics.text);
    // Whoever watches finds this process as it finds one of many.
    let targets = ops.get("/discovery/targets").await.json();
    let address = server.ops.strip_prefix("http://").unwrap();
    assert_eq!(targets[0]["targets"], json!([address]), "{targets}");
    assert_eq!(targets[0]["labels"], json!({ "role": "up", "node": "up" }), "{targets}");
    let services = ops.get("/discovery/services").await.json();
    assert_eq!(services[0]["address"], json!(server.base), "{services}");
    let public = server.caller();
    for path in ["/livez", "/readyz", "/metrics", "/discovery/targets", "/discovery/services"] {
        for prefix in ["", "/gateway", "/gateway/user/v1", "/gateway/game/v1", "/gateway/ops"] {
            let answer = public.get(&format!("{prefix}{path}")).await;
            assert_eq!(answer.status, 404, "{prefix}{path}: {}", answer.text);
        }
    }
    for path in ["/gateway/status", "/gateway/user/v1/balance", "/socket.io/"] {
        assert_eq!(ops.get(path).await.status, 404, "{path} on the ops listener");
    }
}

/// What `waxwing probe` says of `address`.
async fn probed(address: &str, more: &[&str]) -> Finished {
    let mut command = waxwing();
    command.args(["probe", "--ops", address]).args(more);
    finish(command, Duration::from_secs(20)).await
}

/// A container asks by the binary itself, since it has nothing else to ask with.
#[tokio::test(flavor = "multi_thread")]
async fn the_binary_asks_whether_a_process_is_ready_and_whether_it_lives() {
    let place = Place::new();
    let server = place.start().await;
    let ops = server.ops.strip_prefix("http://").unwrap().to_owned();
    for more in [&[][..], &["--live"]] {
        let well = probed(&ops, more).await;
        assert!(well.status.success(), "{more:?} {}", well.stderr);
    }
    assert!(probed(&ops, &[]).await.stdout.contains("\"ready\""));
    let elsewhere = server.base.strip_prefix("http://").unwrap();
    for more in [&[][..], &["--live"]] {
        let other = probed(elsewhere, more).await;
        let said = other.stderr.contains("404");
        assert!(!other.status.success() && said, "{more:?} {}", other.stderr);
    }
    server.kill();
    for more in [&[][..], &["--live"]] {
        let dead = probed(&ops, more).await;
        let said = dead.stderr.contains("does not answer");
        assert!(!dead.status.success() && said, "{more:?} {}", dead.stderr);
    }
}

/// The value of a metric without labels, or the sum over its labels.
async fn counted(ops: &Caller, name: &str) -> f64 {
    let answer = ops.get("/metrics").await;
    let of_name = |line: &&str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
    };
    let value = |line: &str| line.rsplit(' ').next().and_then(|text| text.parse::<f64>().ok());
    answer.text.lines().filter(of_name).filter_map(value).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_types_and_their_secrets_stay_secret() {
    let place = Place::new();
    let server = place.start().await;
    let player = server.caller().rich_player("metric-player", "10").await;
    let ops = server.ops_caller();
    let answer = ops.get("/metrics").await;
    assert!(answer.text.contains("# TYPE "), "{}", answer.text);
    assert!(!answer.text.contains("metric-player"), "no player's name is a label");
    assert!(!answer.text.contains(&player.token), "no token is shown");
    assert!(!server.log().contains(&player.token), "no token is logged");
    assert!(!server.log().contains("prodan-1111"), "no password is logged");
    assert!(counted(&ops, "waxwing_no_such_metric").await.abs() < f64::EPSILON);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let body = json!({ "username": "x".repeat(200_000), "password": "prodan" });
    let register = "/gateway/user/v1/auth/register";
    let answer = caller.call(Method::POST, register, None, Some(body)).await;
    answer.assert_refused(413, "too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let place = Place::unraised();
    let server = place.start().await;
    let caller = server.caller();
    let mut refused = None;
    for _ in 0..20 {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let caller = caller.clone();
            calls.spawn(async move { caller.get("/gateway/user/v1/balance").await });
        }
        let answers = calls.join_all().await;
        refused = answers.into_iter().find(|answer| answer.status == 429);
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("2,000 calls at once are more than a client may make");
    refused.assert_refused(429, "rate_limited");
    let seconds: u32 = refused.header("retry-after").parse().expect("whole seconds");
    assert!(seconds <= 3_600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_shares_one_budget_among_all_addresses() {
    let place = Place::with(&[
        ("WAXWING_GATEWAY__TRUSTED_PROXIES", "127.0.0.1"),
        ("WAXWING_GATEWAY__PLAYER_REQUESTS_PER_SECOND", "1"),
        ("WAXWING_GATEWAY__PLAYER_REQUEST_BURST", "20"),
    ]);
    let server = place.start().await;
    let caller = server.caller();
    let (ann, bob) = (caller.player("ann").await, caller.player("bob").await);
    let ask = async |host: u8, token: &str| {
        let (bearer, address) = (format!("Bearer {token}"), format!("192.0.2.{host}"));
        let headers = [("x-forwarded-for", address.as_str()), ("authorization", bearer.as_str())];
        caller.send(Method::GET, "/gateway/user/v1/balance", &headers, None).await
    };
    let told = ask(1, &ann.token).await;
    assert_eq!((told.status, told.header("ratelimit-policy")), (200, "\"player\";q=20;w=20"));
    let mut refused = None;
    for host in 2..=60 {
        let answer = ask(host, &ann.token).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let refused = refused.expect("fewer than 60 calls in 40 seconds");
    refused.assert_refused(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    assert!(refused.header("ratelimit").starts_with("\"player\";r=0;"));
    assert_eq!(ask(1, &bob.token).await.status, 200, "another player at the same address");
    ask(1, "forged").await.assert_refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods_are_refused_in_the_same_form() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    caller.get("/gateway/user/v1/nothing").await.assert_refused(404, "not_found");
    let wrong = caller.send(Method::DELETE, "/gateway/user/v1/balance", &[], None).await;
    assert_eq!(wrong.status, 405, "{}", wrong.text);
    assert!(wrong.json()["error"].is_string(), "{}", wrong.text);
}
