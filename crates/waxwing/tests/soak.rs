//! A server that plays for long: memory and open files stay where they were once it was warm.
//!
//! `make soak ROUNDS=10000 PLAYERS=100` is the long run; every run of the tests plays a short one.
//! Many lobbies play beside each other, each with that many players who bet in every round.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::process::{finish, waxwing};
use crate::harness::time::now;
use crate::harness::{Place, Player, Server};
use crate::load::socket_io::{Gone, Socket};

/// Lobbies that play beside each other.
const LOBBIES: usize = 20;
/// Players who share a socket: a crowd of watchers is another test's subject.
const TABLE: usize = 10;
/// Samples taken over a run.
const SAMPLES: usize = 40;
/// The sample from which on the server is warm: code, the allocator, and the caches of the two
/// databases, 64 MB each, which a few hundred thousand bets fill, have what they will have.
const WARM: usize = 24;
/// How far memory may be from where it was after a long run, in hundredths of it.
const PERCENT: u64 = 5;
/// The same after a short one, in which the databases' caches are still filling.
const PERCENT_SHORT: u64 = 25;
/// Rounds that make a run long.
const LONG: usize = 5_000;
/// Short climbs, and time for everybody to bet. Main stays open.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__MAIN__BETTING_MS", "60000"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "1500"),
    ("WAXWING_GAME__PAUSE_MS", "50"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "101"),
    ("WAXWING_IDENTITY__ARGON2_MEMORY_KIB", "64"),
    ("WAXWING_IDENTITY__ARGON2_PASSES", "1"),
    // Two thousand sign in at once.
    ("WAXWING_GATEWAY__SIGN_INS_PER_SECOND", "10000"),
    ("WAXWING_GATEWAY__SIGN_IN_BURST", "10000"),
];

/// What has happened so far.
#[derive(Default)]
struct Progress {
    rounds: AtomicUsize,
    bets: AtomicUsize,
}

/// What the process holds.
#[derive(Clone, Copy, Debug)]
struct Sample {
    resident_kb: u64,
    files: usize,
}

/// How long the run is: `(rounds, players of each lobby)`.
#[expect(clippy::disallowed_methods, reason = "`make soak` asks for the long run")]
fn asked_for() -> (usize, usize) {
    let number = |name: &str, short: usize| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => short,
    };
    (number("SOAK_ROUNDS", 200), number("SOAK_PLAYERS", 5))
}

fn sample(server: &Server) -> Sample {
    let process = format!("/proc/{}", server.id());
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let resident_kb = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    let files = std::fs::read_dir(format!("{process}/fd")).unwrap().count();
    Sample { resident_kb, files }
}

/// Some players at one socket: each bets in every round that opens. The first such table of a lobby
/// also counts its rounds.
async fn play(
    base: String,
    lobby: u64,
    players: Vec<Player>,
    counts: bool,
    progress: Arc<Progress>,
) -> Result<(), Gone> {
    let mut socket = Socket::join(&base, lobby).await?;
    loop {
        // A lobby that stands still for so long would be a finding of its own.
        let Some(event) = socket.event(Duration::from_mins(1)).await? else {
            panic!("nothing happened in lobby {lobby} for a minute");
        };
        match event.name.as_str() {
            "round_opened" => {
                let bets = players.iter().map(|player| {
                    let bet = json!({
                        "token": player.token,
                        "lobby_id": lobby,
                        "amount": "0.01",
                        "coefficient": "1.01",
                    });
                    socket.ask("place_bet", &bet)
                });
                let answers = join_all(bets).await.into_iter().flatten();
                let taken = answers.filter(|answer| !answer["bet_id"].is_null()).count();
                progress.bets.fetch_add(taken, Ordering::Relaxed);
            }
            "crashed" if counts => {
                progress.rounds.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// Everybody sits down, and then plays until the server goes.
async fn gather(server: &Server, players: usize, progress: &Arc<Progress>) -> JoinSet<()> {
    let caller = server.caller();
    let mut tables = Vec::new();
    for number in 0..LOBBIES {
        let names = stream::iter(0..players).map(|seat| {
            let (caller, name) = (caller.clone(), format!("player-{number}-{seat}"));
            async move { caller.rich_player(&name, "1000").await }
        });
        let seated: Vec<Player> = names.buffered(16).collect().await;
        let lobby = caller.lobby(&seated[0], json!({ "mode": "continuous" })).await;
        tables.extend(seated.chunks(TABLE).enumerate().map(|(table, players)| {
            play(server.base.clone(), lobby, players.to_vec(), table == 0, Arc::clone(progress))
        }));
    }
    let mut playing = JoinSet::new();
    for table in tables {
        playing.spawn(async move {
            // Ends when the server does.
            table.await.ok();
        });
    }
    playing
}

/// The middle of these samples' memory.
fn middle(samples: &[Sample]) -> u64 {
    let mut sorted: Vec<u64> = samples.iter().map(|sample| sample.resident_kb).collect();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_and_files_stay_where_they_were() {
    let (rounds, players) = asked_for();
    let place = Place::with(SETTINGS);
    let server = place.start().await;
    let progress = Arc::new(Progress::default());
    let mut playing = gather(&server, players, &progress).await;
    let began = now();
    let mut samples = Vec::new();
    while samples.len() < SAMPLES {
        let due = rounds * (samples.len() + 1) / SAMPLES;
        while progress.rounds.load(Ordering::Relaxed) < due {
            if let Some(ended) = playing.try_join_next() {
                panic!("a player stopped: {ended:?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let taken = sample(&server);
        println!("{due} rounds: {taken:?} after {:?}", began.elapsed());
        samples.push(taken);
    }
    let bets = progress.bets.load(Ordering::Relaxed);
    println!("{rounds} rounds of {players} players, {bets} bets in {:?}", began.elapsed());
    playing.shutdown().await;
    let status = server.terminate(Duration::from_mins(1)).await;
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    assert_sound(&place).await;
    assert!(bets * 10 >= rounds * players * 8, "only {bets} bets were taken");
    let (warm, late) = (&samples[WARM..WARM + 4], &samples[SAMPLES - 4..]);
    assert_eq!(warm[0].files, late[3].files, "open files {samples:?}");
    let (before, after) = (middle(warm), middle(late));
    println!("{before} kB when warm, {after} kB at the end");
    let percent = if rounds >= LONG { PERCENT } else { PERCENT_SHORT };
    assert!(after.abs_diff(before) * 100 <= before * percent, "memory moved: {samples:?}");
}

async fn assert_sound(place: &Place) {
    let mut command = waxwing();
    command.args(["check", "--data"]).arg(place.data());
    let checked = finish(command, Duration::from_mins(5)).await;
    assert!(checked.status.success(), "{}\n{}", checked.stdout, checked.stderr);
}
