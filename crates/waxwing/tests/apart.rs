//! Each role as processes of its own: play goes on whichever of them dies, pauses or leaves, and
//! nobody who is not one of them gets past the door.

mod doors;

use std::time::Duration;

use kernel::Amount;
use serde_json::{Value, json};

use crate::harness::fleet::Fleet;
use crate::harness::numbers::{amount, text, whole};
use crate::harness::settings::BRISK;
use crate::harness::time::{eventually, now};
use crate::harness::{Place, Player};
use crate::plain::client::{Plain, bet_id};

/// From a death until the lobby's next round takes bets.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(8);
/// A bet that was refused may have been held for a moment: its id is no other's.
const REFUSED: u64 = 1_000;
/// The stake of every bet here.
const STAKE: &str = "10";

/// Ann at a table of gateway 1, her money made at gateway 0.
async fn ann_plays(fleet: &Fleet) -> (Player, Plain) {
    let ann = fleet.caller(0).rich_player("ann", "1000").await;
    let (socket, _) = Plain::at_the_table(&fleet.processes.gateways[1].base, &ann, 1).await;
    (ann, socket)
}

/// Places a bet in the next round that opens; the round, and the number of the bet: `number`, or
/// one so many thousands later for each time that it was refused.
async fn bet(socket: &mut Plain, mut number: u64, target: Option<&str>) -> (u64, u64) {
    loop {
        let round = opened(socket).await;
        let bet = json!({
            "lobby_id": 1, "round": round, "bet_id": bet_id(number), "stake": STAKE,
            "auto_cash_out": target,
        });
        let answer = socket.answer("place_bet", bet).await;
        if answer["type"] == "reply" {
            return (round, number);
        }
        number += REFUSED;
        // Too slow for this countdown, or the owner is on its way out.
        assert!(
            ["betting_closed", "wrong_round", "draining", "not_owner"]
                .contains(&text(&answer["code"])),
            "{answer}"
        );
    }
}

/// The next round that takes bets, by its opening or by a snapshot that stands for it.
async fn opened(socket: &mut Plain) -> u64 {
    loop {
        let event = socket.next().await;
        if event["type"] == "betting_opened" || event["phase"] == "open" {
            return whole(&event["round"]);
        }
    }
}

/// Bets from number 1 on until one of them rides a climb; its round and its number. Those before
/// it are lost: their rounds crashed at once.
async fn ride(socket: &mut Plain) -> (u64, u64) {
    for number in 1.. {
        let (round, number) = bet(socket, number, None).await;
        loop {
            let event = socket.next().await;
            match text(&event["type"]) {
                "tick" if event["round"] == round => return (round, number),
                "bet_result" => break,
                _ => {}
            }
        }
    }
    unreachable!("numbers do not end")
}

/// What is left of a thousand after the stakes of all bets up to the one of this number.
fn after(number: u64) -> Amount {
    let bets = number % REFUSED;
    Amount::from_whole(1_000 - 10 * u32::try_from(bets).unwrap())
}

/// How the bet ended, as the socket is told.
async fn result(socket: &mut Plain, number: u64) -> Value {
    loop {
        let result = socket.event("bet_result").await;
        if text(&result["bet_id"]) == bet_id(number) {
            return result;
        }
    }
}

/// What a stake of ten came to.
fn back(result: &Value) -> Amount {
    match text(&result["result"]) {
        "win" => amount(&result["payout"]),
        "lost" => Amount::ZERO,
        "released" => Amount::from_whole(10),
        other => panic!("{other}"),
    }
}

async fn has(fleet: &Fleet, ann: &Player, money: Amount) {
    eventually("the money", Duration::from_secs(20), || async {
        (fleet.caller(0).balance(ann).await == money).then_some(())
    })
    .await;
}

/// The fencing number of the lobby's owner.
fn epoch(fleet: &Fleet) -> u64 {
    fleet.ask_games("SELECT epoch FROM lobby_owner WHERE lobby = 1").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_dies_in_mid_climb_and_another_node_ends_the_round_and_opens_the_next() {
    let mut fleet = Fleet::at(Place::apart_and_alone(BRISK)).await;
    let (ann, mut socket) = ann_plays(&fleet).await;
    let (round, number) = ride(&mut socket).await;
    let dead = fleet.processes.games.remove(fleet.owner().await);
    let before = epoch(&fleet);
    dead.signal("KILL");
    let died_at = now();
    let mut ended = None;
    loop {
        let event = socket.next().await;
        let kind = text(&event["type"]);
        if kind == "bet_result" && text(&event["bet_id"]) == bet_id(number) {
            ended = Some(event.clone());
        }
        let is_open = kind == "betting_opened" || event["phase"] == "open";
        if is_open && !event["round"].is_null() && whole(&event["round"]) > round {
            break;
        }
    }
    let took = died_at.elapsed();
    println!("the next round opened {took:?} after the owner's death");
    assert!(took < TAKEN_OVER_WITHIN, "{took:?}");
    let ended = match ended {
        Some(ended) => ended,
        None => result(&mut socket, number).await,
    };
    has(&fleet, &ann, after(number) + back(&ended)).await;
    assert!(epoch(&fleet) > before, "another epoch after {before}");
    drop(dead);
    fleet.end_soundly().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_node_that_leaves_hands_its_lobby_over_between_rounds() {
    let mut fleet = Fleet::start(BRISK).await;
    let (ann, mut socket) = ann_plays(&fleet).await;
    let (_, first) = bet(&mut socket, 1, Some("1.01")).await;
    let leaving = fleet.processes.games.remove(fleet.owner().await);
    leaving.signal("TERM");
    let first = result(&mut socket, first).await;
    // Another node has it, and takes bets.
    let (_, second) = bet(&mut socket, 2, Some("1.01")).await;
    let second = result(&mut socket, second).await;
    leaving.terminate(Duration::from_mins(3)).await;
    has(&fleet, &ann, after(2) + back(&first) + back(&second)).await;
    fleet.end_soundly().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn play_goes_on_while_nats_is_away() {
    let mut fleet =
        Fleet::start(&[BRISK, &[("WAXWING_GATEWAY__FEED_QUIET_MS", "100")]].concat()).await;
    let (ann, mut socket) = ann_plays(&fleet).await;
    fleet.place.shared().nats().stop().unwrap();
    let away_at = now();
    let (mut money, mut number) = (Amount::from_whole(1_000), 0);
    while away_at.elapsed() < Duration::from_secs(6) || number < 2 {
        number += 1;
        let (_, bet) = bet(&mut socket, number, Some("1.01")).await;
        money = money - Amount::from_whole(10) + back(&result(&mut socket, bet).await);
    }
    println!("{number} bets were played without NATS");
    fleet.place.shared().nats().restart().unwrap();
    has(&fleet, &ann, money).await;
    // Who was known is known, and who comes is found again.
    fleet.add_game().await;
    let (_, last) = bet(&mut socket, number + 1, Some("1.01")).await;
    money = money - Amount::from_whole(10) + back(&result(&mut socket, last).await);
    has(&fleet, &ann, money).await;
    fleet.end_soundly().await;
}

/// Every round up to this epoch, once all of them are over, with its bets: nobody changes them.
async fn zombies_rounds(fleet: &Fleet, epoch: u64) -> String {
    let open = format!(
        "SELECT count(*) FROM round WHERE epoch <= {epoch}
         AND state NOT IN ('settled', 'voided', 'interrupted')"
    );
    eventually("the zombie's rounds to be over", Duration::from_secs(20), || async {
        (fleet.ask_games(&open) == "0").then_some(())
    })
    .await;
    fleet.ask_games(&format!(
        "SELECT string_agg(concat_ws(' ', lobby, round, epoch, round.state, heartbeat_centi,
             crash_point_centi, round.multiplier_centi, payout_sum_units, bet, bet.state,
             bet.multiplier_centi, payout_units), '; ' ORDER BY lobby, round, bet)
         FROM round LEFT JOIN bet USING (lobby, round) WHERE epoch <= {epoch}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_paused_past_its_lease_shows_and_stores_nothing() {
    let mut fleet = Fleet::start(BRISK).await;
    let (ann, mut socket) = ann_plays(&fleet).await;
    let (_, number) = ride(&mut socket).await;
    let (before, zombie) = (epoch(&fleet), fleet.processes.games.remove(fleet.owner().await));
    zombie.signal("STOP");
    let first = result(&mut socket, number).await;
    // Another node plays; the socket's client fails at any event of an older epoch from here on.
    let taken_over = eventually("another owner", Duration::from_secs(20), || async {
        let now = epoch(&fleet);
        (now > before).then_some(now)
    })
    .await;
    let rounds = zombies_rounds(&fleet, before).await;
    zombie.signal("CONT");
    eventually("the zombie to notice", Duration::from_secs(20), || async {
        zombie.log().contains("the lease lapsed").then_some(())
    })
    .await;
    let (_, number) = bet(&mut socket, number + 1, Some("1.01")).await;
    let second = result(&mut socket, number).await;
    assert!(whole(&second["epoch"]) >= taken_over, "{second}");
    has(&fleet, &ann, after(number) + back(&first) + back(&second)).await;
    zombie.terminate(Duration::from_mins(3)).await;
    assert_eq!(zombies_rounds(&fleet, before).await, rounds, "the zombie has stored something");
    fleet.end_soundly().await;
}
