//! Making, joining and finding lobbies, and the status of the services.

use reqwest::Method;
use serde_json::json;

use crate::harness::Place;
use crate::harness::numbers::{text, whole};

const LOBBY: &str = "/gateway/game/v1/lobby";

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_is_joined_by_its_number_or_made_under_the_next() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.player("ann").await;
    assert_eq!(caller.lobby(&ann, json!({ "lobby_id": 1 })).await, 1, "Main exists");
    assert_eq!(caller.lobby(&ann, json!({ "lobby_id": "1" })).await, 1);
    let made = caller.lobby(&ann, json!({})).await;
    assert!(made > 1);
    assert_eq!(caller.lobby(&ann, json!({ "lobby_id": made })).await, made);
    let next = caller.lobby(&ann, json!({ "lobby_id": 999_999 })).await;
    assert_eq!(next, made + 1, "a number nobody has is never given");
    for _ in 2..5 {
        caller.lobby(&ann, json!({})).await;
    }
    let sixth = caller.call(Method::POST, LOBBY, Some(&ann), Some(json!({}))).await;
    sixth.assert_refused(409, "lobby_limit");
    let bob = caller.player("bob").await;
    assert_eq!(caller.lobby(&bob, json!({})).await, made + 5, "the limit is each player's own");
    let stranger = caller.call(Method::POST, LOBBY, None, Some(json!({}))).await;
    stranger.assert_refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_tells_where_its_socket_is_whatever_the_host_header_says() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let headers = [("host", "evil.example")];
    let answer = caller.send(Method::GET, &format!("{LOBBY}/1"), &headers, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let url = text(&body["websocket_url"]);
    assert!(!url.contains("evil.example"), "{url}");
    let (scheme, authority) = url.split_once("://").expect("an origin has a scheme");
    assert!(["http", "https", "ws", "wss"].contains(&scheme), "{url}");
    assert!(!authority.is_empty() && !authority.contains('/'), "{url} is an origin, no path");
    caller.get(&format!("{LOBBY}/999999")).await.assert_refused(404, "unknown_lobby");
    for path in ["abc", "0", "-1", "1.5", "9007199254740992"] {
        let answer = caller.get(&format!("{LOBBY}/{path}")).await;
        assert!([400, 404].contains(&answer.status), "{path}: {}", answer.text);
        assert!(!text(&answer.json()["error"]).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_say_that_they_run() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    for (path, status) in [
        ("/gateway/user/v1/status", "Auth Service Running"),
        ("/gateway/game/v1/status", "Game Service Running"),
    ] {
        let answer = caller.get(path).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "status": status })));
    }
    let answer = caller.get("/gateway/status").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(text(&body["message"]), "All services are up and running");
    let working = body["workingServices"].as_array().expect("a list");
    assert!(!working.is_empty());
    assert!(!answer.text.contains("127.0.0.1"), "instance ids, no addresses: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_never_was_is_not_found() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    for path in ["1/rounds/999999", "999999/rounds/1"] {
        let answer = caller.get(&format!("{LOBBY}/{path}")).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        assert!(!text(&answer.json()["error"]).is_empty());
    }
    let open = caller.get(&format!("{LOBBY}/1/rounds/1")).await;
    assert_eq!(open.status, 200, "{}", open.text);
    let body = open.json();
    assert_eq!((whole(&body["lobby_id"]), whole(&body["round"])), (1, 1));
    assert!(body.get("seed").is_none_or(serde_json::Value::is_null), "{body}");
    assert!(body.get("crash_point").is_none_or(serde_json::Value::is_null), "{body}");
}
