//! Rounds as anyone can check them from outside: their chain of seeds, also across a death.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::numbers::{text, whole};
use crate::harness::process::{finish, waxwing};
use crate::harness::time::eventually;
use crate::harness::{Caller, Place, Player, Random, Server};
use crate::load::book::{Book, Outcome};
use crate::load::socket_io::Socket;

/// The longest that a few rounds may take, each 3 s of betting and a climb.
const LIMIT: Duration = Duration::from_mins(3);

/// One round as it is published; `None` for a number not yet opened.
async fn export(caller: &Caller, lobby: u64, round: u64) -> Option<Value> {
    let answer = caller.get(&format!("/gateway/game/v1/lobby/{lobby}/rounds/{round}")).await;
    (answer.status == 200).then(|| answer.json())
}

/// Waits until `count` more rounds of the lobby than `after` have shown their seeds, or ended
/// without one; then gives every round from the first.
async fn ended_rounds(caller: &Caller, lobby: u64, after: u64) -> Vec<Value> {
    eventually(&format!("round {after} of lobby {lobby} to end"), LIMIT, || async {
        export(caller, lobby, after).await.filter(has_ended)
    })
    .await;
    let mut rounds = Vec::new();
    for round in 1..=after {
        rounds.push(export(caller, lobby, round).await.expect("earlier rounds stay"));
    }
    rounds
}

fn has_ended(round: &Value) -> bool {
    ["settled", "voided", "interrupted"].contains(&text(&round["state"]))
        && (text(&round["state"]) == "voided" || round["seed"].is_string())
}

/// The 32 bytes of 64 hex digits.
fn bytes(hex: &str) -> [u8; 32] {
    assert_eq!(hex.len(), 64, "{hex}");
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

/// Every seed hashes to the one before, the first to the terminal; none is played twice.
fn assert_chain(rounds: &[Value]) {
    let mut earlier = bytes(text(&rounds[0]["commitment"]["terminal"]));
    let mut index = 0;
    let mut seeds = BTreeSet::new();
    for round in rounds {
        assert_eq!(round["commitment"], rounds[0]["commitment"], "one chain, one commitment");
        if text(&round["state"]) == "voided" {
            assert!(!round["seed"].is_string() && !round["crash_point"].is_number(), "{round}");
            continue;
        }
        index += 1;
        assert_eq!(whole(&round["seed_index"]), index, "{round}");
        let seed = bytes(text(&round["seed"]));
        assert!(seeds.insert(seed), "a seed was played twice: {round}");
        assert_eq!(<[u8; 32]>::from(Sha256::digest(seed)), earlier, "{round}");
        earlier = seed;
    }
    assert!(index >= 2, "too few rounds were played to prove anything");
}

/// Bets in every round of the lobby until round `last`; what was told is in the book.
async fn play(server: &Server, player: Player, lobby: u64, last: u64) -> Book {
    let book = Book::default();
    let mut socket = Socket::join(&server.base, lobby).await.unwrap();
    loop {
        let bet = json!({
            "token": player.token,
            "lobby_id": lobby,
            "amount": "1.00",
            "coefficient": "1.01",
        });
        let answer = socket.call("place_bet", bet).await.unwrap();
        let Some(placed) = book.placed(player.id, &answer) else {
            socket.event(Duration::from_millis(100)).await.unwrap();
            continue;
        };
        let result = socket.until("bet_result").await.unwrap();
        let told = book.told(player.id, &result).expect("a result");
        assert_eq!(told.bet_id, placed.bet_id);
        if placed.round >= last {
            return book;
        }
    }
}

/// What the players were told is what the rounds say.
fn assert_told(book: &Book, rounds: &[Value]) {
    for placed in book.all_placed() {
        let at = usize::try_from(placed.round - 1).unwrap();
        let bets = rounds[at]["bets"].as_array().expect("bets");
        let same = |bet: &&Value| bet["bet_id"].as_str() == Some(&placed.bet_id);
        let bet = bets.iter().find(same).unwrap_or_else(|| panic!("{placed:?} is not listed"));
        let told = book.all_told().into_iter().find(|told| told.bet_id == placed.bet_id).unwrap();
        match told.outcome {
            Outcome::Won { multiplier, payout } => {
                assert_eq!(text(&bet["state"]), "cashed_out");
                assert_eq!(bet["payout"].to_string(), payout.to_string());
                assert_eq!(payout, placed.stake.payout_at(multiplier));
                assert_eq!(placed.auto_cash_out, Some(multiplier));
            }
            Outcome::Lost => assert_eq!(text(&bet["state"]), "lost"),
            Outcome::Released => assert_eq!(text(&bet["state"]), "released"),
        }
    }
}

/// `waxwing verify --round` agrees with every round that has a seed.
async fn assert_verified(rounds: &[Value]) {
    let directory = tempfile::tempdir().unwrap();
    for round in rounds.iter().filter(|round| round["seed"].is_string()) {
        let file = directory.path().join(format!("{}.json", round["round"]));
        std::fs::write(&file, round.to_string()).unwrap();
        let mut command = waxwing();
        command.args(["verify", "--round"]).arg(&file);
        let verified = finish(command, Duration::from_secs(20)).await;
        let (out, err) = (&verified.stdout, &verified.stderr);
        assert!(verified.status.success(), "{round}\n{out}\n{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seeds_form_one_chain_across_rounds_and_deaths() {
    let mut random = Random::announced();
    let place = Place::fast();
    let mut server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "1000").await;
    let bob = caller.rich_player("bob", "1000").await;
    let rare = caller.lobby(&bob, json!({})).await;
    let (main_book, rare_book) =
        tokio::join!(play(&server, ann, 1, 6), play(&server, bob.clone(), rare, 6));

    let mut last = main_book.last_round();
    for _ in 0..3 {
        let alive_ms = random.between(0, 2_000);
        tokio::time::sleep(Duration::from_millis(alive_ms)).await;
        server.kill();
        server = place.start().await;
        last += 1;
        ended_rounds(&server.caller(), 1, last).await;
    }
    let caller = server.caller();
    let main = ended_rounds(&caller, 1, last + 1).await;
    assert_chain(&main);
    assert_told(&main_book, &main);
    assert_verified(&main).await;

    let later = play(&server, bob, rare, 9).await;
    let rounds = ended_rounds(&caller, rare, later.last_round()).await;
    assert_chain(&rounds);
    assert_told(&rare_book, &rounds);
    assert_told(&later, &rounds);
    assert_verified(&rounds).await;
    let terminals = (&main[0]["commitment"]["terminal"], &rounds[0]["commitment"]["terminal"]);
    assert_ne!(terminals.0, terminals.1, "each lobby has a chain of its own");
}
