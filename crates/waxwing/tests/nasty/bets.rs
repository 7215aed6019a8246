//! Bets and cash-outs that come twice, late, or for somebody else.

use kernel::Amount;
use serde_json::{Value, json};

use super::{Table, code};
use crate::harness::Place;
use crate::harness::numbers::{amount, text, whole};
use crate::harness::settings::BRISK;
use crate::load::socket_io::Socket;
use crate::plain::client::{Plain, bet_id};

fn bet(lobby: u64, round: u64, number: u64, stake: &str) -> Value {
    json!({ "lobby_id": lobby, "round": round, "bet_id": bet_id(number), "stake": stake })
}

fn amount_of(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_sent_twice_counts_once_and_a_third_is_one_too_many() {
    // Nobody is hurried: the countdown is long.
    let place = Place::with(&[("WAXWING_GAME__PLAYERS__BETTING_MS", "60000")]);
    let table = Table::at(&place).await;
    let lobby = table.caller.lobby(&table.ann, json!({})).await;
    let (mut socket, _) = Plain::at_the_table(&table.server.base, &table.ann, lobby).await;
    let first = socket.ask("place_bet", bet(lobby, 1, 1, "10")).await;
    let again = socket.ask("place_bet", bet(lobby, 1, 1, "10.00")).await;
    assert_eq!((&first["stake"], &first["balance"]), (&again["stake"], &again["balance"]));
    let other = socket.answer("place_bet", bet(lobby, 1, 1, "11")).await;
    assert_eq!(code(&other), "bet_id_reused");
    socket.ask("place_bet", bet(lobby, 1, 2, "5")).await;
    let third = socket.answer("place_bet", bet(lobby, 1, 3, "1")).await;
    assert_eq!(code(&third), "bet_limit");
    let held = (amount_of("85"), amount_of("15"));
    assert_eq!(table.money(&table.ann).await, held);

    // Bob may not touch them, by either way of speaking, and Ann cannot cash out what rests.
    let (mut bob, _) = Plain::at_the_table(&table.server.base, &table.bob, lobby).await;
    let hers = json!({ "lobby_id": lobby, "round": 1, "bet_id": bet_id(1) });
    assert_eq!(code(&bob.answer("cancel_bet", hers.clone()).await), "no_open_bet");
    assert_eq!(code(&bob.answer("cash_out", hers.clone()).await), "no_open_bet");
    let original = Socket::join(&table.server.base, lobby).await.unwrap();
    let withdraw = json!({ "token": table.bob.token, "bet_id": bet_id(1) });
    let refused = original.call("withdraw", withdraw).await.unwrap();
    assert_eq!(text(&refused["error"]), "No active bet found to withdraw");
    assert_eq!(code(&socket.answer("cash_out", hers.clone()).await), "no_open_bet");
    assert_eq!(table.money(&table.ann).await, held);
    assert_eq!(table.money(&table.bob).await, (amount_of("100"), Amount::ZERO));

    // Taken back once; then there is nothing to take back, and the id is spent.
    socket.ask("cancel_bet", hers.clone()).await;
    let twice = socket.answer("cancel_bet", hers.clone()).await;
    let spent = socket.answer("place_bet", bet(lobby, 1, 1, "11")).await;
    assert_eq!(code(&spent), "bet_id_reused");
    let late = socket.answer("cash_out", hers).await;
    assert_eq!(code(&late), "no_open_bet");
    assert!(twice["type"] == "reply" || code(&twice) == "no_open_bet", "{twice}");
    let after = (amount_of("95"), amount_of("5"));
    let moved = || async { (table.money(&table.ann).await == after).then_some(()) };
    let limit = std::time::Duration::from_secs(10);
    crate::harness::time::eventually("the stake comes back", limit, moved).await;
}

/// Bob's bet is in the wallet and in the game's file when the round is locked without it. Its row
/// must not be taken for an answer that was given before.
#[tokio::test(flavor = "multi_thread")]
async fn a_bet_stored_behind_the_lock_is_refused_and_its_stake_comes_back() {
    let mut place = Place::with(&[
        ("WAXWING_GAME__PLAYERS__BETTING_MS", "700"),
        ("WAXWING_GAME__MAIN__BETTING_MS", "60000"),
    ]);
    place.arm(Some("bet.after_commit@2:stall=2500"));
    let table = Table::at(&place).await;
    let lobby = table.caller.lobby(&table.ann, json!({})).await;
    let (mut ann, _) = Plain::at_the_table(&table.server.base, &table.ann, lobby).await;
    let (mut bob, _) = Plain::at_the_table(&table.server.base, &table.bob, lobby).await;
    ann.ask("place_bet", bet(lobby, 1, 1, "1")).await;
    let refused = bob.answer("place_bet", bet(lobby, 1, 1, "10")).await;
    assert_eq!(code(&refused), "betting_closed", "{refused}");
    let back = (amount_of("100"), Amount::ZERO);
    let limit = std::time::Duration::from_secs(20);
    let moved = || async { (table.money(&table.bob).await == back).then_some(()) };
    crate::harness::time::eventually("the stake comes back", limit, moved).await;
    // Asked again, also in a later round, it is as refused as before.
    let again = bob.answer("place_bet", bet(lobby, 1, 1, "10")).await;
    assert!(["betting_closed", "wrong_round"].contains(&code(&again)), "{again}");
    assert_eq!(table.money(&table.bob).await, back);
}

/// Bets 1 until a round climbs: the round, its bet, and how many stakes were lost before, of which
/// `already` are known.
async fn climbing(socket: &mut Plain, lobby: u64, already: u64) -> (u64, u64, u64) {
    for lost in already.. {
        let (round, number) = (lost + 1, 100 + lost);
        socket.ask("place_bet", bet(lobby, round, number, "1")).await;
        loop {
            let event = socket.next().await;
            match text(&event["type"]) {
                "tick" if whole(&event["elapsed_ms"]) > 200 => return (round, number, lost),
                "betting_opened" if whole(&event["round"]) > round => break,
                _ => {}
            }
        }
    }
    unreachable!("a climb begins some time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_bet_is_refused_and_a_cash_out_counts_once() {
    let place = Place::with(BRISK);
    let table = Table::at(&place).await;
    let lobby = table.caller.lobby(&table.ann, json!({})).await;
    let (mut socket, _) = Plain::at_the_table(&table.server.base, &table.ann, lobby).await;
    // A crash at once takes the stake and the test its chance: then another round is tried.
    let mut already = 0;
    let (paid, lost) = loop {
        let (round, number, lost) = climbing(&mut socket, lobby, already).await;
        let late = socket.answer("place_bet", bet(lobby, round, 900, "1")).await;
        assert!(["betting_closed", "wrong_round"].contains(&code(&late)), "{late}");
        let cancel = json!({ "lobby_id": lobby, "round": round, "bet_id": bet_id(number) });
        let too_late = socket.answer("cancel_bet", cancel.clone()).await;
        assert!(["betting_closed", "no_open_bet"].contains(&code(&too_late)), "{too_late}");
        let out = socket.answer("cash_out", cancel.clone()).await;
        if out["type"] == "refused" {
            assert_eq!(code(&out), "too_late", "the crash came in between: {out}");
            already = lost + 1;
            while whole(&socket.event("betting_opened").await["round"]) <= round {}
            continue;
        }
        for _ in 0..3 {
            let again = socket.answer("cash_out", cancel.clone()).await;
            let refused = ["already_cashed_out", "no_open_bet", "too_late"];
            assert!(refused.contains(&code(&again)), "{again}");
        }
        let original = Socket::join(&table.server.base, lobby).await.unwrap();
        let withdraw = json!({ "token": table.ann.token, "bet_id": bet_id(number) });
        let again = original.call("withdraw", withdraw).await.unwrap();
        assert!(again["error"].is_string(), "{again}");
        break (amount(&out["cashed_out"][0]["payout"]), lost);
    };
    let lost = Amount::from_whole(u32::try_from(lost).unwrap() + 1);
    let expected = Amount::from_units(amount_of("100").units() - lost.units() + paid.units());
    let settled =
        || async { (table.money(&table.ann).await == (expected, Amount::ZERO)).then_some(()) };
    let limit = std::time::Duration::from_secs(10);
    crate::harness::time::eventually("one payout", limit, settled).await;
    assert_eq!(table.money(&table.bob).await, (amount_of("100"), Amount::ZERO));
}
