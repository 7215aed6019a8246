//! A thousand bets of one player's whole balance at once: exactly one is accepted.

use std::collections::BTreeMap;

use kernel::{Amount, Stake};
use serde_json::{Value, json};

use crate::harness::databases::Books;
use crate::harness::time::within;
use crate::harness::{Place, Player};
use crate::load::socket_io::Socket;

const BETS: usize = 1_000;
const SOCKETS: usize = 20;
const MONEY: &str = "500";

/// Sends all bets before any answer is read; the answers, in no order.
async fn bet_all_at_once(base: &str, player: &Player, lobbies: &[u64]) -> Vec<Value> {
    let mut sockets = Vec::new();
    for index in 0..SOCKETS {
        sockets.push(Socket::join(base, lobbies[index % lobbies.len()]).await.unwrap());
    }
    let mut answers = Vec::new();
    for index in 0..BETS {
        let socket = &sockets[index % SOCKETS];
        let bet = json!({
            "token": player.token,
            "lobby_id": lobbies[index % SOCKETS % lobbies.len()],
            "amount": MONEY,
            "coefficient": "2.00",
        });
        answers.push(socket.ask("place_bet", &bet));
    }
    let mut values = Vec::new();
    for answer in answers {
        values.push(within("an answer to a bet", answer).await.expect("the socket stays"));
    }
    values
}

/// The one accepted answer; every other one must be a refusal for a right reason.
fn exactly_one(answers: &[Value]) -> &Value {
    let mut refusals: BTreeMap<&str, usize> = BTreeMap::new();
    let mut accepted = Vec::new();
    for answer in answers {
        match answer["code"].as_str() {
            Some(code) => *refusals.entry(code).or_default() += 1,
            None => accepted.push(answer),
        }
    }
    println!("refused: {refusals:?}");
    assert_eq!(accepted.len(), 1, "{refusals:?} {accepted:?}");
    let right = ["insufficient_funds", "bet_limit"];
    assert!(refusals.keys().all(|code| right.contains(code)), "{refusals:?}");
    assert!(refusals.contains_key("insufficient_funds"), "{refusals:?}");
    accepted[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_bets_of_the_whole_balance_leave_exactly_one() {
    let place = Place::alone(&[]);
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", MONEY).await;
    let mut lobbies = Vec::new();
    for _ in 0..4 {
        lobbies.push(caller.lobby(&ann, json!({ "betting_ms": 20_000 })).await);
    }
    let answers = bet_all_at_once(&server.base, &ann, &lobbies).await;
    let accepted = exactly_one(&answers);
    let lobby = accepted["lobby_id"].as_u64().unwrap();
    assert_eq!(caller.balance(&ann).await, Amount::ZERO);

    server.kill();
    let books = Books::read(&place.data());
    assert_eq!(books.balance(&format!("player:{}", ann.id)), Amount::ZERO);
    let stake = Stake::parse(MONEY).unwrap();
    for other in lobbies {
        let expected = if other == lobby { stake.amount() } else { Amount::ZERO };
        assert_eq!(books.balance(&format!("escrow:{other}")), expected, "lobby {other}");
    }
    let reserved: Vec<_> = books.holds.iter().filter(|hold| hold.state == "reserved").collect();
    assert_eq!(reserved.len(), 1, "{reserved:?}");
    assert_eq!((reserved[0].player, reserved[0].stake), (ann.id, stake));
    assert_eq!(Some(reserved[0].bet_id.as_str()), accepted["bet_id"].as_str());
    books.assert_sound();
}
