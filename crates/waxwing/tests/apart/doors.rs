//! Who gets in where, who is found, and what every process knows of players.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{ann_plays, back, bet, has, result};
use crate::dashboards::OF_MANY;
use crate::harness::Caller;
use crate::harness::fleet::Fleet;
use crate::harness::numbers::{text, whole};
use crate::harness::process::{finish, waxwing};
use crate::harness::settings::BRISK;
use crate::harness::time::{PATIENCE, eventually, now};
use crate::plain::client::Plain;
use kernel::Amount;

/// What no gateway forwards: the listeners of operators and of other processes, and no way to
/// register a service.
const BEHIND_THE_DOOR: [&str; 12] = [
    "/metrics",
    "/livez",
    "/readyz",
    "/discovery/services",
    "/discovery/targets",
    "/gateway/metrics",
    "/gateway/discovery/services",
    "/gateway/register",
    "/gateway/game/v1/../../metrics",
    "/internal/play/v1/stream",
    "/gateway/internal/wallet/v1/fence",
    "/gateway/user/v1/../../internal/wallet/v1/fence",
];

/// Says over NATS at `address` that it answers for a role, as somebody who knows no password; what
/// it is told.
fn register(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"CONNECT {\"verbose\":false}\r\nSUB $SRV.INFO 1\r\nPING\r\n").unwrap();
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let told = lines.take_while(|line| line != "PONG").collect::<Vec<_>>();
    told.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_past_no_inner_door_and_everybody_is_found() {
    let mut fleet = Fleet::start(BRISK).await;
    assert_eq!(fleet.ask_games("SELECT count(*) FROM lobby"), "1", "three first starts, one Main");
    for (process, path) in [
        (&fleet.processes.games[0], "/game/v1/status"),
        (&fleet.processes.games[0], "/internal/play/v1/stream"),
        (&fleet.processes.users[0], "/user/v1/status"),
        (&fleet.processes.users[0], "/internal/wallet/v1/fence"),
        (&fleet.processes.users[0], "/internal/sign-ins/v1/known"),
    ] {
        for token in ["", "no token", "Bearer e30.e30.e30"] {
            let headers = [("authorization", token), ("waxwing-service-token", token)];
            let body = Some("{}".to_owned());
            let answer = Caller::new(&process.base).send(Method::POST, path, &headers, body).await;
            assert_eq!(answer.status, 401, "{path}: {}", answer.text);
        }
    }
    for path in BEHIND_THE_DOOR {
        for method in [Method::GET, Method::POST, Method::PUT] {
            let answer = fleet.caller(0).call(method, path, None, Some(json!({}))).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        }
    }
    let address = fleet.place.shared().nats().url_without_password();
    let said = register(address.strip_prefix("nats://").unwrap());
    assert!(said.contains("Authorization Violation"), "{said}");
    let mut shown = String::new();
    for process in
        fleet.processes.gateways.iter().chain(&fleet.processes.users).chain(&fleet.processes.games)
    {
        eventually("everybody to be found", PATIENCE, || async {
            let found = Caller::new(&process.ops).get("/discovery/targets").await.json();
            (found.as_array().unwrap().len() == 7).then_some(())
        })
        .await;
        shown += &Caller::new(&process.ops).get("/metrics").await.text;
        let mut probe = waxwing();
        probe.args(["probe", "--ops", process.ops.strip_prefix("http://").unwrap()]);
        let said = finish(probe, PATIENCE).await;
        assert!(said.status.success(), "{}{}", said.stdout, said.stderr);
    }
    let all_well = OF_MANY.map(|name| shown.matches(&format!("\n{name} 1\n")).count());
    assert_eq!(all_well, [2, 3, 7], "{shown}");
    fleet.end_soundly().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_played_at_one_gateway_with_what_was_made_at_the_other() {
    let mut fleet = Fleet::start(BRISK).await;
    let (ann, mut socket) = ann_plays(&fleet).await;
    let (_, number) = bet(&mut socket, 1, Some("1.01")).await;
    let ended = result(&mut socket, number).await;
    has(&fleet, &ann, Amount::from_whole(990) + back(&ended)).await;
    // Whichever node is asked.
    for call in 0..6 {
        let lobby = fleet.caller(call % 2).get("/gateway/game/v1/lobby/1").await;
        assert_eq!(lobby.status, 200, "{}", lobby.text);
        assert!(text(&lobby.json()["websocket_url"]).starts_with("http://"), "{}", lobby.text);
    }
    fleet.caller(1).get("/gateway/game/v1/lobby/99").await.assert_refused(404, "unknown_lobby");
    crowd_is_listed(&fleet, &mut socket).await;
    let status = fleet.caller(1).get("/gateway/status").await;
    assert_eq!(status.status, 200, "{}", status.text);

    // A sign-out counts everywhere, also while its notice goes nowhere, and after a start.
    fleet.place.shared().nats().stop().unwrap();
    let logout = "/gateway/user/v1/auth/logout";
    let out = fleet.caller(0).call(Method::POST, logout, Some(&ann), Some(json!({}))).await;
    assert!((200..300).contains(&out.status), "{}", out.text);
    let (balance, bets) = ("/gateway/user/v1/balance", "/gateway/game/v1/bets");
    eventually("every process to know of the sign-out", Duration::from_secs(10), || async {
        let mut known = true;
        for (gateway, path) in [(0, balance), (1, balance), (0, bets), (1, bets)] {
            let asked = fleet.caller(gateway).call(Method::GET, path, Some(&ann), None).await;
            known &= asked.status == 401;
        }
        known.then_some(())
    })
    .await;
    fleet.place.shared().nats().restart().unwrap();
    fleet.add_game().await;
    for _ in 0..8 {
        let asked = fleet.caller(0).call(Method::GET, bets, Some(&ann), None).await;
        assert_eq!(asked.status, 401, "{}", asked.text);
    }
    fleet.end_soundly().await;
}

/// Whichever node plays the lobby and whichever is asked, its crowd is counted.
async fn crowd_is_listed(fleet: &Fleet, socket: &mut Plain) {
    for number in 2..12 {
        let (_, number) = bet(socket, number, Some("2.00")).await;
        let deadline = now() + Duration::from_secs(1);
        let mut seen = [0; 2];
        while seen != [1, 1] && now() < deadline {
            for (gateway, seen) in seen.iter_mut().enumerate() {
                let list = fleet.caller(gateway).get("/gateway/game/v1/lobbies").await;
                assert_eq!(list.status, 200, "{}", list.text);
                // A list is empty where no node answered in time.
                *seen = list.json()[0].get("bets").map_or(0, whole);
            }
        }
        result(socket, number).await;
        if seen == [1, 1] {
            return;
        }
    }
    panic!("in no round both gateways list the bet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_lacks_what_it_needs_says_what() {
    let place = tempfile::tempdir().unwrap();
    let nats = ("WAXWING_INTERNAL__NATS", "nats://127.0.0.1:1");
    let user = ("WAXWING_POSTGRES__USER", "postgresql://hush@127.0.0.1:1/users");
    for (role, settings, said) in [
        ("user", vec![nats], "postgres.user is not set"),
        ("game", vec![nats], "postgres.game is not set"),
        ("user", vec![user], "internal.nats is not set"),
        ("gateway", vec![], "internal.nats is not set"),
        ("gateway", vec![nats], "waxwing keys make"),
        ("user", vec![nats, user], "waxwing keys make"),
    ] {
        let mut command = waxwing();
        command.args([role, "--ops", "127.0.0.1:0", "--data"]).arg(place.path());
        command.envs(settings).env("WAXWING_INTERNAL__LISTEN", "127.0.0.1:0");
        command.env("WAXWING_GATEWAY__LISTEN", "127.0.0.1:0");
        let finished = finish(command, PATIENCE).await;
        assert_eq!(finished.status.code(), Some(1), "{role}: {}", finished.stderr);
        assert!(finished.stderr.contains(said), "{role}: {}", finished.stderr);
        assert!(!finished.stderr.contains("hush"), "{}", finished.stderr);
    }
}
