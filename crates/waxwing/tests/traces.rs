//! Traces as a receiver gets them: one from the gateway to the database, nothing secret in any,
//! and nobody waits for a receiver that is away. Needs the feature `otlp`.

mod receiver;

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::fleet::Fleet;
use crate::harness::numbers::whole;
use crate::harness::settings::FAST;
use crate::harness::time::{eventually, now};
use crate::harness::{Caller, Place, Player};
use crate::plain::client::{Plain, bet_id};
use receiver::{Receiver, Span};

const ENDPOINT: &str = "WAXWING_TELEMETRY__OTLP__ENDPOINT";
const SAMPLE: &str = "WAXWING_TELEMETRY__OTLP__SAMPLE_PERMILLE";
/// What a caller outside says of a trace of its own, and wants followed.
const OUTSIDE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const BALANCE: &str = "/gateway/user/v1/balance";
/// A name and an amount that are found wherever they are.
const NAME: &str = "icarus-of-the-traces";
const MONEY: &str = "4711.0815";
/// That amount in units, as roles tell each other.
const UNITS: &str = "47110815";
/// What the harness gives everybody.
const PASSWORD: &str = "prodan-1111";

/// The spans of these names, each the parent of the next; the first has none if it `begins`.
fn chain<'a>(trace: &'a [Span], names: &[&str]) -> Vec<&'a Span> {
    let mut parent: Option<&Span> = None;
    let mut found = Vec::new();
    for name in names {
        let next = trace.iter().find(|span| {
            span.name == *name && parent.is_none_or(|parent| span.parent == parent.id)
        });
        let next = next.unwrap_or_else(|| panic!("no {name} there in {trace:#?}"));
        assert!(next.lasted.0 <= next.lasted.1, "{next:?}");
        parent = Some(next);
        found.push(next);
    }
    found
}

fn holds_nothing_secret(receiver: &Receiver, player: &Player) {
    let bytes = receiver.bytes();
    assert!(!bytes.is_empty());
    for secret in [&player.token, NAME, PASSWORD, MONEY, UNITS] {
        let is_in = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!is_in, "{secret} was sent");
    }
}

/// Asks for the balance as somebody who says that the call is followed.
async fn ask_balance(caller: &Caller, player: &Player) {
    let bearer = format!("Bearer {}", player.token);
    let headers = [("authorization", bearer.as_str()), ("traceparent", OUTSIDE)];
    let answer = caller.send(Method::GET, BALANCE, &headers, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_is_one_trace_from_the_gateway_to_postgresql() {
    let (receiver, origin) = Receiver::start().await;
    let mut fleet = Fleet::start(&[FAST, &[(ENDPOINT, &origin), (SAMPLE, "1000")]].concat()).await;
    let player = fleet.caller(0).rich_player(NAME, MONEY).await;
    ask_balance(&fleet.caller(0), &player).await;
    let names =
        ["GET /gateway/user/v1/{*rest}", "call user", "GET /user/v1/balance", "wallet.balance"];
    let trace = receiver.trace_with(&names).await;
    let [gateway, call, user, database] = chain(&trace, &names)[..] else { unreachable!() };
    assert_eq!(trace.len(), names.len(), "{trace:#?}");
    assert!(gateway.parent.is_empty(), "what is outside is nobody's parent: {gateway:?}");
    let theirs: Vec<u8> = (3..35).step_by(2).map(|at| byte(&OUTSIDE[at..at + 2])).collect();
    assert_ne!(gateway.trace, theirs);
    for (span, role) in [(gateway, "gateway"), (call, "gateway"), (user, "user")] {
        assert_eq!(span.says("waxwing.role"), role, "{span:?}");
        assert_eq!(span.says("service.name"), "waxwing");
    }
    assert_eq!(call.says("waxwing.instance"), user.says("service.instance.id"));
    assert_eq!(call.says("waxwing.try"), "1");
    assert_eq!(user.says("http.response.status_code"), "200");
    assert_eq!(database.says("db.system.name"), "postgresql");
    let of_user = receiver.spans();
    let of_user = of_user.iter().filter(|span| span.name == names[2]);
    assert_eq!(of_user.count(), 1, "one call is one trace");

    // A bet goes on by the stream to its lobby's owner, and from there to the wallet.
    let (mut socket, _) = Plain::at_the_table(&fleet.processes.gateways[1].base, &player, 1).await;
    place_bet(&mut socket).await;
    let names = ["place_bet", "play", "game.reserve", "call user"];
    let trace = receiver.trace_with(&[&names[..], &["wallet.apply", "game.apply"]].concat()).await;
    let reserved = chain(&trace, &names);
    assert!(reserved[0].parent.is_empty());
    chain(&trace, &["place_bet", "play", "game.record", "game.apply"]);
    chain(&trace, &["wallet.batch", "wallet.apply"]);
    drop(socket);
    fleet.end_soundly().await;
    holds_nothing_secret(&receiver, &player);
}

/// Bets in the next round that opens.
async fn place_bet(socket: &mut Plain) {
    for number in 1.. {
        let round = loop {
            let event = socket.next().await;
            if event["type"] == "betting_opened" || event["phase"] == "open" {
                break whole(&event["round"]);
            }
        };
        let bet = json!({
            "lobby_id": 1, "round": round, "bet_id": bet_id(number), "stake": "10",
            "auto_cash_out": "1.01",
        });
        if socket.answer("place_bet", bet).await["type"] == "reply" {
            return;
        }
    }
}

fn byte(hex: &str) -> u8 {
    u8::from_str_radix(hex, 16).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_on_one_process_is_followed_to_the_commits_of_both_databases() {
    let (receiver, origin) = Receiver::start().await;
    let place = Place::fast().and(&[(ENDPOINT, &origin), (SAMPLE, "1000")]);
    let server = place.start().await;
    let player = server.caller().rich_player(NAME, MONEY).await;
    let (mut socket, _) = Plain::at_the_table(&server.base, &player, 1).await;
    place_bet(&mut socket).await;
    let reserved = ["place_bet", "game.reserve", "wallet.batch", "wallet.apply"];
    let recorded = ["place_bet", "game.record", "game.apply"];
    let trace = receiver.trace_with(&[&reserved[..], &recorded[..]].concat()).await;
    for names in [&reserved[..], &recorded[..]] {
        let spans = chain(&trace, names);
        assert!(spans[0].parent.is_empty(), "{spans:?}");
        assert_eq!(spans[1].says("waxwing.bets"), "1");
        let commit = spans[spans.len() - 1];
        assert_eq!(commit.says("db.system.name"), "sqlite");
        assert!(spans[0].lasted.1 >= commit.lasted.1, "a bet is answered once it is stored");
    }
    drop(socket);
    // What was gathered last is sent before the end.
    ask_balance(&server.caller(), &player).await;
    assert!(server.terminate(Duration::from_mins(1)).await.unwrap().success());
    receiver.trace_with(&["GET /gateway/user/v1/{*rest}", "wallet.balance"]).await;
    holds_nothing_secret(&receiver, &player);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_receiver_that_is_away_and_what_it_misses_is_counted() {
    // One takes calls and never answers, nobody listens for the other.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [&silent, &gone].map(|listener| listener.local_addr().unwrap());
    drop(gone);
    for address in addresses {
        let origin = format!("http://{address}");
        let place = Place::fast().and(&[(ENDPOINT, &origin), (SAMPLE, "1000")]);
        let server = place.start().await;
        let player = server.caller().player(NAME).await;
        let asked_at = now();
        for _ in 0..20 {
            ask_balance(&server.caller(), &player).await;
        }
        assert!(asked_at.elapsed() < Duration::from_secs(3), "{:?}", asked_at.elapsed());
        let dropped = "waxwing_traces_spans_dropped_total{reason=\"receiver_away\"}";
        eventually("dropped spans", Duration::from_secs(20), || async {
            server.metrics().await.contains(dropped).then_some(())
        })
        .await;
        assert!(server.metrics().await.contains("waxwing_traces_spans_exported_total 0"));
        assert!(server.terminate(Duration::from_mins(1)).await.unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_where_no_call_is_drawn_whatever_callers_say() {
    let (receiver, origin) = Receiver::start().await;
    let mut fleet = Fleet::start(&[(ENDPOINT, &origin), (SAMPLE, "0")]).await;
    let player = fleet.caller(0).rich_player(NAME, MONEY).await;
    ask_balance(&fleet.caller(0), &player).await;
    fleet.end_soundly().await;
    assert!(receiver.bytes().is_empty(), "{:?}", receiver.spans());
}
