//! Seed chains over their whole life: announced, followed, exhausted, given up after a restore.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::numbers::{text, whole};
use crate::harness::process::{Finished, finish, waxwing};
use crate::harness::time::eventually;
use crate::harness::{Caller, Place, Player, Server};
use crate::load::socket_io::Socket;

const LIMIT: Duration = Duration::from_mins(3);
/// Chains of five rounds, the next one made when two are left.
const SHORT: &[(&str, &str)] = &[
    ("WAXWING_GAME__MAIN__CHAIN_LENGTH", "5"),
    ("WAXWING_GAME__PLAYERS__CHAIN_LENGTH", "5"),
    ("WAXWING_GAME__SUCCESSOR_AT", "2"),
];

async fn run(arguments: &[&str]) -> Finished {
    let mut command = waxwing();
    command.args(arguments);
    finish(command, Duration::from_mins(1)).await
}

async fn chains(caller: &Caller) -> Vec<Value> {
    let answer = caller.get("/gateway/game/v1/lobby/1/chains?limit=200").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json().as_array().unwrap().clone()
}

/// Waits until Main has played so many rounds to their end.
async fn played(caller: &Caller, round: u64) {
    eventually(&format!("round {round} to end"), LIMIT, || async {
        let answer = caller.get(&format!("/gateway/game/v1/lobby/1/rounds/{round}")).await;
        (answer.status == 200 && answer.json()["seed"].is_string()).then_some(())
    })
    .await;
}

/// The round of Main that is played now.
async fn now_played(caller: &Caller) -> u64 {
    whole(&caller.get("/gateway/game/v1/lobby/1").await.json()["round"])
}

/// Every seed that Main has shown.
async fn shown(caller: &Caller) -> HashSet<String> {
    let answer = caller.get("/gateway/game/v1/lobby/1/export?limit=1000").await;
    let lines = answer.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line["round"]["seed"].as_str().map(str::to_owned)).collect()
}

/// `player` bets in Main until a bet is accepted; its round.
async fn bet(server: &Server, player: &Player) -> u64 {
    let socket = Socket::join(&server.base, 1).await.unwrap();
    eventually("a bet to be accepted", LIMIT, || async {
        let bet = json!({ "token": player.token, "lobby_id": 1, "amount": "1.00" });
        let answer = socket.call("place_bet", bet).await.unwrap();
        answer["round"].as_u64()
    })
    .await
}

async fn stop(server: Server) {
    let ended = server.terminate(LIMIT).await;
    assert!(ended.is_some_and(|status| status.success()));
}

/// Puts `copy` in the place of the database.
fn restore(copy: &Path, data: &Path, name: &str) {
    for tail in ["", "-wal", "-shm"] {
        std::fs::remove_file(data.join(format!("{name}{tail}"))).ok();
    }
    std::fs::copy(copy, data.join(name)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_follow_each_other_and_a_whole_lobby_verifies_from_outside() {
    let place = Place::fast().and(SHORT);
    let server = place.start().await;
    let caller = server.caller();
    let mut announced = HashSet::new();
    while chains(&caller).await.iter().filter(|chain| chain["state"] == "used_up").count() < 2 {
        let view = caller.get("/gateway/game/v1/lobby/1").await.json();
        announced.extend(view["next_commitment"]["terminal"].as_str().map(str::to_owned));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    played(&caller, 11).await;
    let listed = chains(&caller).await;
    let second = listed.iter().find(|chain| whole(&chain["commitment"]["chain"]) == 2).unwrap();
    assert!(announced.contains(text(&second["commitment"]["terminal"])), "before it was played");
    assert_eq!((text(&second["public_seed_kind"]), &second["anchored"]), ("local", &json!(false)));

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lobby.jsonl");
    let file = file.to_str().unwrap();
    let online = run(&["verify", "--url", &server.base, "--lobby", "1", "--save", file]).await;
    assert!(online.status.success(), "{}\n{}", online.stdout, online.stderr);
    assert!(online.stdout.contains("none left out"), "{}", online.stdout);
    let late = ["verify", "--url", &server.base, "--lobby", "1", "--from", "5"];
    let late = run(&late).await;
    assert!(late.stdout.contains("rounds 5 to "), "{}\n{}", late.stdout, late.stderr);
    drop(server);
    let offline = run(&["verify", "--rounds", file]).await;
    assert!(offline.status.success(), "{}\n{}", offline.stdout, offline.stderr);

    let later = run(&["verify", "--rounds", file, "--from", "4"]).await;
    assert!(later.status.success(), "{}\n{}", later.stdout, later.stderr);
    assert!(later.stdout.contains("rounds before 4 were not asked for"), "{}", later.stdout);

    let kept = std::fs::read_to_string(file).unwrap();
    let tail: Vec<&str> = kept.lines().filter(|line| !line.contains("\"round\":1,")).collect();
    let beheaded = directory.path().join("beheaded.jsonl");
    std::fs::write(&beheaded, tail.join("\n")).unwrap();
    let beheaded = run(&["verify", "--rounds", beheaded.to_str().unwrap()]).await;
    assert!(beheaded.stderr.contains("gap: round 1 is missing"), "{}", beheaded.stderr);
    let gone: Vec<&str> = kept.lines().filter(|line| !line.contains("\"round\":7,")).collect();
    std::fs::write(file, gone.join("\n")).unwrap();
    let gap = run(&["verify", "--rounds", file]).await;
    assert!(!gap.status.success(), "{}", gap.stdout);
    assert!(gap.stderr.contains("gap: round 7 is missing"), "{}", gap.stderr);
    assert!(!run(&["verify", "--rounds", "/no/such/file"]).await.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_the_games_file_gives_its_chains_up_by_itself() {
    let place = Place::fast().and(SHORT);
    let server = place.start().await;
    played(&server.caller(), 3).await;
    stop(server).await;
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("game.db");
    std::fs::copy(place.data().join("game.db"), &copy).unwrap();
    let server = place.start().await;
    let caller = server.caller();
    let then = now_played(&caller).await;
    played(&caller, then + 4).await;
    stop(server).await;

    // The seeds that the lost file had shown, by the file itself.
    let lost = tempfile::tempdir().unwrap();
    let lost_file = lost.path().join("game.db");
    std::fs::copy(place.data().join("game.db"), &lost_file).unwrap();
    restore(&copy, &place.data(), "game.db");
    let server = place.start().await;
    let caller = server.caller();
    let player = caller.rich_player("ann", "100").await;
    let round = bet(&server, &player).await;
    assert!(round > then + 4, "rounds that the wallet has closed are not played again");
    played(&caller, round).await;
    let listed = chains(&caller).await;
    let behind =
        listed.iter().filter(|chain| chain["abandoned"]["reason"] == "store_behind").count();
    assert!(behind > 0, "{listed:?}");
    let fresh = caller.get(&format!("/gateway/game/v1/lobby/1/rounds/{round}")).await.json();
    assert!(whole(&fresh["commitment"]["chain"]) > 1_000, "{fresh}");
    let seed = text(&fresh["seed"]);
    assert!(!seeds_of(&lost_file).contains(seed), "a seed that was shown is played again");
    let verified = run(&["verify", "--url", &server.base, "--lobby", "1"]).await;
    assert!(verified.status.success(), "{}\n{}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("records were lost"), "{}", verified.stdout);
}

/// Every seed that the database holds as shown.
fn seeds_of(file: &Path) -> HashSet<String> {
    let database = rusqlite::Connection::open(file).unwrap();
    let mut statement =
        database.prepare("SELECT lower(hex(seed)) FROM round WHERE seed IS NOT NULL").unwrap();
    let seeds = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    seeds.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_migrate_gives_every_chain_up_and_all_lobbies_take_bets() {
    for names in [&["game.db", "user.db"][..], &["game.db"], &["user.db"]] {
        let place = Place::fast().and(SHORT);
        let server = place.start().await;
        let player = server.caller().rich_player("ann", "100").await;
        played(&server.caller(), 2).await;
        let data = place.data();
        let data_text = data.to_str().unwrap();
        let held = run(&["migrate", "--data", data_text, "--after-restore"]).await;
        assert!(!held.status.success(), "a server holds the directory");
        assert!(held.stderr.contains("in use"), "{}", held.stderr);
        stop(server).await;
        let copies = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::copy(data.join(name), copies.path().join(name)).unwrap();
        }
        let server = place.start().await;
        let last = bet(&server, &player).await;
        played(&server.caller(), last).await;
        let revealed = shown(&server.caller()).await;
        stop(server).await;

        for name in names {
            restore(&copies.path().join(name), &data, name);
        }
        let migrated = run(&["migrate", "--data", data_text, "--after-restore"]).await;
        assert!(migrated.status.success(), "{names:?}: {}", migrated.stderr);
        assert!(migrated.stdout.contains("given up"), "{}", migrated.stdout);
        let server = place.start().await;
        let caller = server.caller();
        let before = shown(&caller).await;
        let round = bet(&server, &player).await;
        played(&caller, round).await;
        let fresh = shown(&caller).await;
        let new: Vec<&String> = fresh.difference(&before).collect();
        assert!(!new.is_empty() && new.iter().all(|seed| !revealed.contains(*seed)), "{names:?}");
        let reasons: HashSet<String> = chains(&caller)
            .await
            .iter()
            .filter_map(|chain| chain["abandoned"]["reason"].as_str().map(str::to_owned))
            .collect();
        assert!(reasons.contains("restored"), "{names:?}: {reasons:?}");
        let verified = run(&["verify", "--url", &server.base, "--lobby", "1"]).await;
        assert!(verified.status.success(), "{names:?}: {}", verified.stderr);
        let told = verified.stdout.contains("records were lost");
        assert_eq!(told, names == ["game.db"], "{names:?}: {}", verified.stdout);
    }
    let nowhere = run(&["migrate", "--data", "/no/such/place"]).await;
    assert!(!nowhere.status.success() && nowhere.stderr.contains("there is no"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_beacon_a_lobby_is_seen_and_refuses_bets() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let place = Place::fast()
        .and(SHORT)
        .and(&[("WAXWING_GAME__PUBLIC_SEED", "drand"), ("WAXWING_GAME__DRAND__URLS", &dead)]);
    let server = place.start().await;
    let caller = server.caller();
    let player = caller.rich_player("ann", "100").await;
    let view = caller.get("/gateway/game/v1/lobby/1").await.json();
    assert_eq!((text(&view["phase"]), &view["anchored"]), ("open", &json!(true)), "{view}");
    let beacon = whole(&view["commitment"]["beacon_round"]);
    assert!(beacon > 1_000_000, "{view}");
    let socket = Socket::join(&server.base, 1).await.unwrap();
    let bet = json!({ "token": player.token, "lobby_id": 1, "amount": "1.00" });
    let refused = socket.call("place_bet", bet).await.unwrap();
    assert_eq!(refused["code"], "seeds_exhausted", "{refused}");
    let listed = chains(&caller).await;
    assert_eq!(text(&listed[0]["state"]), "awaiting");
    assert!(listed[0].get("public_seed").is_none());
    let metrics = server.metrics().await;
    assert!(metrics.contains("\nwaxwing_game_seeds_left 0"), "{metrics}");
    assert!(metrics.contains("\nwaxwing_game_lobbies_without_seeds 1"), "{metrics}");
    let ended = server.terminate(Duration::from_secs(20)).await;
    assert!(ended.is_some_and(|status| status.success()), "it stops though it waits for seeds");
}
