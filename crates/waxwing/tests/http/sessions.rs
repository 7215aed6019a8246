//! Staying signed in and signing out, against the real binary: over HTTP, over sockets, and over
//! its death.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::numbers::text;
use crate::harness::settings::BRISK;
use crate::harness::time::now;
use crate::harness::{Answer, Caller, Place, Player, Server};
use crate::load::socket_io::Socket;

const AUTH: &str = "/gateway/user/v1/auth";
const BALANCE: &str = "/gateway/user/v1/balance";
const OLD: &str = "prodan-1111";

/// What a sign-in gives: the access token as its player, and the refresh token.
#[derive(Clone)]
struct Pair {
    player: Player,
    refresh: String,
}

impl Pair {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        assert_eq!((text(&body["token_type"]), &body["expires_in"]), ("Bearer", &json!(3_600)));
        let token = text(&body["access_token"]).to_owned();
        let refresh = text(&body["refresh_token"]).to_owned();
        Self { player: Player { id: 0, token }, refresh }
    }
}

async fn call(caller: &Caller, name: &str, player: Option<&Player>, body: Value) -> Answer {
    caller.call(Method::POST, &format!("{AUTH}/{name}"), player, Some(body)).await
}

async fn sign_in(caller: &Caller, password: &str) -> Pair {
    let account = json!({ "username": "ann", "password": password });
    Pair::of(&call(caller, "login", None, account).await)
}

async fn refresh(caller: &Caller, token: &str) -> Answer {
    call(caller, "refresh", None, json!({ "refresh_token": token })).await
}

/// Registers ann, and signs her in.
async fn ann(caller: &Caller) -> Pair {
    let account = json!({ "username": "ann", "password": OLD });
    assert_eq!(call(caller, "register", None, account).await.status, 201);
    sign_in(caller, OLD).await
}

async fn is_good(caller: &Caller, pair: &Pair) -> bool {
    let answer = caller.call(Method::GET, BALANCE, Some(&pair.player), None).await;
    if answer.status != 200 {
        answer.assert_refused(401, "unauthenticated");
    }
    answer.status == 200
}

/// A socket that proved its player in the handshake and watches lobby 1.
async fn joined(server: &Server, player: &Player) -> Socket {
    let auth = Some(json!({ "token": player.token }));
    let socket = Socket::connect_at(&server.base, "/socket.io/?", auth).await.unwrap();
    socket.call("joinRoom", json!({ "lobby_id": "1" })).await.unwrap();
    socket
}

async fn is_closed_within_a_second(socket: &mut Socket) -> bool {
    let ends = async { while socket.event(Duration::from_secs(1)).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(1), ends).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_goes_on_by_refreshing() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let mut pair = ann(&caller).await;
    for _ in 0..5 {
        let next = Pair::of(&refresh(&caller, &pair.refresh).await);
        assert_ne!(next.refresh, pair.refresh);
        assert!(is_good(&caller, &next).await);
        pair = next;
    }
    refresh(&caller, "nonsense").await.assert_refused(401, "unauthenticated");
    refresh(&caller, &pair.player.token).await.assert_refused(401, "unauthenticated");
    let unknown = json!({ "refresh_token": pair.refresh, "user_id": 1 });
    call(&caller, "refresh", None, unknown).await.assert_refused(400, "malformed");
    assert_eq!(refresh(&caller, &pair.refresh).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_was_spent_two_turns_ago_ends_the_sign_in() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let stolen = ann(&caller).await;
    let retried = Pair::of(&refresh(&caller, &stolen.refresh).await);
    assert_eq!(refresh(&caller, &stolen.refresh).await.status, 200, "a retry");
    // The grace is real time here: ten seconds, and a little.
    tokio::time::sleep(Duration::from_millis(10_500)).await;
    refresh(&caller, &stolen.refresh).await.assert_refused(401, "unauthenticated");
    refresh(&caller, &retried.refresh).await.assert_refused(401, "unauthenticated");
    assert!(!is_good(&caller, &retried).await && !is_good(&caller, &stolen).await);
    assert!(is_good(&caller, &sign_in(&caller, OLD).await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_refuses_tokens_at_once_and_closes_sockets_within_a_second() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let (here, there) = (ann(&caller).await, sign_in(&caller, OLD).await);
    let bob = caller.player("bob").await;
    let (mut anns, bobs) = (joined(&server, &there.player).await, joined(&server, &bob).await);
    let out = call(&caller, "logout", Some(&here.player), json!({ "everywhere": true })).await;
    assert_eq!((out.status, out.json()), (200, json!({ "message": "Signed out" })));
    for pair in [&here, &there] {
        assert!(!is_good(&caller, pair).await);
        refresh(&caller, &pair.refresh).await.assert_refused(401, "unauthenticated");
    }
    assert!(is_closed_within_a_second(&mut anns).await, "the socket of who signed out");
    let answer = bobs.call("joinRoom", json!({ "lobby_id": "1" })).await.unwrap();
    assert_eq!(answer, json!("Joined room: 1"), "others stay");
    // A new sign-in counts in the same second, and a token of before proves nothing on a socket.
    assert!(is_good(&caller, &sign_in(&caller, OLD).await).await);
    let socket = Socket::connect(&server.base).await.unwrap();
    let withdraw = json!({ "token": there.player.token, "lobby_id": 1 });
    let refused = socket.call("withdraw", withdraw).await.unwrap();
    assert_eq!(text(&refused["code"]), "unauthenticated", "{refused}");
}

/// The player's newest bet.
async fn newest_bet(caller: &Caller, player: &Player) -> Value {
    let answer = caller.call(Method::GET, "/gateway/game/v1/bets", Some(player), None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()[0].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_bet_rides_on_after_its_player_signed_out() {
    let place = Place::with(BRISK);
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "100").await;
    let socket = joined(&server, &ann).await;
    let bet = json!({ "lobby_id": 1, "amount": 10, "coefficient": 1.01 });
    let asked_at = now();
    while !socket.call("place_bet", bet.clone()).await.unwrap()["error"].is_null() {
        assert!(asked_at.elapsed() < Duration::from_mins(3), "no round opens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let bet_id = newest_bet(&caller, &ann).await["bet_id"].take();
    let out = call(&caller, "logout", Some(&ann), json!({ "everywhere": true })).await;
    assert_eq!(out.status, 200);

    let again = sign_in(&caller, OLD).await.player;
    let asked_at = now();
    loop {
        let bet = newest_bet(&caller, &again).await;
        assert_eq!(bet["bet_id"], bet_id);
        if ["cashed_out", "lost"].contains(&text(&bet["state"])) {
            break;
        }
        assert!(asked_at.elapsed() < Duration::from_mins(3), "{bet}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_here_leaves_the_other_sign_ins() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let (here, there) = (ann(&caller).await, sign_in(&caller, OLD).await);
    assert_eq!(call(&caller, "logout", Some(&here.player), json!({})).await.status, 200);
    assert!(!is_good(&caller, &here).await && is_good(&caller, &there).await);
    let again = call(&caller, "logout", Some(&here.player), json!({})).await;
    again.assert_refused(401, "unauthenticated");
    call(&caller, "logout", None, json!({})).await.assert_refused(401, "unauthenticated");
    let unknown = call(&caller, "logout", Some(&there.player), json!({ "all": true })).await;
    unknown.assert_refused(400, "malformed");
    assert!(is_good(&caller, &there).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_replaces_the_old_one_and_ends_other_sign_ins() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let (here, there) = (ann(&caller).await, sign_in(&caller, OLD).await);
    let change = |old: &str| json!({ "old_password": old, "new_password": "a longer one" });
    let wrong = call(&caller, "password", Some(&here.player), change("wrong")).await;
    wrong.assert_refused(401, "invalid_credentials");
    let short = json!({ "old_password": OLD, "new_password": "123" });
    let short = call(&caller, "password", Some(&here.player), short).await;
    short.assert_refused(400, "malformed");
    call(&caller, "password", None, change(OLD)).await.assert_refused(401, "unauthenticated");
    assert!(is_good(&caller, &there).await, "nothing was changed");

    let fresh = Pair::of(&call(&caller, "password", Some(&here.player), change(OLD)).await);
    assert!(is_good(&caller, &fresh).await && !is_good(&caller, &there).await);
    refresh(&caller, &there.refresh).await.assert_refused(401, "unauthenticated");
    let account = json!({ "username": "ann", "password": OLD });
    call(&caller, "login", None, account).await.assert_refused(401, "invalid_credentials");
    assert!(is_good(&caller, &sign_in(&caller, "a longer one").await).await);
    assert_eq!(refresh(&caller, &fresh.refresh).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_forgets_no_sign_in_and_no_sign_out() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let (mut within, out) = (ann(&caller).await, sign_in(&caller, OLD).await);
    assert_eq!(call(&caller, "logout", Some(&out.player), json!({})).await.status, 200);
    let mut server = server;
    for _ in 0..3 {
        within = Pair::of(&refresh(&server.caller(), &within.refresh).await);
        server.kill();
        server = place.start().await;
        let caller = server.caller();
        assert!(is_good(&caller, &within).await && !is_good(&caller, &out).await);
        refresh(&caller, &out.refresh).await.assert_refused(401, "unauthenticated");
    }
    assert_eq!(refresh(&server.caller(), &within.refresh).await.status, 200);
}
