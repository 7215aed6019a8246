//! `waxwing.v1` against the real binary: whole rounds over plain WebSocket, coming back in
//! mid-climb, watching without a token, signing out, and both ways of speaking in one lobby.

use std::time::Duration;

use kernel::{Amount, Multiplier, Stake};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::numbers::{amount, multiplier, stake, text, whole};
use crate::harness::settings::BRISK;
use crate::harness::time::now;
use crate::harness::{Caller, Place, Player, Server};
use crate::load::socket_io::Socket;
use client::{Plain, bet_id, closes_in};

pub(crate) mod client;

/// A server with short countdowns, Ann with 100, and a lobby that waits for its first bet.
async fn ann_and_a_lobby(place: &Place) -> (Server, Caller, Player, u64) {
    let server = place.start().await;
    let caller = server.caller();
    let ann = caller.rich_player("ann", "100").await;
    let lobby = caller.lobby(&ann, json!({})).await;
    (server, caller, ann, lobby)
}

fn bet(lobby: u64, round: u64, id: &str, stake: &str, target: Option<&str>) -> Value {
    json!({
        "lobby_id": lobby, "round": round, "bet_id": id, "stake": stake, "auto_cash_out": target,
    })
}

/// The round that takes bets: of this snapshot, or the next one.
async fn open_round(socket: &mut Plain, snapshot: &Value) -> u64 {
    if snapshot["phase"] == "open" {
        return whole(&snapshot["round"]);
    }
    whole(&socket.event("betting_opened").await["round"])
}

/// What is told of one round after its bets are in: the payouts of its results.
struct Told {
    kinds: Vec<String>,
    results: Vec<Value>,
    cashed_out: Option<Value>,
}

/// Plays the climb of `round`: cashes `by_hand` out as soon as there is a tick, and listens until
/// the round is settled and its results are told.
async fn climb(socket: &mut Plain, lobby: u64, round: u64, by_hand: &str) -> Told {
    let mut told = Told { kinds: Vec::new(), results: Vec::new(), cashed_out: None };
    loop {
        let event = socket.next().await;
        let kind = text(&event["type"]).to_owned();
        match kind.as_str() {
            "tick" if told.cashed_out.is_none() => {
                let at = json!({ "lobby_id": lobby, "round": round, "bet_id": by_hand });
                told.cashed_out = Some(socket.answer("cash_out", at).await);
            }
            "bet_result" => told.results.push(event.clone()),
            // It is told again for the round itself, when its countdown begins.
            "betting_opened" if whole(&event["round"]) > round => return told,
            _ => {}
        }
        told.kinds.push(kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_round_is_played_over_waxwing_v1_to_the_unit() {
    let place = Place::with(BRISK);
    let (server, caller, ann, lobby) = ann_and_a_lobby(&place).await;
    let (mut socket, snapshot) = Plain::at_the_table(&server.base, &ann, lobby).await;
    assert_eq!(amount(&snapshot["balance"]), Amount::from_whole(100));
    assert_eq!((&snapshot["phase"], closes_in(&snapshot)), (&json!("open"), None), "it rests");
    let (mut money, mut ids) = (Amount::from_whole(100), 1..);
    let mut round = whole(&snapshot["round"]);
    loop {
        let names: Vec<String> = ids.by_ref().take(3).map(bet_id).collect();
        let [taken_back, auto, by_hand] = &names[..] else { panic!("three bets") };

        let placed = socket.ask("place_bet", bet(lobby, round, taken_back, "10.50", None)).await;
        assert_eq!(
            (stake(&placed["stake"]), whole(&placed["round"])),
            (Stake::parse("10.5").unwrap(), round)
        );
        let left = amount(&placed["balance"]);
        assert_eq!(left, money - Amount::parse("10.5").unwrap());
        let again = socket.ask("place_bet", bet(lobby, round, taken_back, "10.5", None)).await;
        assert_eq!(again["balance"], placed["balance"], "the first answer, for ever");
        let other = bet(lobby, round, taken_back, "11", None);
        assert_eq!(socket.refused("place_bet", other).await, "bet_id_reused");
        let cancel = json!({ "lobby_id": lobby, "round": round, "bet_id": taken_back });
        let cancelled = socket.ask("cancel_bet", cancel).await;
        assert_eq!(text(&cancelled["bet_id"]), taken_back);

        socket.ask("place_bet", bet(lobby, round, auto, "10", Some("1.01"))).await;
        socket.ask("place_bet", bet(lobby, round, by_hand, "5.25", None)).await;
        let third = bet(lobby, round, &bet_id(9_999), "1", None);
        assert_eq!(socket.refused("place_bet", third).await, "bet_limit");
        let told = climb(&mut socket, lobby, round, by_hand).await;

        let result = |id: &str| {
            let of = |result: &&Value| text(&result["bet_id"]) == id;
            told.results.iter().find(of).unwrap_or_else(|| panic!("no result of {id}"))
        };
        for (id, staked) in [(auto, "10"), (by_hand, "5.25")] {
            let (result, staked) = (result(id), Stake::parse(staked).unwrap());
            money -= staked.amount();
            if result["result"] == "win" {
                let payout = amount(&result["payout"]);
                assert_eq!(payout, staked.payout_at(multiplier(&result["coefficient"])));
                money += payout;
            }
        }
        let won = |id: &str| result(id)["result"] == "win";
        let after_lock = told.kinds.iter().position(|kind| kind == "round_locked").unwrap();
        let mut order: Vec<&str> = told.kinds[after_lock..].iter().map(String::as_str).collect();
        order.retain(|kind| !matches!(*kind, "balance" | "bet_result" | "tick"));
        assert_eq!(order, ["round_locked", "round_started", "crashed", "settled"]);
        if won(auto) && won(by_hand) {
            let answer = told.cashed_out.expect("it was cashed out by hand");
            let paid = &answer["cashed_out"][0];
            assert_eq!(paid["payout"], result(by_hand)["payout"], "{answer}");
            assert!(whole(&answer["stamped_ms"]) > 0);
            assert_eq!(multiplier(&result(auto)["coefficient"]), Multiplier::CASH_OUT_MIN);
            break;
        }
        round += 1;
    }
    let settled = caller.clone();
    crate::harness::time::eventually("the balance", Duration::from_secs(5), || async {
        (settled.balance(&ann).await == money).then_some(())
    })
    .await;
    socket.ask("sync", json!({})).await;
    assert_eq!(amount(&socket.event("snapshot").await["balance"]), money);
}

/// Bets without a target until a climb begins; the round.
async fn bet_until_it_climbs(socket: &mut Plain, lobby: u64, snapshot: &Value, first: u64) -> u64 {
    let mut round = open_round(socket, snapshot).await;
    for number in first.. {
        socket.ask("place_bet", bet(lobby, round, &bet_id(number), "1", None)).await;
        loop {
            let event = socket.next().await;
            match text(&event["type"]) {
                "tick" => return round,
                "betting_opened" if whole(&event["round"]) > round => break,
                _ => {}
            }
        }
        round += 1;
    }
    unreachable!("a climb begins some time")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_in_mid_climb_finds_the_bet_alive_and_cashes_out() {
    let place = Place::with(BRISK);
    let (server, _caller, ann, lobby) = ann_and_a_lobby(&place).await;
    let (mut socket, mut snapshot) = Plain::at_the_table(&server.base, &ann, lobby).await;
    for attempt in 1.. {
        assert!(attempt < 20, "twenty climbs ended too early");
        let round = bet_until_it_climbs(&mut socket, lobby, &snapshot, attempt * 1_000).await;
        socket.vanish();
        let back_at = now();
        (socket, snapshot) = Plain::at_the_table(&server.base, &ann, lobby).await;
        if snapshot["phase"] != "running" || whole(&snapshot["round"]) != round {
            continue;
        }
        let mine = &snapshot["mine"][0];
        assert_eq!((&mine["state"], mine["payout"].is_null()), (&json!("accepted"), true));
        assert!(whole(&snapshot["elapsed_ms"]) > 0, "{snapshot}");
        let at = json!({ "lobby_id": lobby, "round": round, "bet_id": mine["bet_id"] });
        let answer = socket.answer("cash_out", at).await;
        if answer["type"] == "refused" {
            assert_eq!(answer["code"], "too_late", "{answer}");
            continue;
        }
        let stamped = Duration::from_millis(whole(&answer["stamped_ms"]));
        let shown = Duration::from_millis(whole(&snapshot["elapsed_ms"]));
        assert!(stamped >= shown, "{answer} after {snapshot}");
        assert!(stamped <= shown + back_at.elapsed(), "{answer} after {snapshot}");
        let paid = &answer["cashed_out"][0];
        let expected = Stake::from_whole(1).payout_at(multiplier(&paid["multiplier"]));
        assert_eq!((&paid["bet_id"], amount(&paid["payout"])), (&mine["bet_id"], expected));
        return;
    }
}

/// The bets that enter the round, and its lock. A lobby that wakes begins with a snapshot.
async fn bets_of_round(spectator: &mut Plain) -> (Vec<Value>, Value) {
    let mut bets: Vec<Value> = Vec::new();
    loop {
        let event = spectator.next().await;
        match text(&event["type"]) {
            "snapshot" => bets.clone_from(event["bets"].as_array().unwrap()),
            "bets_accepted" => bets.extend(event["bets"].as_array().unwrap().clone()),
            "round_locked" => return (bets, event),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spectator_sees_the_round_and_both_dialects_see_each_other() {
    let place = Place::with(BRISK);
    let (server, caller, ann, lobby) = ann_and_a_lobby(&place).await;
    let bob = caller.rich_player("bob", "100").await;
    let body = Some(json!({ "lobby_id": lobby }));
    let joined = caller.call(Method::POST, "/gateway/game/v1/lobby", Some(&ann), body).await;
    // A game node of many knows nothing of doors but what its settings say.
    let origin = if place.is_apart() { "http://localhost:8080" } else { &server.base };
    let native_url = origin.replacen("http", "ws", 1) + "/gateway/game/v1/ws";
    assert_eq!(text(&joined.json()["native_url"]), native_url, "it is where we connect");
    let mut spectator = Plain::connect(&server.base).await;
    let seen = spectator.join(lobby).await;
    assert_eq!((&seen["mine"], seen["balance"].is_null()), (&json!([]), true));
    let (mut plain, snapshot) = Plain::at_the_table(&server.base, &ann, lobby).await;
    let mut original = Socket::join(&server.base, lobby).await.unwrap();

    let round = whole(&snapshot["round"]);
    plain.ask("place_bet", bet(lobby, round, &bet_id(1), "2", Some("1.01"))).await;
    let bet = json!({ "token": bob.token, "lobby_id": lobby, "amount": 3, "coefficient": "1.01" });
    let placed = original.call("place_bet", bet).await.unwrap();
    assert_eq!(whole(&placed["round"]), round, "{placed}");

    let (bets, locked) = bets_of_round(&mut spectator).await;
    let names: Vec<_> = bets.iter().map(|bet| (text(&bet["name"]), stake(&bet["stake"]))).collect();
    assert_eq!(names, [("ann", Stake::from_whole(2)), ("bob", Stake::from_whole(3))]);
    assert!(bets.iter().all(|bet| bet["auto_cash_out"].is_null()), "targets are nobody's business");

    assert_eq!((whole(&locked["count"]), amount(&locked["sum"])), (2, Amount::from_whole(5)));
    // Both read on, however long it climbs: who answers no ping is closed.
    let (crashed, to_ann) = tokio::join!(spectator.event("crashed"), plain.event("crashed"));
    let over_there = original.until("crashed").await.unwrap();
    assert_eq!(crashed["crash_point"], over_there["coefficient"]);
    assert_eq!(crashed["crash_point"], to_ann["crash_point"]);
    let settled = spectator.event("settled").await;
    assert_eq!(text(&settled["seed"]).len(), 64);
    for (kind, fields) in [
        ("place_bet", json!({ "lobby_id": lobby, "round": 1, "bet_id": bet_id(5), "stake": 1 })),
        ("cash_out", json!({ "lobby_id": lobby, "round": 1 })),
    ] {
        assert_eq!(spectator.refused(kind, fields).await, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_cuts_every_socket_of_the_sign_in_within_a_second() {
    let place = Place::with(BRISK);
    let (server, caller, ann, lobby) = ann_and_a_lobby(&place).await;
    let bob = caller.rich_player("bob", "1").await;
    let (mut socket, _) = Plain::at_the_table(&server.base, &ann, lobby).await;
    let (mut other, _) = Plain::at_the_table(&server.base, &bob, lobby).await;
    let auth = Some(json!({ "token": ann.token }));
    let mut original = Socket::connect_at(&server.base, "/socket.io/?", auth).await.unwrap();
    let path = "/gateway/user/v1/auth/logout";
    let answer = caller.call(Method::POST, path, Some(&ann), Some(json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let signed_out_at = now();
    assert_eq!(socket.closed().await, (4201, "logged_out".to_owned()));
    let error = original.until("error").await.unwrap();
    assert_eq!(text(&error["code"]), "unauthenticated");
    assert!(signed_out_at.elapsed() < Duration::from_secs(1), "{:?}", signed_out_at.elapsed());
    other.ask("ping", json!({})).await;
    let mut again = Plain::connect(&server.base).await;
    let token = json!({ "token": ann.token });
    assert_eq!(again.refused("authenticate", token).await, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_tells_plain_sockets_to_come_back() {
    let place = Place::fast();
    let server = place.start().await;
    let mut socket = Plain::connect(&server.base).await;
    socket.join(1).await;
    server.signal();
    assert_eq!(socket.closed().await, (4000, "restart".to_owned()));
    let status = server.wait(Duration::from_secs(30)).await.expect("it stops");
    assert!(status.success(), "{status}");
}
