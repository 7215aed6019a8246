//! Part A over a real Socket.IO session: sentences, acknowledgements, tokens, stamps.

use contracts::PlayRefusal;
use kernel::{Multiplier, Stake};
use serde_json::{Value, json};

use crate::testing::{Client, Gateway, lobby, player};

const HOUR: i64 = 3_600;

async fn socket(gateway: &Gateway) -> Client {
    Client::connect(&gateway.router, None).await
}

/// The acknowledgement of `data` sent as `name`.
async fn ask(client: &mut Client, name: &str, data: Value) -> Value {
    client.emit(1, name, data).await;
    client.data("ack").await
}

#[tokio::test]
async fn a_bet_is_placed_for_the_tokens_player_whatever_else_is_claimed() {
    let gateway = Gateway::new();
    let mut client = socket(&gateway).await;
    let bet = json!({
        "token": gateway.token(7, HOUR), "user_id": 999, "lobby_id": "4",
        "amount": "10.50", "coefficient": "2.0", "foreign": [1],
    });
    client.emit(1, "place_bet", bet).await;
    let placed = client.data("bet_placed").await;
    let asked = gateway.play.bets().pop().unwrap();
    assert_eq!((asked.player, asked.at.lobby), (player(7), lobby(4)));
    assert_eq!(asked.username, "player 7");
    assert_eq!(asked.stake, Stake::from_steps(1_050).unwrap());
    assert_eq!(asked.auto_cash_out, Multiplier::from_centi(200));
    let expected = format!(
        r#"{{"user_id":7,"amount":10.5,"coefficient":2,"bet_id":"{}","lobby_id":4,"round":3}}"#,
        asked.bet
    );
    assert_eq!(placed.to_string(), expected);
    assert_eq!(client.data("ack").await, placed);
}

#[tokio::test]
async fn every_bet_without_an_id_is_a_new_one_and_ids_are_kept() {
    let gateway = Gateway::new();
    let mut client = socket(&gateway).await;
    let token = gateway.token(7, HOUR);
    let bet = json!({ "token": token, "lobby_id": 4, "amount": 1, "coefficient": "" });
    let first = ask(&mut client, "place_bet", bet.clone()).await;
    let second = ask(&mut client, "place_bet", bet).await;
    assert_ne!(first["bet_id"], second["bet_id"]);
    assert_eq!(first["coefficient"], json!(null));
    let id = "018f3c5e-0000-7000-8000-000000000001";
    let bet = json!({ "token": token, "lobby_id": 4, "amount": 1, "bet_id": id, "round": 3 });
    assert_eq!(ask(&mut client, "place_bet", bet).await["bet_id"], id);
    assert_eq!(gateway.play.bets().pop().unwrap().at.round, Some(3));
}

#[tokio::test]
async fn without_a_lobby_the_one_joined_is_meant() {
    let gateway = Gateway::new();
    let mut client = gateway.listener().await;
    let bet = json!({ "token": gateway.token(7, HOUR), "amount": 1, "lobby_id": null });
    assert_eq!(ask(&mut client, "place_bet", bet.clone()).await["lobby_id"], 4);
    let mut stranger = socket(&gateway).await;
    let refused = ask(&mut stranger, "place_bet", bet).await;
    assert_eq!(refused, json!({ "error": "Lobby does not exist", "code": "unknown_lobby" }));
}

#[tokio::test]
async fn bets_need_a_token_that_is_good_now() {
    let gateway = Gateway::new();
    let mut client = socket(&gateway).await;
    for (token, code) in [
        (json!(null), "unauthenticated"),
        (json!("garbage"), "unauthenticated"),
        (json!(gateway.token(7, -1)), "token_expired"),
    ] {
        let bet = json!({ "token": token, "lobby_id": 4, "amount": 1 });
        client.emit(1, "place_bet", bet).await;
        let error = client.data("error").await;
        assert_eq!(error, json!({ "message": "Invalid token", "code": code }));
        let refused = json!({ "error": "Invalid token", "code": code });
        assert_eq!(client.data("ack").await, refused);
    }
    assert!(gateway.play.bets().is_empty());
    let shaken = Some(json!({ "token": gateway.token(7, HOUR) }));
    let mut client = Client::connect(&gateway.router, shaken).await;
    let bet = json!({ "lobby_id": 4, "amount": 1 });
    assert_eq!(ask(&mut client, "place_bet", bet).await["user_id"], 7);
}

#[tokio::test]
async fn nasty_amounts_never_reach_the_owner() {
    let gateway = Gateway::new();
    let mut client = socket(&gateway).await;
    let token = gateway.token(7, HOUR);
    for (amount, code) in [
        (json!(-5), "invalid_amount"),
        (json!(0), "invalid_amount"),
        (json!("NaN"), "invalid_amount"),
        (json!("1e3"), "invalid_amount"),
        (json!("0.001"), "too_precise"),
        (json!([1]), "invalid_amount"),
    ] {
        let bet = json!({ "token": token, "lobby_id": 4, "amount": amount });
        let refused = ask(&mut client, "place_bet", bet).await;
        assert_eq!(refused["code"], code, "{amount}: {refused}");
    }
    assert!(gateway.play.bets().is_empty());
}

#[tokio::test]
async fn the_owners_refusals_are_told_in_the_originals_words() {
    let gateway = Gateway::new();
    let mut client = socket(&gateway).await;
    gateway.play.refuse(PlayRefusal::BettingClosed);
    let token = gateway.token(7, HOUR);
    let bet = json!({ "token": token, "lobby_id": 4, "amount": 1 });
    client.emit(1, "place_bet", bet).await;
    let sentence = "Cannot place a bet. The game is already in progress.";
    let error = client.data("error").await;
    assert_eq!(error, json!({ "message": sentence, "code": "betting_closed" }));
    client.until("ack").await;
    gateway.play.refuse(PlayRefusal::NoOpenBet);
    let refused = ask(&mut client, "withdraw", json!({ "token": token, "lobby_id": 4 })).await;
    let sentence = "No active bet found to withdraw";
    assert_eq!(refused, json!({ "error": sentence, "code": "no_open_bet" }));
    let text = gateway.registry.encode().unwrap();
    assert!(text.contains("waxwing_gateway_refused_total{code=\"betting_closed\"} 1"), "{text}");
}

#[tokio::test]
async fn a_cash_out_is_confirmed_then_told_and_carries_its_stamp() {
    let gateway = Gateway::new();
    let mut client = gateway.listener().await;
    client.emit(1, "withdraw", json!({ "token": gateway.token(7, HOUR) })).await;
    let heard = client.until("ack").await;
    let names: Vec<_> = heard.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["withdraw_requested", "bet_result", "ack"]);
    let requested = json!({ "user_id": 7, "message": "Withdraw requested" });
    assert_eq!(heard[0].1, requested);
    assert_eq!(heard[2].1, requested);
    let result = &heard[1].1;
    assert_eq!((&result["result"], &result["user_id"]), (&json!("win"), &json!(7)));
    assert!(result.to_string().contains(r#""payout":15,"coefficient":1.5"#), "{result}");
    let asked = gateway.play.cash_outs();
    assert_eq!((asked.len(), asked[0].player, asked[0].bet), (1, player(7), None));
}

#[tokio::test]
async fn a_cash_out_outlives_its_token() {
    let gateway = Gateway::new();
    let mut client = socket(&gateway).await;
    let at = |token: String| json!({ "token": token, "lobby_id": 4 });
    let paid = json!({ "user_id": 7, "message": "Withdraw requested" });
    let expired = |hours: i64| gateway.token(7, -hours * HOUR);
    let refused = ask(&mut client, "withdraw", at(expired(25))).await;
    assert_eq!(refused, json!({ "error": "Invalid token", "code": "token_expired" }));
    assert_eq!(ask(&mut client, "withdraw", at(expired(23))).await, paid);
    // Now this socket has proved who it is, so that the hour does not matter any more.
    assert_eq!(ask(&mut client, "withdraw", at(expired(25))).await, paid);
    assert_eq!(ask(&mut client, "withdraw", json!({ "lobby_id": 4 })).await, paid);
    let refused = ask(&mut client, "withdraw", at("garbage".to_owned())).await;
    assert_eq!(refused["code"], "unauthenticated");
    let other = json!({ "token": gateway.token(8, -25 * HOUR), "lobby_id": 4 });
    assert_eq!(ask(&mut client, "withdraw", other).await["code"], "token_expired");
}

#[tokio::test]
async fn an_expired_token_cashes_out_and_is_shown_nothing() {
    let gateway = Gateway::new();
    let shaken = || Some(json!({ "token": gateway.token(7, -HOUR) }));
    let mut client = Client::connect(&gateway.router, shaken()).await;
    let join = json!({ "lobby_id": 4, "token": gateway.token(7, -HOUR) });
    ask(&mut client, "joinRoom", join).await;
    let paid = json!({ "user_id": 7, "message": "Withdraw requested" });
    assert_eq!(ask(&mut client, "withdraw", json!({ "lobby_id": 4 })).await, paid);
    ask(&mut client, "joinRoom", json!({ "lobby_id": 4 })).await;
    assert_eq!(gateway.play.lookers(), [None; 3], "two for the feed, one for the second join");
    gateway.publish_lost_bet(7);
    assert!(client.is_quiet().await, "results are for the player alone");
    let other = json!({ "lobby_id": 4, "token": gateway.token(8, HOUR) });
    assert_eq!(ask(&mut client, "withdraw", other).await["user_id"], 8);
    ask(&mut client, "joinRoom", json!({ "lobby_id": 4 })).await;
    assert_eq!(gateway.play.lookers().last(), Some(&Some(player(8))));
}

#[tokio::test]
async fn a_socket_that_proved_itself_in_time_stays_proved() {
    let gateway = Gateway::new();
    let shaken = Some(json!({ "token": gateway.token(7, 1) }));
    let mut client = Client::connect(&gateway.router, shaken).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    let bet = json!({ "lobby_id": 4, "amount": 1 });
    assert_eq!(ask(&mut client, "place_bet", bet).await["code"], "token_expired");
    ask(&mut client, "joinRoom", json!({ "lobby_id": 4 })).await;
    assert_eq!(gateway.play.lookers(), [Some(player(7)); 2]);
    let paid = json!({ "user_id": 7, "message": "Withdraw requested" });
    assert_eq!(ask(&mut client, "withdraw", json!({})).await, paid);
}

#[tokio::test]
async fn an_unanswered_bet_is_sent_again_as_the_same_bet() {
    let gateway = Gateway::new();
    let mut client = socket(&gateway).await;
    gateway.play.leave_unanswered(1);
    let bet = json!({ "token": gateway.token(7, HOUR), "lobby_id": 4, "amount": 1 });
    let placed = ask(&mut client, "place_bet", bet).await;
    let bets = gateway.play.bets();
    assert_eq!(bets.len(), 2);
    assert_eq!(bets[0], bets[1]);
    assert_eq!(placed["bet_id"], bets[0].bet.to_string());
}

#[tokio::test]
async fn a_bet_is_for_the_round_its_player_sees_or_the_one_the_owner_plays() {
    let gateway = Gateway::new();
    let mut client = gateway.listener().await;
    let bet = json!({ "token": gateway.token(7, HOUR), "amount": 1 });
    ask(&mut client, "place_bet", bet.clone()).await;
    assert_eq!(gateway.play.bets()[0].at.round, Some(3));
    gateway.play.refuse(PlayRefusal::WrongRound);
    ask(&mut client, "place_bet", bet).await;
    let bets = gateway.play.bets();
    assert_eq!(bets[1..].iter().map(|bet| bet.at.round).collect::<Vec<_>>(), [Some(3), None]);
    assert_eq!(bets[1].bet, bets[2].bet);
}
