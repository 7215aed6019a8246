//! Bugs about money: who is paid, what, from which lobby, and who is locked out of it.

use std::time::Duration;

use kernel::Amount;
use reqwest::Method;
use serde_json::{Value, json};

use super::table::{Table, climbs_to, result};
use crate::harness::Player;
use crate::harness::numbers::{amount, multiplier, text};
use crate::harness::time::{eventually, now, within};
use crate::load::socket_io::Socket;

/// Rounds tried until one climbs far enough.
const TRIES: usize = 8;

async fn awaits_balance(table: &Table, player: &Player, expected: Amount) {
    eventually("the balance", Duration::from_secs(10), || async {
        (table.caller.balance(player).await == expected).then_some(())
    })
    .await;
}

/// Cashes out; what was won, if the click came in time.
async fn click(socket: &mut Socket, ask: Value, placed: &Value) -> Option<Value> {
    let answer = socket.call("withdraw", ask).await.unwrap();
    if !answer["error"].is_null() {
        return None;
    }
    Some(result(socket, placed).await).filter(|result| result["result"] == "win")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multiplier_that_the_client_sends_is_not_paid() {
    let table = Table::new().await;
    let mut socket = table.socket().await;
    for _ in 0..TRIES {
        let placed = table.bet(&socket, &table.ann, json!({})).await;
        if !climbs_to(&mut socket, 103).await {
            continue;
        }
        let claim = json!({
            "token": table.ann.token, "lobby_id": table.lobby, "currentMultiplier": 1000,
            "coefficient": 1000, "multiplier": 1000, "payout": 10000, "amount": 10000,
        });
        let Some(answer) = click(&mut socket, claim, &placed).await else { continue };
        let paid_at = multiplier(&answer["coefficient"]);
        assert!(paid_at.centi() <= 140, "{answer}");
        let stake = crate::harness::numbers::stake(&placed["amount"]);
        assert_eq!(amount(&answer["payout"]), stake.payout_at(paid_at), "{answer}");
        return;
    }
    panic!("no climb reached 1.03x");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_tab_cashes_nobody_out() {
    let table = Table::new().await;
    let mut stays = table.socket().await;
    for _ in 0..TRIES {
        let leaves = table.socket().await;
        let placed = table.bet(&leaves, &table.ann, json!({ "coefficient": "1.20" })).await;
        if !climbs_to(&mut stays, 103).await {
            continue;
        }
        // Both the tab that bet and every other tab of the account.
        drop(leaves);
        drop(stays);
        stays = table.socket().await;
        let round = placed["round"].clone();
        let record = eventually("the round to settle", Duration::from_secs(20), || async {
            let record = table.record(&round).await;
            (record["state"] == "settled").then_some(record)
        })
        .await;
        let bet = &record["bets"][0];
        let crashed_at = multiplier(&record["crash_point"]);
        if crashed_at.centi() < 120 {
            assert_eq!(text(&bet["state"]), "lost", "{record}");
            continue;
        }
        assert_eq!(multiplier(&bet["multiplier"]).centi(), 120, "the bet rode to its target");
        return;
    }
    panic!("no climb reached 1.20x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdraw_is_taken_by_the_lobby_it_names_alone() {
    let table = Table::new().await;
    // Of another rhythm, or a round here would be over each time when one there takes a bet.
    let other = table.caller.lobby(&table.ann, json!({ "betting_ms": 3_000 })).await;
    let (mut here, there) = (table.socket().await, table.socket().await);
    for _ in 0..3 * TRIES {
        let ours = json!({ "amount": "1" });
        let (mine, theirs) = tokio::join!(
            table.bet(&here, &table.ann, ours.clone()),
            table.bet_in(other, &there, &table.ann, ours),
        );
        if !climbs_to(&mut here, 103).await {
            continue;
        }
        let ask = json!({ "token": table.ann.token, "lobby_id": table.lobby });
        if click(&mut here, ask, &mine).await.is_none() {
            continue;
        }
        let path = "/gateway/game/v1/bets";
        let bets = table.caller.call(Method::GET, path, Some(&table.ann), None).await.json();
        let bets = bets.as_array().unwrap();
        let bet = bets.iter().find(|bet| bet["bet_id"] == theirs["bet_id"]).unwrap();
        // It may have ended by itself meanwhile, but never by that click.
        let at = bet.get("multiplier").filter(|at| !at.is_null()).map(multiplier);
        assert!(at.is_none_or(|at| at.centi() == 140), "the other lobby paid the click: {bet}");
        return;
    }
    panic!("no climb reached 1.03x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_win_is_credited_though_its_player_has_signed_out() {
    let table = Table::new().await;
    let mut ann = table.ann.clone();
    for _ in 0..TRIES {
        let before = table.caller.balance(&ann).await;
        let socket = table.socket().await;
        let placed = table.bet(&socket, &ann, json!({ "coefficient": "1.02" })).await;
        assert!(placed["error"].is_null(), "{placed}");
        let path = "/gateway/user/v1/auth/logout";
        let out = table.caller.call(Method::POST, path, Some(&ann), Some(json!({}))).await;
        assert!(out.status < 300, "{}", out.text);
        drop(socket);
        let round = placed["round"].clone();
        let record = eventually("the round to settle", Duration::from_secs(20), || async {
            let record = table.record(&round).await;
            (record["state"] == "settled").then_some(record)
        })
        .await;
        let account = json!({ "username": "ann", "password": "prodan-1111" });
        let path = "/gateway/user/v1/auth/login";
        let token = table.caller.call(Method::POST, path, None, Some(account)).await.json();
        ann.token = text(&token["access_token"]).to_owned();
        let won = multiplier(&record["crash_point"]).centi() >= 102;
        let change = if won { "0.2" } else { "-10" };
        awaits_balance(&table, &ann, before + Amount::parse(change).unwrap()).await;
        if won {
            return;
        }
    }
    panic!("no climb reached 1.02x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_bet_locks_nobody_out_of_the_round() {
    let table = Table::new().await;
    let socket = table.socket().await;
    let opener = table.caller.rich_player("opener", "100").await;
    let first = table.bet(&socket, &opener, json!({ "amount": "0.01" })).await;
    for (more, code) in [
        (json!({ "amount": "5000" }), "insufficient_funds"),
        (json!({ "amount": "-1" }), "invalid_amount"),
        (json!({ "coefficient": "0.5" }), "invalid_target"),
    ] {
        let refused = table.bet(&socket, &table.ann, more).await;
        assert_eq!(text(&refused["code"]), code, "{refused}");
    }
    let taken = table.bet(&socket, &table.ann, json!({ "amount": "100" })).await;
    assert_eq!(taken["round"], first["round"], "the same round: {taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_more_bets_in_a_round_than_two() {
    let table = Table::new().await;
    let socket = table.socket().await;
    let one = json!({ "amount": "1" });
    let first = table.bet(&socket, &table.ann, one.clone()).await;
    let second = table.bet(&socket, &table.ann, one.clone()).await;
    assert_eq!(first["round"], second["round"]);
    let third = table.bet(&socket, &table.ann, one).await;
    assert_eq!(text(&third["code"]), "bet_limit", "{third}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hung_insert_does_not_block_the_game() {
    // The second bet's row hangs past the lock.
    let table = Table::armed("bet.before_commit@2:stall=1500").await;
    let mut socket = table.socket().await;
    let first = table.bet(&socket, &table.ann, json!({ "coefficient": "1.01" })).await;
    let hung = socket.ask(
        "place_bet",
        &json!({
            "token": table.ann.token, "lobby_id": table.lobby, "amount": "10",
        }),
    );
    result(&mut socket, &first).await;
    // Whichever way it was decided, it was answered; and the next round is played as any other.
    within("the hung bet's answer", hung).await.unwrap();
    let next = table.bet(&socket, &table.ann, json!({ "coefficient": "1.01" })).await;
    assert!(next["error"].is_null(), "{next}");
    result(&mut socket, &next).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cash_out_is_acknowledged_however_slow_its_store_is() {
    let table = Table::armed("cash_out.before_commit:stall=600").await;
    let mut socket = table.socket().await;
    for _ in 0..TRIES {
        let placed = table.bet(&socket, &table.ann, json!({})).await;
        if !climbs_to(&mut socket, 103).await {
            continue;
        }
        let asked_at = now();
        let ask = json!({ "token": table.ann.token, "lobby_id": table.lobby });
        if click(&mut socket, ask, &placed).await.is_none() {
            continue;
        }
        assert!(asked_at.elapsed() >= Duration::from_millis(600), "told before it was stored");
        return;
    }
    panic!("no climb reached 1.03x");
}
