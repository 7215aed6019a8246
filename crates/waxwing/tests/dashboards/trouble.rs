//! What goes wrong between players and a server every day: each kind has a number on a board.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::numbers::text;
use crate::harness::time::within;
use crate::harness::{Answer, Caller, Server};
use crate::load::socket_io::Socket;

/// More sign-ins than one address may send, also where the machine is slow.
const FLOOD: usize = 400;
const PASSWORD: &str = "prodan-1111";

/// Every kind of trouble once; `round` makes the names of this time its own.
pub(super) async fn make(server: &Server, round: u32) {
    guess(&server.caller(), round).await;
    flood(server).await;
    refused_bet(server, round).await;
    broken_frames(&server.base).await;
}

async fn auth(caller: &Caller, call: &str, body: Value) -> Answer {
    let path = format!("/gateway/user/v1/auth/{call}");
    caller.call(Method::POST, &path, None, Some(body)).await
}

/// Somebody signs in, refreshes, ends the sign-in, and then guesses at a password.
async fn guess(caller: &Caller, round: u32) {
    let player = caller.player(&format!("guest-{round}")).await;
    let account = json!({ "username": format!("guest-{round}"), "password": PASSWORD });
    let pair = auth(caller, "login", account).await.json();
    let refreshed =
        auth(caller, "refresh", json!({ "refresh_token": text(&pair["refresh_token"]) })).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    let logout = "/gateway/user/v1/auth/logout";
    let ended = caller.call(Method::POST, logout, Some(&player), Some(json!({}))).await;
    assert!(ended.status < 300, "{} {}", ended.status, ended.text);
    let wrong = json!({ "username": format!("victim-{round}"), "password": "guessed-wrong" });
    // Two failures are allowed, by each process of the user role.
    for _ in 0..5 {
        if auth(caller, "login", wrong.clone()).await.status == 429 {
            return;
        }
    }
    panic!("whoever guesses is not refused");
}

/// Somebody elsewhere sends more sign-ins than anybody may.
async fn flood(server: &Server) {
    let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let client = Client::builder().local_address(elsewhere).no_proxy().build().unwrap();
    let url = format!("{}/gateway/user/v1/auth/login", server.base);
    for _ in 0..FLOOD {
        let request = client.post(&url).header("content-type", "application/json").body("{}");
        if within("an answer", request.send()).await.unwrap().status() == 429 {
            return;
        }
    }
    panic!("{FLOOD} sign-ins at once are not too many");
}

/// Somebody stakes what he does not have.
async fn refused_bet(server: &Server, round: u32) {
    let player = server.caller().player(&format!("poor-{round}")).await;
    let socket = Socket::join(&server.base, 1).await.unwrap();
    let bet = json!({ "token": player.token, "lobby_id": 1, "amount": "10" });
    socket.call("place_bet", bet).await.unwrap();
}

/// Somebody speaks another protocol, then nonsense, then breaks the rules of frames.
async fn broken_frames(base: &str) {
    let mut stranger = upgraded(base, "nonsense.v9").await;
    let mut said = [0; 12];
    within("a refusal", stranger.read_exact(&mut said)).await.unwrap();
    assert_ne!(&said, b"HTTP/1.1 101");
    let mut stream = upgraded(base, "waxwing.v1").await;
    within("a welcome", stream.read_exact(&mut said)).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 101");
    // A text of two bytes under a mask of nothing, then one without the mask that a client owes.
    stream.write_all(b"\x81\x82\0\0\0\0{}").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    stream.write_all(b"\x81\x02{}").await.unwrap();
    let mut rest = Vec::new();
    within("the end", stream.read_to_end(&mut rest)).await.unwrap();
}

/// A stream that asked for sockets of `protocol`.
async fn upgraded(base: &str, protocol: &str) -> TcpStream {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /gateway/game/v1/ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}
