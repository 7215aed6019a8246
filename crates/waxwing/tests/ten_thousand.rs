//! A process that dies with ten thousand open bets is back within a second: ready, its round ended,
//! the next bet taken in the same lobby.
//!
//! `make ready` asks it of a release build. A build of the tests may take [`DEBUG_MS`].

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use kernel::Amount;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::harness::databases::Books;
use crate::harness::process::{finish, waxwing};
use crate::harness::time::{eventually, now};
use crate::harness::{Place, Player, Server};
use crate::load::socket_io::Socket;

/// Open bets, and those who made them.
const BETS: usize = 10_000;
const PLAYERS: usize = 100;
/// Starts that are measured, each on a copy of the same files.
const STARTS: usize = 3;
/// From the start of the process to the answer to a bet, in milliseconds, in a build of the tests.
const DEBUG_MS: u64 = 4_000;
/// How long bets are taken, in milliseconds, one try after another: a busy machine needs longer for
/// so many, and some climb crashes before anybody kills the server.
const BETTING_MS: [u64; 4] = [10_000, 20_000, 40_000, 60_000];
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__MAIN__BETTING_MS", "60000"),
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "0"),
    ("WAXWING_IDENTITY__ARGON2_MEMORY_KIB", "64"),
    ("WAXWING_IDENTITY__ARGON2_PASSES", "1"),
];

/// What a start may take. `make ready` says one second.
#[expect(clippy::disallowed_methods, reason = "`make ready` measures a release build")]
fn limit() -> Duration {
    let asked = std::env::var("READY_WITHIN_MS").ok();
    let asked = asked.map(|text| text.parse().expect("READY_WITHIN_MS is a number"));
    Duration::from_millis(asked.unwrap_or(DEBUG_MS))
}

/// Stopped files with players, money, and a lobby for each try in which each may bet a hundred
/// times: that is no setting, so it is written into the lobbies' rows.
async fn furnish(place: &Place) -> (Vec<Player>, Vec<u64>) {
    let server = place.start().await;
    let caller = server.caller();
    let players = stream::iter(0..PLAYERS).map(|number| {
        let (caller, name) = (caller.clone(), format!("player-{number}"));
        async move { caller.rich_player(&name, "1000").await }
    });
    let players: Vec<Player> = players.buffered(16).collect().await;
    let mut lobbies = Vec::new();
    for betting_ms in BETTING_MS {
        lobbies.push(caller.lobby(&players[0], json!({ "betting_ms": betting_ms })).await);
    }
    let status = server.terminate(Duration::from_secs(20)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    let game = Connection::open(place.data().join("game.db")).unwrap();
    let bets = i64::try_from(BETS / PLAYERS).unwrap();
    game.execute("UPDATE lobby SET bets_per_player = ?1", [bets]).unwrap();
    (players, lobbies)
}

/// Every player bets as often as he may; a third of the bets has a target. Whether all were taken.
async fn bet_all(sockets: &[Socket], players: &[Player], lobby: u64) -> bool {
    let began = now();
    let asked = sockets.iter().zip(players).flat_map(|(socket, player)| {
        (0..BETS / PLAYERS).map(move |number| {
            let target = (number % 3 == 0).then_some("1.50");
            let bet = json!({
                "token": player.token, "lobby_id": lobby, "amount": "1", "coefficient": target,
            });
            socket.ask("place_bet", &bet)
        })
    });
    let answers: Vec<Value> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    let mut refused = answers.iter().filter(|answer| answer["bet_id"].is_null());
    assert!(refused.clone().all(|answer| answer["code"] == "betting_closed"), "{refused:?}");
    println!("{} of {BETS} bets refused in {:?}", refused.clone().count(), began.elapsed());
    refused.next().is_none()
}

/// Whether the lobby's first round climbs beyond 1.02x by its durable heartbeats. Its pictures are
/// not asked: a crowd of this size makes a build of the tests show them late.
async fn climbs(place: &Place, lobby: u64) -> bool {
    let query = "SELECT state, coalesce(heartbeat_centi, 0) FROM round WHERE lobby = ?1
        ORDER BY round LIMIT 1";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let game = Connection::open_with_flags(place.data().join("game.db"), flags).unwrap();
    let lobby = i64::try_from(lobby).unwrap();
    eventually("the round to climb", Duration::from_mins(3), || async {
        let row = game.query_row(query, [lobby], |row| Ok((row.get(0)?, row.get(1)?)));
        let (state, heartbeat): (String, u32) = row.unwrap();
        match state.as_str() {
            "open" => None,
            "locked" => (heartbeat > 102).then_some(true),
            _ => Some(false),
        }
    })
    .await
}

/// One server, dead; whether it died in mid-climb with all bets open.
async fn die(place: &Place, players: &[Player], lobby: u64) -> bool {
    let server = place.start().await;
    let seats = players.iter().map(|_| Socket::join(&server.base, lobby));
    let sockets: Vec<Socket> = join_all(seats).await.into_iter().map(Result::unwrap).collect();
    let all_open = bet_all(&sockets, players, lobby).await && climbs(place, lobby).await;
    server.kill();
    all_open
}

/// A start on dead files, timed until a bet is taken in the lobby whose round was left.
async fn come_back(place: &Place, player: &Player, lobby: u64) -> (Server, Duration) {
    let began = now();
    let server = place.start().await;
    let ready = began.elapsed();
    let readiness = server.ops_caller().get("/readyz").await;
    assert_eq!(readiness.status, 200, "{}", readiness.text);
    let passing = began.elapsed();
    let socket = Socket::join(&server.base, lobby).await.unwrap();
    let bet = json!({ "token": player.token, "lobby_id": lobby, "amount": "1" });
    let answer = socket.call("place_bet", bet).await.unwrap();
    assert!(!answer["bet_id"].is_null(), "{answer}");
    let taken = began.elapsed();
    println!("ready after {ready:?}, /readyz after {passing:?}, a bet taken after {taken:?}");
    (server, taken)
}

/// Every bet of the round that was left is paid its target or what the round had reached.
async fn assert_paid(place: &Place, server: Server, lobby: u64) {
    eventually("every bet to be paid", Duration::from_secs(30), || async {
        let books = Books::watch(&place.data());
        let mut holds = books.holds.iter().filter(|hold| hold.state == "reserved");
        (holds.clone().count() <= 1 && holds.all(|hold| hold.lobby == lobby)).then_some(())
    })
    .await;
    server.kill();
    let books = Books::read(&place.data());
    books.assert_sound();
    let left = books.bets.iter().map(|bet| bet.round).min().unwrap();
    let paid: Vec<_> = books.bets.iter().filter(|bet| bet.round == left).collect();
    assert_eq!(paid.len(), BETS);
    if books.rounds.iter().any(|round| round.lobby == lobby && round.state == "settled") {
        // What was durable when it died had reached the crash point: it ended as it was played.
        assert!(paid.iter().all(|bet| bet.state == "cashed_out" || bet.state == "lost"));
        return;
    }
    assert!(paid.iter().all(|bet| bet.state == "cashed_out"), "some were not paid");
    let reached = paid.iter().filter_map(|bet| bet.multiplier).max().unwrap();
    assert!(reached.centi() >= 101, "{reached:?}");
    assert!(paid.iter().all(|bet| bet.payout > Some(Amount::from_whole(1))));
    let mut command = waxwing();
    command.args(["check", "--data"]).arg(place.data());
    let checked = finish(command, Duration::from_mins(1)).await;
    assert!(checked.status.success(), "{}\n{}", checked.stdout, checked.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_ten_thousand_open_bets_is_ready_again_at_once() {
    let furnished = Place::alone(SETTINGS);
    let (players, lobbies) = furnish(&furnished).await;
    for lobby in lobbies {
        let place = furnished.twin();
        if !die(&place, &players, lobby).await {
            continue;
        }
        let mut taken = Vec::new();
        for _ in 0..STARTS {
            let copy = place.twin();
            let (server, after) = come_back(&copy, &players[0], lobby).await;
            taken.push(after);
            assert_paid(&copy, server, lobby).await;
        }
        assert!(taken.iter().all(|after| *after <= limit()), "{taken:?}");
        return;
    }
    panic!("no climb began with every bet and lived");
}
