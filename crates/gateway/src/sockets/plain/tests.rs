//! `waxwing.v1` over a real socket: who may do what, what is answered, what is told.

use axum::Router;
use axum::routing::get;
use contracts::PlayRefusal;
use kernel::{Amount, Multiplier, Stake};
use protocol::notice::{BalanceNotice, Notice, SignedOut};
use protocol::picture::{Crashed, OwnBet, PictureEvent, RoundStarted, SeenCashOut, Tick};
use protocol::rounds::{BetState, Phase};
use protocol::wire::{WireAmount, WireBetId, WireMultiplier, WirePlayerId, WireStake};
use serde_json::{Value, json};

use crate::testing::{Client, Gateway, lobby, multiplier, player, snapshot};

const HOUR: i64 = 3_600;
const BET: &str = "018f3c5e-0000-7000-8000-000000000001";

fn bet() -> Value {
    json!({ "lobby_id": 4, "round": 3, "bet_id": BET, "stake": "10.50", "auto_cash_out": 2 })
}

fn tick(elapsed_ms: u64, centi: u32, cash_outs: Vec<SeenCashOut>) -> PictureEvent {
    let multiplier = multiplier(centi);
    PictureEvent::Tick(Tick { elapsed_ms, multiplier, cash_outs })
}

fn seen_cash_out() -> SeenCashOut {
    SeenCashOut {
        user_id: WirePlayerId(player(8)),
        name: "bob".to_owned(),
        multiplier: multiplier(110),
        payout: WireAmount(Amount::from_whole(11)),
    }
}

fn balance(version: u64, units: i64) -> Notice {
    Notice::Balance(BalanceNotice {
        user_id: WirePlayerId(player(7)),
        balance: WireAmount(Amount::from_units(units)),
        held: WireAmount(Amount::from_units(0)),
        version,
    })
}

fn signed_out(number: u64, session: Option<&str>) -> Notice {
    Notice::SignedOut(SignedOut {
        user_id: WirePlayerId(player(number)),
        until_s: i64::MAX / 2,
        session: session.map(str::to_owned),
    })
}

#[tokio::test]
async fn a_socket_says_who_it_is_once_and_may_renew_it() {
    let gateway = Gateway::new();
    let mut client = gateway.plain().await;
    let token = gateway.token(7, HOUR);
    let known = client.ask("authenticate", json!({ "token": token })).await;
    assert_eq!((&known["type"], &known["user_id"]), (&json!("reply"), &json!(7)));
    assert_eq!(known["username"], "player 7");
    let left = known["expires_in"].as_u64().unwrap();
    assert!((3_595..=3_600).contains(&left), "{left}");
    let renewed = client.ask("authenticate", json!({ "token": gateway.token(7, 2 * HOUR) })).await;
    assert!(renewed["expires_in"].as_u64().unwrap() > 7_000);
    let other = json!({ "token": gateway.token(8, HOUR) });
    assert_eq!(client.refused("authenticate", other).await, "forbidden");
    let garbage = json!({ "token": "garbage" });
    assert_eq!(client.refused("authenticate", garbage).await, "unauthenticated");
    client.ask("place_bet", bet()).await;
    assert_eq!(gateway.play.bets()[0].player, player(7), "it is still who it was");
}

#[tokio::test]
async fn watching_needs_no_token_and_playing_does() {
    let gateway = Gateway::new();
    let mut client = gateway.plain().await;
    let reply = client.ask("join", json!({ "lobby_id": 4 })).await;
    assert_eq!(reply, json!({ "type": "reply", "id": 1, "lobby_id": 4 }));
    let seen = client.event_text().await;
    let head = r#"{"type":"snapshot","lobby_id":4,"epoch":1,"seq":9,"round":3,"#;
    assert!(seen.starts_with(head), "{seen}");
    assert!(seen.contains(r#""mine":[]"#) && !seen.contains(r#""balance""#), "{seen}");
    assert_eq!(gateway.play.lookers(), [None; 2]);
    let at = json!({ "lobby_id": 4, "round": 3 });
    let cancel = json!({ "lobby_id": 4, "round": 3, "bet_id": BET });
    for (kind, fields) in [("place_bet", bet()), ("cancel_bet", cancel), ("cash_out", at)] {
        assert_eq!(client.refused(kind, fields).await, "unauthenticated", "{kind}");
    }
    assert!(gateway.play.bets().is_empty() && gateway.play.cash_outs().is_empty());
    let text = gateway.registry.encode().unwrap();
    assert!(text.contains("waxwing_gateway_refused_total{code=\"unauthenticated\"} 3"), "{text}");
}

#[tokio::test]
async fn a_bet_is_placed_once_however_often_it_has_to_be_sent() {
    let gateway = Gateway::new();
    let (mut client, _) = gateway.plain_player().await;
    gateway.play.leave_unanswered(1);
    let placed = client.ask_text("place_bet", bet()).await;
    let bet_of = format!(r#"{{"type":"reply","id":3,"bet_id":"{BET}","round":3,"stake":10.5,"#);
    let expected = bet_of + r#""auto_cash_out":2,"cap":2,"balance":90}"#;
    assert_eq!(placed, expected);
    let asked = gateway.play.bets();
    assert_eq!((asked.len(), &asked[0]), (2, &asked[1]));
    assert_eq!((asked[0].player, asked[0].at.lobby), (player(7), lobby(4)));
    assert_eq!((asked[0].at.round, asked[0].username.as_str()), (Some(3), "player 7"));
    assert_eq!(asked[0].stake, Stake::from_steps(1_050).unwrap());
    assert_eq!(asked[0].auto_cash_out, Multiplier::from_centi(200));
    gateway.play.leave_unanswered(u32::MAX);
    let refused = client.ask("place_bet", bet()).await;
    assert_eq!(refused["code"], "not_owner");
    assert!(refused["detail"].as_str().unwrap().contains("send the same bet again"), "{refused}");
}

#[tokio::test]
async fn a_cancellation_names_its_bet() {
    let gateway = Gateway::new();
    let (mut client, _) = gateway.plain_player().await;
    let cancel = json!({ "lobby_id": 4, "round": 3, "bet_id": BET });
    let cancelled = client.ask_text("cancel_bet", cancel.clone()).await;
    let expected = format!(r#"{{"type":"reply","id":3,"bet_id":"{BET}","round":3,"stake":0.01}}"#);
    assert_eq!(cancelled, expected);
    let asked = gateway.play.cancels();
    assert_eq!((asked[0].player, asked[0].at.round), (player(7), Some(3)));
    gateway.play.refuse(PlayRefusal::BettingClosed);
    assert_eq!(client.refused("cancel_bet", cancel).await, "betting_closed");
}

#[tokio::test]
async fn refusals_of_the_owner_keep_their_codes() {
    let gateway = Gateway::new();
    let (mut client, _) = gateway.plain_player().await;
    let at = json!({ "lobby_id": 4, "round": 3 });
    for (refusal, code) in [
        (PlayRefusal::WrongRound, "wrong_round"),
        (PlayRefusal::TooEarly, "too_early"),
        (PlayRefusal::TooLate, "too_late"),
        (PlayRefusal::AlreadyCashedOut, "already_cashed_out"),
        (PlayRefusal::NoOpenBet, "no_open_bet"),
        (PlayRefusal::Overloaded, "rate_limited"),
    ] {
        gateway.play.refuse(refusal);
        assert_eq!(client.refused("cash_out", at.clone()).await, code);
    }
    gateway.play.refuse(PlayRefusal::BetIdReused);
    assert_eq!(client.refused("place_bet", bet()).await, "bet_id_reused");
    let fits = Some(Stake::from_steps(1_250).unwrap());
    gateway.play.refuse(PlayRefusal::ExposureFull { fits });
    let refused = client.ask("place_bet", bet()).await;
    assert!(refused["detail"].as_str().unwrap().contains("12.5 would fit"), "{refused}");
}

#[tokio::test]
async fn a_cash_out_is_answered_and_told_to_all_sockets_of_its_player() {
    let gateway = Gateway::new();
    let (mut client, _) = gateway.plain_player().await;
    let (mut other, _) = gateway.plain_player().await;
    let auth = Some(json!({ "token": gateway.token(7, HOUR) }));
    let mut socket_io = Client::connect(&gateway.router, auth).await;
    socket_io.emit(0, "joinRoom", json!({ "lobby_id": 4 })).await;
    socket_io.until("ack").await;
    let mut stranger = gateway.plain().await;
    stranger.ask("join", json!({ "lobby_id": 4 })).await;
    stranger.event("snapshot").await;

    let at = json!({ "lobby_id": 4, "round": 3, "bet_id": BET });
    let paid = client.ask_text("cash_out", at).await;
    let cashed_out = format!(r#"[{{"bet_id":"{BET}","multiplier":1.5,"payout":15}}]"#);
    let expected =
        format!(r#"{{"type":"reply","id":3,"cashed_out":{cashed_out},"stamped_ms":6758}}"#);
    assert_eq!(paid, expected);
    let asked = gateway.play.cash_outs();
    assert_eq!((asked[0].player, asked[0].at.round), (player(7), Some(3)));
    let head = r#"{"type":"bet_result","lobby_id":4,"epoch":1,"seq":9,"round":3,"#;
    let win = r#""user_id":7,"result":"win","payout":15,"coefficient":1.5,"#;
    let told = format!(r#"{head}{win}"bet_id":"{BET}","stake":10}}"#);
    assert_eq!(client.event_text().await, told);
    assert_eq!(other.event_text().await, told);
    assert_eq!(
        socket_io.data("bet_result").await["payout"],
        json!(WireAmount(Amount::from_whole(15)))
    );
    assert!(stranger.is_quiet().await);
}

#[tokio::test]
async fn a_cash_out_is_never_refused_for_the_hour() {
    let gateway = Gateway::new();
    let at = || json!({ "lobby_id": 4, "round": 3 });
    let expired = |hours: i64| json!({ "token": gateway.token(7, -hours * HOUR) });
    let mut late = gateway.plain().await;
    assert_eq!(late.refused("authenticate", expired(25)).await, "token_expired");
    assert_eq!(late.refused("cash_out", at()).await, "unauthenticated");
    assert_eq!(late.refused("authenticate", expired(23)).await, "token_expired");
    assert_eq!(late.ask("cash_out", at()).await["type"], "reply");
    assert_eq!(late.refused("place_bet", bet()).await, "token_expired");
    late.ask("join", json!({ "lobby_id": 4 })).await;
    assert!(gateway.play.lookers().iter().all(Option::is_none), "it is shown nothing of its own");

    let mut client = gateway.plain().await;
    client.ask("authenticate", json!({ "token": gateway.token(7, 1) })).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert_eq!(client.refused("place_bet", bet()).await, "token_expired");
    assert_eq!(client.ask("cash_out", at()).await["type"], "reply");
    client.ask("authenticate", json!({ "token": gateway.token(7, HOUR) })).await;
    assert_eq!(client.ask("place_bet", bet()).await["type"], "reply");
}

#[tokio::test]
async fn whoever_comes_back_in_mid_climb_finds_the_bet_alive_and_cashes_out() {
    let user = Router::new().route(
        "/user/v1/balance",
        get(async || r#"{"balance":89.5,"held":10.5,"currency":"PLAY"}"#),
    );
    let gateway = Gateway::with_roles(user, Router::new());
    let mut running = snapshot(Phase::Running);
    (running.elapsed_ms, running.multiplier) = (Some(5_000), Some(multiplier(134)));
    running.mine = vec![OwnBet {
        bet_id: WireBetId(BET.parse().unwrap()),
        stake: WireStake(Stake::from_steps(1_050).unwrap()),
        auto_cash_out: None,
        cap: WireMultiplier(Multiplier::MAX),
        state: BetState::Accepted,
        payout: None,
    }];
    gateway.play.show(running);
    let (client, _) = gateway.plain_player().await;
    client.leave().await;
    let (mut client, seen) = gateway.plain_player().await;
    assert_eq!(gateway.play.lookers().last(), Some(&Some(player(7))));
    assert_eq!((&seen["phase"], &seen["mine"][0]["bet_id"]), (&json!("running"), &json!(BET)));
    assert_eq!(seen["mine"][0]["state"], "accepted");
    let elapsed_ms = seen["elapsed_ms"].as_u64().unwrap();
    assert!((5_000..6_000).contains(&elapsed_ms), "{elapsed_ms}");
    assert_eq!(seen["balance"].to_string(), "89.5");
    let at = json!({ "lobby_id": 4, "round": 3, "bet_id": BET });
    assert_eq!(client.ask("cash_out", at).await["cashed_out"][0]["bet_id"], BET);
}

#[tokio::test]
async fn sync_tells_the_lobby_again_and_leaving_ends_it() {
    let gateway = Gateway::new();
    let mut client = gateway.plain().await;
    assert_eq!(client.refused("sync", json!({})).await, "unknown_lobby");
    assert_eq!(client.refused("join", json!({ "lobby_id": 5 })).await, "unknown_lobby");
    client.ask("join", json!({ "lobby_id": 4 })).await;
    client.event("snapshot").await;
    let synced = client.ask("sync", json!({})).await;
    assert_eq!(synced, json!({ "type": "reply", "id": 4, "lobby_id": 4 }));
    assert_eq!(client.event("snapshot").await["round"], 3);
    assert_eq!(client.ask("leave", json!({})).await, json!({ "type": "reply", "id": 5 }));
    gateway.publish(10, tick(1_000, 106, vec![]));
    assert!(client.is_quiet().await);
    assert_eq!(client.refused("sync", json!({})).await, "unknown_lobby");
    let now = client.ask("ping", json!({})).await["unix_ms"].as_i64().unwrap();
    assert!(now > 1_700_000_000_000);
}

#[tokio::test]
async fn pictures_are_told_as_they_are_and_only_counted_ticks() {
    let gateway = Gateway::new();
    let (mut client, _) = gateway.plain_player().await;
    let curve = protocol::lobby::CurveName::Exponential;
    gateway.publish(10, PictureEvent::RoundStarted(RoundStarted { elapsed_ms: 0, curve }));
    gateway.publish(10, tick(50, 100, vec![]));
    gateway.publish(11, tick(500, 103, vec![seen_cash_out()]));
    gateway.publish(11, tick(550, 103, vec![]));
    gateway.publish_lost_bet(7);
    gateway.publish_lost_bet(8);
    let (crash_point, multiplier) = (multiplier(103), multiplier(103));
    gateway
        .publish(12, PictureEvent::Crashed(Crashed { crash_point, multiplier, elapsed_ms: 600 }));
    let head = |kind: &str, seq: u64| {
        format!(r#"{{"type":"{kind}","lobby_id":4,"epoch":1,"seq":{seq},"round":3,"#)
    };
    let started = client.event_text().await;
    assert!(started.starts_with(&head("round_started", 10)), "{started}");
    let cash_out = r#"{"user_id":8,"name":"bob","multiplier":1.1,"payout":11}"#;
    let told = format!(r#""elapsed_ms":500,"multiplier":1.03,"cash_outs":[{cash_out}]}}"#);
    assert_eq!(client.event_text().await, head("tick", 11) + &told);
    let lost = client.event_text().await;
    assert!(lost.starts_with(&head("bet_result", 9)) && !lost.contains("\"to\""), "{lost}");
    let told = r#""crash_point":1.03,"multiplier":1.03,"elapsed_ms":600}"#;
    assert_eq!(client.event_text().await, head("crashed", 12) + told);
}

#[tokio::test]
async fn a_gap_is_filled_by_a_snapshot_that_is_silent_on_own_bets() {
    let gateway = Gateway::new();
    let (mut client, _) = gateway.plain_player().await;
    let mut now = snapshot(Phase::Running);
    (now.seq, now.multiplier, now.elapsed_ms) = (14, Some(multiplier(131)), Some(4_500));
    gateway.play.show(now);
    gateway.publish(15, tick(5_000, 134, vec![]));
    let repaired = client.event_text().await;
    let head = r#"{"type":"snapshot","lobby_id":4,"epoch":1,"seq":14,"round":3,"#;
    assert!(repaired.starts_with(head), "{repaired}");
    assert!(!repaired.contains("\"mine\"") && repaired.contains(r#""phase":"running""#));
    assert_eq!(client.event("tick").await["seq"], 15);
}

#[tokio::test]
async fn a_balance_is_told_to_its_player_and_never_an_older_one() {
    let gateway = Gateway::new();
    let (mut client, _) = gateway.plain_player().await;
    let mut elsewhere = gateway.plain().await;
    elsewhere.ask("authenticate", json!({ "token": gateway.token(7, HOUR) })).await;
    let mut stranger = gateway.plain().await;
    stranger.ask("authenticate", json!({ "token": gateway.token(8, HOUR) })).await;
    gateway.notify(&balance(5, 895_000));
    gateway.notify(&balance(4, 1));
    gateway.notify(&balance(5, 2));
    gateway.notify(&balance(6, 1_000_000));
    let of_lobby = r#"{"type":"balance","lobby_id":4,"epoch":1,"seq":9,"round":3,"#;
    let money = |text: &str| format!(r#""balance":{text},"held":0,"currency":"PLAY"}}"#);
    for text in ["89.5", "100"] {
        assert_eq!(client.event_text().await, of_lobby.to_owned() + &money(text));
        assert_eq!(elsewhere.event_text().await, r#"{"type":"balance","#.to_owned() + &money(text));
    }
    assert!(client.is_quiet().await && stranger.is_quiet().await);
    client.ask("sync", json!({})).await;
    assert_eq!(client.event("snapshot").await["balance"].to_string(), "100");
}

#[tokio::test]
async fn signing_out_closes_the_players_sockets_and_no_others() {
    let gateway = Gateway::new();
    let (mut ann, _) = gateway.plain_player().await;
    let mut bob = gateway.plain().await;
    bob.ask("authenticate", json!({ "token": gateway.token(8, HOUR) })).await;
    let auth = Some(json!({ "token": gateway.token(7, HOUR) }));
    let mut socket_io = Client::connect(&gateway.router, auth).await;
    gateway.notify(&signed_out(7, Some("another sign-in")));
    assert!(ann.is_quiet().await, "it was another sign-in's");
    gateway.notify(&signed_out(7, None));
    let closed = tokio::time::timeout(std::time::Duration::from_secs(1), ann.close_code()).await;
    assert_eq!(closed, Ok(4201));
    let error = socket_io.data("error").await;
    assert_eq!(error, json!({ "message": "Signed out", "code": "unauthenticated" }));
    assert!(bob.is_quiet().await);
    let mut again = gateway.plain().await;
    let revoked = json!({ "token": gateway.token(7, HOUR) });
    assert_eq!(again.refused("authenticate", revoked).await, "unauthenticated");
}

#[tokio::test]
async fn a_sign_out_whose_notice_was_lost_ends_the_socket_at_its_next_bet() {
    let gateway = Gateway::new();
    let (mut ann, _) = gateway.plain_player().await;
    gateway.verifier.revoke(player(7), i64::MAX, None);
    ann.send("place_bet", bet()).await;
    assert_eq!(ann.close_code().await, 4201);
    assert!(gateway.play.bets().is_empty());
}

#[tokio::test]
async fn both_dialects_meet_in_one_lobby() {
    let gateway = Gateway::new();
    let (mut plain, _) = gateway.plain_player().await;
    let mut socket_io = gateway.listener().await;
    let (crash_point, multiplier) = (multiplier(150), multiplier(150));
    gateway
        .publish(10, PictureEvent::Crashed(Crashed { crash_point, multiplier, elapsed_ms: 3_000 }));
    assert_eq!(plain.event("crashed").await["crash_point"].to_string(), "1.5");
    assert_eq!(socket_io.data("crashed").await["coefficient"].to_string(), "1.5");
}
