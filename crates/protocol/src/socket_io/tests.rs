//! What clients of the original send is understood; what they must not get through is not.

use kernel::{Amount, BetId, LobbyId, Multiplier, PlayerId, Stake};
use serde_json::{Value, json};

use super::{
    BetPlaced, BetResult, ClientMessage, JoinRoom, PlaceBet, RoundCrashed, RoundName, RoundOpened,
    ServerEvent, token_of_auth,
};
use crate::picture::BetOutcome;
use crate::{Code, Problem};

const BET: &str = "0190a6f2-7c11-7d3e-8f3a-5b2c9d1e4f60";

fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

fn stake(text: &str) -> Stake {
    Stake::parse(text).unwrap()
}

fn multiplier(text: &str) -> Multiplier {
    Multiplier::parse(text).unwrap()
}

/// Reads JSON as it stands on the wire, so that numbers keep their text.
fn read(name: &str, data: &str) -> Result<ClientMessage, Problem> {
    ClientMessage::read(name, data)
}

fn bet(data: &str) -> PlaceBet {
    match read("place_bet", data) {
        Ok(ClientMessage::PlaceBet(bet)) => bet,
        other => panic!("{data} was read as {other:?}"),
    }
}

fn code(name: &str, data: &str) -> Code {
    read(name, data).unwrap_err().code
}

#[test]
fn the_test_pages_strings_are_understood() {
    let bet =
        bet(r#"{"token":"abc","lobby_id":"4","user_id":"9371","amount":"10","coefficient":"1.5"}"#);
    assert_eq!(bet.token.unwrap().expose(), "abc");
    assert_eq!(bet.lobby, Some(lobby(4)));
    assert_eq!(bet.stake, stake("10"));
    assert_eq!(bet.auto_cash_out, Some(multiplier("1.5")));
}

#[test]
fn numbers_are_read_from_their_text() {
    let bet = bet(&format!(
        r#"{{"amount":10.10,"coefficient":2.00,"lobby_id":7,"round":3,"bet_id":"{BET}"}}"#
    ));
    assert_eq!(bet.stake, stake("10.1"));
    assert_eq!(bet.auto_cash_out, Some(multiplier("2")));
    assert_eq!((bet.lobby, bet.round), (Some(lobby(7)), Some(3)));
    assert_eq!(bet.bet, Some(BET.parse::<BetId>().unwrap()));
}

#[test]
fn nothing_null_zero_and_blank_name_no_lobby() {
    for lobby in ["", r#""lobby_id":null,"#, r#""lobby_id":0,"#, r#""lobby_id":"","#] {
        let bet = bet(&format!(r#"{{{lobby}"amount":1,"coefficient":"","bet_id":"","token":""}}"#));
        assert_eq!((bet.lobby, bet.auto_cash_out, bet.bet), (None, None, None), "{lobby}");
        assert!(bet.token.is_none(), "{lobby}");
    }
    assert_eq!(
        read("joinRoom", r#"{"lobby_id":"0"}"#),
        Ok(ClientMessage::JoinRoom(JoinRoom { token: None, lobby: None }))
    );
}

#[test]
fn a_lobby_that_cannot_exist_does_not_exist() {
    for text in [r#""four""#, "-1", "4.5", "9007199254740992", "[4]", r#""4/17""#] {
        let problem = read("joinRoom", &format!(r#"{{"lobby_id":{text}}}"#)).unwrap_err();
        let expected = Problem::new(Code::UnknownLobby, "Lobby does not exist");
        assert_eq!(problem, expected, "{text}");
    }
}

#[test]
fn amounts_that_are_none_are_refused() {
    let spaced = [r#"" 1""#, r#""1 ""#, r#""\t1""#, r#""  ""#];
    let others = ["-5", "0", r#""NaN""#, "1e3", "true", "{}", "99999999999999", r#""Infinity""#];
    for amount in others.into_iter().chain(spaced) {
        let found = code("place_bet", &format!(r#"{{"amount":{amount}}}"#));
        assert_eq!(found, Code::InvalidAmount, "{amount}");
    }
    assert_eq!(code("place_bet", "{}"), Code::InvalidAmount);
    assert_eq!(code("place_bet", r#"{"amount":1.005}"#), Code::TooPrecise);
}

#[test]
fn targets_that_are_none_are_refused() {
    for target in ["1", "1.00", "0.5", "-2", r#""NaN""#, "[2]", r#"" 2""#, r#""2 ""#] {
        let found = code("place_bet", &format!(r#"{{"amount":1,"coefficient":{target}}}"#));
        assert_eq!(found, Code::InvalidTarget, "{target}");
    }
    let found = code("place_bet", r#"{"amount":1,"coefficient":1.505}"#);
    assert_eq!(found, Code::TooPrecise);
    for blank in ["null", r#""""#, r#""  ""#] {
        let bet = bet(&format!(r#"{{"amount":1,"coefficient":{blank}}}"#));
        assert_eq!(bet.auto_cash_out, None, "{blank}");
    }
}

#[test]
fn what_is_no_message_is_refused_by_kind() {
    assert_eq!(code("shout", "{}"), Code::UnknownType);
    assert_eq!(code("withdraw", "null"), Code::Malformed);
    assert_eq!(code("withdraw", "[1]"), Code::Malformed);
    assert_eq!(code("withdraw", r#"{"bet_id":"17"}"#), Code::Malformed);
    let nil = r#"{"bet_id":"00000000-0000-0000-0000-000000000000"}"#;
    assert_eq!(code("withdraw", nil), Code::Malformed);
    assert_eq!(code("place_bet", r#"{"amount":1,"round":-3}"#), Code::Malformed);
    assert_eq!(code("withdraw", r#"{"token":5}"#), Code::Unauthenticated);
}

#[test]
fn a_field_that_is_there_twice_is_refused_also_one_we_do_not_know() {
    for fields in [
        r#""amount":"1","amount":"2""#,
        r#""amount":1,"token":"ann","token":"bob""#,
        r#""amount":1,"coefficient":2,"coefficient":2"#,
        r#""amount":1,"user_id":1,"user_id":2"#,
        // The same name, written in two ways.
        r#""amount":1,"\u0061mount":2"#,
    ] {
        assert_eq!(code("place_bet", &format!("{{{fields}}}")), Code::Malformed, "{fields}");
    }
    assert_eq!(code("joinRoom", r#"{"lobby_id":4,"lobby_id":5}"#), Code::Malformed);
    assert_eq!(code("withdraw", r#"{"lobby_id":4,"lobby_id":5}"#), Code::Malformed);
}

#[test]
fn a_handshake_has_one_token_or_none() {
    assert_eq!(token_of_auth(r#"{"token":"ann","x":{}}"#).unwrap().expose(), "ann");
    for auth in [
        "",
        "null",
        "{}",
        "[]",
        r#""ann""#,
        r#"{"token":""}"#,
        r#"{"token":7}"#,
        "{\"token\":",
        r#"{"token":"ann","token":"bob"}"#,
    ] {
        assert!(token_of_auth(auth).is_none(), "{auth}");
    }
}

#[test]
fn the_lobby_joined_fills_in_only_where_none_is_named() {
    let named = read("withdraw", r#"{"lobby_id":4}"#).unwrap().in_lobby(Some(lobby(5)));
    assert_eq!(named.lobby(), Some(lobby(4)));
    let unnamed = read("withdraw", "{}").unwrap().in_lobby(Some(lobby(5)));
    assert_eq!(unnamed.lobby(), Some(lobby(5)));
}

#[test]
fn a_token_does_not_show_itself() {
    let message = read("withdraw", r#"{"token":"hush"}"#).unwrap();
    assert!(!format!("{message:?}").contains("hush"));
}

/// The event's name and the text of its data.
fn on_the_wire(event: &ServerEvent) -> (String, String) {
    (event.name().into_owned(), event.json().unwrap())
}

fn named(name: &str, data: &str) -> (String, String) {
    (name.to_owned(), data.to_owned())
}

#[test]
fn events_about_bets_have_the_originals_names_and_data() {
    let player = PlayerId::new(7).unwrap().into();
    let bet_id = BET.parse::<BetId>().unwrap().into();
    let (lobby_id, round) = (lobby(4).into(), 17);
    let placed = BetPlaced {
        user_id: player,
        amount: stake("10.50").into(),
        coefficient: None,
        bet_id,
        lobby_id,
        round,
    };
    let won = BetResult {
        user_id: player,
        result: BetOutcome::Win,
        payout: Some(Amount::parse("15.0150").unwrap().into()),
        coefficient: Some(multiplier("1.43").into()),
        bet_id,
        lobby_id,
        round,
    };
    let lost = BetResult { result: BetOutcome::Lost, payout: None, coefficient: None, ..won };
    let head = format!(r#""bet_id":"{BET}","lobby_id":4,"round":17}}"#);
    let placed_data = format!(r#"{{"user_id":7,"amount":10.5,"coefficient":null,{head}"#);
    let won_data =
        format!(r#"{{"user_id":7,"result":"win","payout":15.015,"coefficient":1.43,{head}"#);
    let lost_data = format!(r#"{{"user_id":7,"result":"lost",{head}"#);
    let cases = [
        (ServerEvent::BetPlaced(placed), named("bet_placed", &placed_data)),
        (ServerEvent::BetResult(won), named("bet_result", &won_data)),
        (ServerEvent::BetResult(lost), named("bet_result", &lost_data)),
        (
            ServerEvent::WithdrawRequested(player),
            named("withdraw_requested", r#"{"user_id":7,"message":"Withdraw requested"}"#),
        ),
        (
            ServerEvent::Error(Problem::new(Code::Unauthenticated, "Invalid token")),
            named("error", r#"{"message":"Invalid token","code":"unauthenticated"}"#),
        ),
    ];
    for (event, expected) in cases {
        assert_eq!(on_the_wire(&event), expected);
    }
}

#[test]
fn events_about_rounds_have_the_originals_names_and_data() {
    let (lobby_id, round) = (lobby(4).into(), 17);
    let opened = RoundOpened { lobby_id, round, closes_in_ms: None };
    let crashed = RoundCrashed { lobby_id, round, coefficient: multiplier("2.50").into() };
    let cases = [
        (
            ServerEvent::Connected,
            named("connected", r#"{"message":"WebSocket connection established"}"#),
        ),
        (
            ServerEvent::CoefficientUpdate(multiplier("1.00").into()),
            named("coefficient_update", r#"{"coefficient":1}"#),
        ),
        (
            ServerEvent::RoundOpened(opened),
            named("round_opened", r#"{"lobby_id":4,"round":17,"closes_in_ms":null}"#),
        ),
        (
            ServerEvent::RoundStarted(RoundName { lobby_id, round }),
            named("round_started", r#"{"lobby_id":4,"round":17}"#),
        ),
        (
            ServerEvent::Crashed(crashed),
            named("crashed", r#"{"lobby_id":4,"round":17,"coefficient":2.5}"#),
        ),
    ];
    for (event, expected) in cases {
        assert_eq!(on_the_wire(&event), expected);
    }
}

#[test]
fn joining_is_told_by_name_then_by_snapshot() {
    let event = ServerEvent::JoinedRoom(lobby(4).into());
    assert_eq!(event.name(), "Joined room: 4");
    assert_eq!(event.json(), None);
    assert_eq!(event.acknowledgement(), r#""Joined room: 4""#);
    let snapshot: Value = json!({ "lobby_id": 4, "phase": "open", "round": 17 });
    let event = ServerEvent::Joined { lobby: lobby(4).into(), snapshot };
    assert_eq!(event.json().unwrap(), r#"{"lobby_id":4,"phase":"open","round":17}"#);
}

#[test]
fn an_acknowledgement_is_the_answer_or_the_refusal() {
    let refused = ServerEvent::Error(Problem::new(Code::UnknownLobby, "Lobby does not exist"));
    assert_eq!(
        refused.acknowledgement(),
        r#"{"error":"Lobby does not exist","code":"unknown_lobby"}"#
    );
    let requested = ServerEvent::WithdrawRequested(PlayerId::new(7).unwrap().into());
    assert_eq!(requested.acknowledgement(), requested.json().unwrap());
}
