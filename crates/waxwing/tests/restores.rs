//! Older copies put back, as docs/operations.md tells: what was shown is never played again, and
//! every lobby takes bets. Each copy is put back twice.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::check::{broken, report};
use crate::harness::databases::Books;
use crate::harness::numbers::{text, whole};
use crate::harness::process::{Finished, finish, waxwing};
use crate::harness::settings::FAST;
use crate::harness::shared;
use crate::harness::time::eventually;
use crate::harness::{Caller, Place, Player, Server};
use crate::load::socket_io::Socket;

const LIMIT: Duration = Duration::from_mins(2);
const MAIN: u64 = 1;
/// What one restored database never breaks, whatever it and the other one disagree about.
const MONEY: &[&str] = &[
    "files_are_sound",
    "balances_sum_to_zero",
    "nobody_owes",
    "transfers_give_the_balances",
    "escrow_is_what_is_held",
    "held_is_what_is_reserved",
    "closed_rounds_hold_nothing",
    "crash_points_follow_from_the_seeds",
    "seeds_follow_from_each_other",
];

/// Which databases are put back, and whether the operator says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Restore {
    names: &'static [&'static str],
    is_told: bool,
}

/// Each database alone and both; an older `game` is found out without being told.
const ALL: &[Restore] = &[
    Restore { names: &["user", "game"], is_told: true },
    Restore { names: &["user"], is_told: true },
    Restore { names: &["game"], is_told: true },
    Restore { names: &["game"], is_told: false },
];

/// All that players were ever shown, over all lives of the databases.
#[derive(Default)]
struct Shown {
    seeds: HashSet<String>,
    rounds: HashSet<(u64, u64)>,
    /// What each chain's number promised.
    promises: BTreeMap<(u64, u64), String>,
}

impl Shown {
    /// Adds what `lobby` shows now.
    async fn look(&mut self, caller: &Caller, lobby: u64) {
        let answer = caller.get(&format!("{}/export?limit=1000", path(lobby))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        for line in answer.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let seed = line["round"]["seed"].as_str();
            if let Some(round) = line["round"]["round"].as_u64() {
                self.rounds.insert((lobby, round));
            }
            self.seeds.extend(seed.map(str::to_owned));
        }
        let chains = caller.get(&format!("{}/chains?limit=200", path(lobby))).await.json();
        for chain in chains.as_array().unwrap() {
            let promise = &chain["commitment"];
            let (number, terminal) = (whole(&promise["chain"]), text(&promise["terminal"]));
            let first = self.promises.entry((lobby, number)).or_insert_with(|| terminal.to_owned());
            assert_eq!(first, terminal, "chain {number} of lobby {lobby} was promised twice");
        }
    }
}

fn path(lobby: u64) -> String {
    format!("/gateway/game/v1/lobby/{lobby}")
}

/// Bets in `lobby` until a bet is accepted; its round.
async fn bet(server: &Server, player: &Player, lobby: u64) -> u64 {
    let socket = Socket::join(&server.base, lobby).await.unwrap();
    eventually("a bet to be accepted", LIMIT, || async {
        let bet = json!({ "token": player.token, "lobby_id": lobby, "amount": "1.00" });
        socket.call("place_bet", bet).await.unwrap()["round"].as_u64()
    })
    .await
}

/// Bets in `lobby` and waits for the end of that round; the round and its seed.
async fn play(server: &Server, player: &Player, lobby: u64) -> (u64, String) {
    let (caller, round) = (server.caller(), bet(server, player, lobby).await);
    let seed = eventually("the round to end", LIMIT, || async {
        let answer = caller.get(&format!("{}/rounds/{round}", path(lobby))).await;
        (answer.status == 200).then(|| answer.json()["seed"].as_str().map(str::to_owned))?
    })
    .await;
    (round, seed)
}

/// A tool of ours on the databases of `place`.
async fn tool(place: &Place, arguments: &[&str]) -> Finished {
    let mut command = waxwing();
    command.args(arguments).envs(place.settings());
    if shared::urls(&place.data()).is_none() {
        command.arg("--data").arg(place.data());
    }
    finish(command, Duration::from_mins(1)).await
}

fn file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.db"))
}

/// The address of the shared database `name`, if it is one.
fn url(place: &Place, name: &str) -> Option<String> {
    let urls = shared::urls(&place.data())?;
    let url = if name == "user" { urls.user } else { urls.game };
    Some(url.expose().clone())
}

fn run(command: &mut Command) {
    let said = command.output().unwrap();
    assert!(said.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// Copies a resting database, as the operator is told to.
fn back_up(place: &Place, name: &str, copies: &Path) {
    let Some(url) = url(place, name) else {
        std::fs::copy(file(&place.data(), name), file(copies, name)).unwrap();
        return;
    };
    run(Command::new("pg_dump").arg("-Fc").arg("-f").arg(file(copies, name)).arg(url));
}

/// Puts the copy in the place of what is there.
fn put_back(place: &Place, name: &str, copies: &Path) {
    let Some(url) = url(place, name) else {
        for tail in ["-wal", "-shm"] {
            std::fs::remove_file(place.data().join(format!("{name}.db{tail}"))).ok();
        }
        std::fs::copy(file(copies, name), file(&place.data(), name)).unwrap();
        return;
    };
    let whole = ["--clean", "--if-exists", "--single-transaction"];
    run(Command::new("pg_restore").args(whole).arg("-d").arg(url).arg(file(copies, name)));
}

async fn stop(server: Server) {
    let status = server.terminate(LIMIT).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
}

/// Says that copies were put back, once the lease of a killed node has run out.
async fn tell(place: &Place) {
    eventually("migrate to be let in", LIMIT, || async {
        let told = tool(place, &["migrate", "--after-restore"]).await;
        let is_leased = told.stderr.contains("stop it first");
        assert!(told.status.success() || is_leased, "{}", told.stderr);
        told.status.success().then_some(())
    })
    .await;
}

/// Copies, plays on, dies with an open bet, and puts the copy back, twice.
async fn is_restored(place: &Place, restore: Restore) {
    let server = place.start().await;
    let (caller, mut shown) = (server.caller(), Shown::default());
    let ann = caller.rich_player("ann", "100").await;
    let quiet = caller.lobby(&ann, json!({})).await;
    for lobby in [MAIN, quiet] {
        play(&server, &ann, lobby).await;
    }
    stop(server).await;
    let copies = tempfile::tempdir().unwrap();
    for name in restore.names {
        back_up(place, name, copies.path());
    }

    let server = place.start().await;
    for lobby in [MAIN, quiet, quiet] {
        play(&server, &ann, lobby).await;
    }
    for lobby in [MAIN, quiet] {
        shown.look(&server.caller(), lobby).await;
    }
    bet(&server, &ann, quiet).await;
    server.kill();

    for time in ["once", "twice"] {
        for name in restore.names {
            put_back(place, name, copies.path());
        }
        if restore.is_told {
            tell(place).await;
        }
        let server = place.start().await;
        if restore.is_told {
            // Nobody has opened that lobby: its stake must not wait for somebody who does.
            eventually("every stake to be given back", LIMIT, || async {
                (Books::reserved(&place.data()) == 0).then_some(())
            })
            .await;
        }
        for lobby in [MAIN, quiet] {
            let (round, seed) = play(&server, &ann, lobby).await;
            let what = format!("{restore:?} {time}: round {lobby}/{round}");
            assert!(!shown.seeds.contains(&seed), "{what} is played with a seed that was shown");
            // Where no database is left that knows, nothing can.
            let is_known = restore.names.len() == 1;
            assert!(!is_known || !shown.rounds.contains(&(lobby, round)), "{what} was played");
        }
        for lobby in [MAIN, quiet] {
            shown.look(&server.caller(), lobby).await;
        }
        // A seed is shown before the wallet is told how its bets ended.
        eventually("every stake to be decided", LIMIT, || async {
            (Books::reserved(&place.data()) == 0).then_some(())
        })
        .await;
        stop(server).await;
        is_sound(place, restore).await;
    }
}

/// The money is whole; where both databases are of one moment, so is everything else.
async fn is_sound(place: &Place, restore: Restore) {
    let said = report(&tool(place, &["check", "--json"]).await);
    let broken = broken(&said);
    let is_whole = restore.names.len() == 2;
    let counts = |name: &&&str| is_whole || MONEY.contains(*name);
    let broken: Vec<_> = broken.iter().filter(counts).collect();
    assert!(broken.is_empty(), "{restore:?}: {broken:?} {said}");
    assert_eq!(Books::reserved(&place.data()), 0, "{restore:?}: a stake is held for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn older_files_show_nothing_twice_and_every_lobby_takes_bets() {
    for restore in ALL {
        is_restored(&Place::fast(), *restore).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn older_shared_databases_show_nothing_twice_and_every_lobby_takes_bets() {
    for restore in ALL {
        is_restored(&Place::on_postgres(FAST), *restore).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn older_databases_of_roles_apart_show_nothing_twice_and_every_lobby_takes_bets() {
    is_restored(&Place::apart(FAST), ALL[0]).await;
}
