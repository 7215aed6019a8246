//! Requests are read strictly whatever is sent, answers are the contract's, the list is whole.

use std::collections::HashSet;

use kernel::{Amount, PlayerId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const BET: &str = "018f3c5e-0000-7000-8000-000000000001";

fn read(frame: &str) -> Result<Request, Refused> {
    Request::parse(frame.as_bytes())
}

/// The code of a frame that is refused under the number it has.
fn code(frame: &str) -> Code {
    let refused = read(frame).expect_err(frame);
    assert_eq!(refused.id, Some(5), "{frame}: {refused:?}");
    refused.problem.code
}

/// The code of a frame whose number cannot be read.
fn nameless(frame: &[u8]) -> Code {
    let refused = Request::parse(frame).unwrap_err();
    assert_eq!(refused.id, None, "{refused:?}");
    assert!(refused.json().starts_with(r#"{"type":"refused","id":null,"#));
    refused.problem.code
}

fn bet(fields: &str) -> String {
    format!(r#"{{"type":"place_bet","id":5,"lobby_id":4,"round":17,"bet_id":"{BET}",{fields}}}"#)
}

fn lobby() -> LobbyId {
    LobbyId::new(4).unwrap()
}

fn bet_id() -> BetId {
    BET.parse().unwrap()
}

#[test]
fn every_message_is_read() {
    let bet = bet_id();
    let lobby = lobby();
    let stake = Stake::from_steps(1_050).unwrap();
    let auto_cash_out = Multiplier::from_centi(200);
    let token = Sealed::new("a.b.c".to_owned());
    let placed = Ask::PlaceBet { lobby, round: 17, bet, stake, auto_cash_out };
    let cases = [
        (r#""type":"authenticate","token":"a.b.c""#.to_owned(), Ask::Authenticate { token }),
        (r#""type":"join","lobby_id":4"#.to_owned(), Ask::Join { lobby }),
        (r#""type":"leave""#.to_owned(), Ask::Leave),
        (
            format!(
                r#""auto_cash_out":"2.0","stake":10.5,"bet_id":"{BET}","round":17,"lobby_id":4,
                "ty\u0070e":"place_bet""#
            ),
            placed,
        ),
        (
            format!(r#""type":"cancel_bet","lobby_id":4,"round":17,"bet_id":"{BET}""#),
            Ask::CancelBet { lobby, round: 17, bet },
        ),
        (
            format!(r#""type":"cash_out","lobby_id":4,"round":17,"bet_id":"{BET}""#),
            Ask::CashOut { lobby, round: 17, bet: Some(bet) },
        ),
        (
            r#""type":"cash_out","lobby_id":4,"round":17,"bet_id":null"#.to_owned(),
            Ask::CashOut { lobby, round: 17, bet: None },
        ),
        (r#""type":"sync""#.to_owned(), Ask::Sync),
        (r#""type":"ping""#.to_owned(), Ask::Ping),
    ];
    for (fields, ask) in cases {
        let (first, last) = (format!(r#"{{"id":5,{fields}}}"#), format!(r#"{{{fields},"id":5}}"#));
        for frame in [first, last] {
            assert_eq!(read(&frame), Ok(Request { id: 5, ask: ask.clone() }), "{frame}");
        }
    }
}

#[test]
fn what_is_no_flat_object_is_malformed() {
    let deep = format!(r#"{{"id":5,"type":{}"#, "[".repeat(100_000));
    let deep_object = r#"{"id":"#.repeat(1_000);
    let frames: [&[u8]; 16] = [
        b"",
        b" ",
        b"null",
        b"5",
        b"\"ping\"",
        b"[]",
        b"[{\"type\":\"ping\",\"id\":5}]",
        b"{\"type\":\"ping\",\"id\":5",
        b"{\"type\":\"ping\",\"id\":5}{}",
        b"{\"type\":\"ping\",\"id\":5,}",
        b"{'type':'ping','id':5}",
        b"{\"type\":\"ping\",\"id\":5,\"x\":{}}",
        b"{\"type\":\"p\xffng\",\"id\":5}",
        b"{\"type\":\"ping\",\"id\":5,\"\xc0\xaf\":1}",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ];
    for frame in frames {
        assert_eq!(nameless(frame), Code::Malformed, "{}", String::from_utf8_lossy(frame));
    }
}

#[test]
fn a_number_that_is_none_is_refused_under_null() {
    let numbers = [
        "null",
        "true",
        "\"5\"",
        "-1",
        "-0",
        "1.0",
        "1e3",
        "9007199254740992",
        "99999999999999999999",
        "\"\"",
    ];
    for number in numbers {
        let frame = format!(r#"{{"type":"ping","id":{number}}}"#);
        assert_eq!(nameless(frame.as_bytes()), Code::Malformed, "{number}");
    }
    assert_eq!(nameless(br#"{"type":"ping"}"#), Code::Malformed);
    assert_eq!(nameless(br#"{"id":5,"type":"ping","id":5}"#), Code::Malformed);
    assert_eq!(read(r#"{"id":0,"type":"ping"}"#).unwrap().id, 0);
    let most = read(r#"{"id":9007199254740991,"type":"ping"}"#).unwrap().id;
    assert_eq!(most, (1 << 53) - 1);
}

#[test]
fn repeated_and_unknown_fields_are_refused() {
    let frames = [
        r#"{"id":5,"type":"ping","type":"ping"}"#,
        r#"{"id":5,"type":"ping","typ\u0065":"sync"}"#,
        r#"{"id":5,"type":"ping","user_id":7}"#,
        r#"{"id":5,"type":"join","lobby_id":4,"lobby_id":4}"#,
        r#"{"id":5,"type":"join","lobby_id":4,"lobby\u005fid":5}"#,
        r#"{"id":5,"type":"join","lobby_id":4,"token":"a"}"#,
        r#"{"id":5}"#,
        r#"{"id":5,"type":null}"#,
        r#"{"id":5,"type":"join"}"#,
        r#"{"id":5,"type":"authenticate"}"#,
        r#"{"id":5,"type":"authenticate","token":5}"#,
        r#"{"id":5,"type":"authenticate","token":"\ud800"}"#,
    ];
    for frame in frames {
        assert_eq!(code(frame), Code::Malformed, "{frame}");
    }
    assert_eq!(code(&bet(r#""stake":1,"stake":100"#)), Code::Malformed);
    assert_eq!(code(&bet(r#""stake":1,"multiplier":100"#)), Code::Malformed);
    assert_eq!(code(r#"{"id":5,"type":"Ping"}"#), Code::UnknownType);
    assert_eq!(code(r#"{"id":5,"type":"place_bet ","stake":-1}"#), Code::UnknownType);
}

#[test]
fn nasty_amounts_and_targets_are_refused_by_kind() {
    let stakes = [
        "-5",
        "0",
        "0.0",
        "-0",
        "\"NaN\"",
        "\"Infinity\"",
        "1e3",
        "\"1e3\"",
        "\"+1\"",
        "\" 1\"",
        "\"01\"",
        "\"\"",
        "null",
        "true",
        "99999999999999999999",
        "\"0x10\"",
        "\"١\"",
    ];
    for stake in stakes {
        let found = code(&bet(&format!(r#""stake":{stake}"#)));
        assert_eq!(found, Code::InvalidAmount, "{stake}");
    }
    for stake in ["0.001", "1.005", "\"10.999\""] {
        assert_eq!(code(&bet(&format!(r#""stake":{stake}"#))), Code::TooPrecise, "{stake}");
    }
    let targets = ["1", "1.00", "0.5", "-2", "\"NaN\"", "\"\"", "false", "1e9"];
    for target in targets {
        let frame = bet(&format!(r#""stake":1,"auto_cash_out":{target}"#));
        assert_eq!(code(&frame), Code::InvalidTarget, "{target}");
    }
    assert_eq!(code(&bet(r#""stake":1,"auto_cash_out":1.505"#)), Code::TooPrecise);
    let none = read(&bet(r#""stake":1,"auto_cash_out":null"#)).unwrap();
    assert!(matches!(none.ask, Ask::PlaceBet { auto_cash_out: None, .. }));
}

#[test]
fn ids_are_integers_and_uuids_and_nothing_else() {
    for lobby in ["0", "-4", "\"4\"", "4.0", "4e0", "null", "9007199254740992"] {
        let frame = format!(r#"{{"id":5,"type":"join","lobby_id":{lobby}}}"#);
        assert_eq!(code(&frame), Code::Malformed, "{lobby}");
    }
    for round in ["-1", "\"17\"", "1.5", "4294967296", "null"] {
        let frame = format!(r#"{{"id":5,"type":"cash_out","lobby_id":4,"round":{round}}}"#);
        assert_eq!(code(&frame), Code::Malformed, "{round}");
    }
    let braced = format!("{{{BET}}}");
    let bare = BET.replace('-', "");
    for bet in ["", "1", BET.strip_suffix('1').unwrap(), &braced, &bare] {
        let frame =
            format!(r#"{{"id":5,"type":"cancel_bet","lobby_id":4,"round":17,"bet_id":"{bet}"}}"#);
        assert_eq!(code(&frame), Code::Malformed, "{bet}");
    }
    let without = r#"{"id":5,"type":"cancel_bet","lobby_id":4,"round":17}"#;
    assert_eq!(code(without), Code::Malformed);
}

#[test]
fn no_object_passes_for_a_number() {
    let frame = bet(r#""stake":{"$serde_json::private::Number":"5"}"#);
    assert!(read(&frame).is_err());
    let frame = bet(r#""stake":{"$serde_json::private::RawValue":"5"}"#);
    assert!(read(&frame).is_err());
}

#[test]
fn a_token_does_not_show_itself() {
    let request = read(r#"{"id":5,"type":"authenticate","token":"hush"}"#).unwrap();
    assert!(!format!("{request:?}").contains("hush"));
    let refused = read(r#"{"id":5,"type":"authenticate","token":"hush","x":1}"#).unwrap_err();
    assert!(!refused.json().contains("hush"));
}

proptest! {
    #[test]
    fn no_frame_panics_and_every_refusal_is_json(
        frame in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        if let Err(refused) = Request::parse(&frame) {
            let json: Value = serde_json::from_str(&refused.json()).unwrap();
            prop_assert_eq!(&json["type"], "refused");
        }
    }

    #[test]
    fn no_fields_panic(
        fields in proptest::collection::vec(
            ("(type|id|lobby_id|round|bet_id|stake|auto_cash_out|token|x)",
             r#"(-?[0-9]{1,3}(\.[0-9]{1,3})?|null|true|"[a-z_]{0,12}"|\[\]|\{\})"#),
            0..8,
        )
    ) {
        let fields: Vec<String> =
            fields.into_iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        let frame = format!("{{{}}}", fields.join(","));
        if let Err(refused) = read(&frame) {
            prop_assert!(serde_json::from_str::<Value>(&refused.json()).is_ok());
        }
    }
}

#[test]
fn answers_are_the_contracts() {
    let bet_id = WireBetId(bet_id());
    let multiplier = |text| WireMultiplier(Multiplier::parse(text).unwrap());
    let amount = |text| WireAmount(Amount::parse(text).unwrap());
    let stake = WireStake(Stake::parse("10.50").unwrap());
    let placed = BetPlaced {
        bet_id,
        round: 17,
        stake,
        auto_cash_out: None,
        cap: multiplier("1000"),
        balance: amount("89.5"),
    };
    let paid = PaidBet { bet_id, multiplier: multiplier("1.43"), payout: amount("15.015") };
    let ann = WirePlayerId(PlayerId::new(7).unwrap());
    let known = Authenticated { user_id: ann, username: "ann".to_owned(), expires_in: 3_599 };
    let joined = Joined { lobby_id: WireLobbyId(lobby()) };
    let head = r#"{"type":"reply","id":5"#;
    let cases = [
        (
            Answer::Authenticated(known),
            r#","user_id":7,"username":"ann","expires_in":3599}"#.to_owned(),
        ),
        (Answer::Joined(joined), r#","lobby_id":4}"#.to_owned()),
        (Answer::Synced(joined), r#","lobby_id":4}"#.to_owned()),
        (Answer::Left, "}".to_owned()),
        (
            Answer::BetPlaced(placed),
            format!(r#","bet_id":"{BET}","round":17,"stake":10.5"#)
                + r#","auto_cash_out":null,"cap":1000,"balance":89.5}"#,
        ),
        (
            Answer::BetCancelled(BetCancelled { bet_id, round: 17, stake }),
            format!(r#","bet_id":"{BET}","round":17,"stake":10.5}}"#),
        ),
        (
            Answer::CashedOut(CashedOut { cashed_out: vec![paid], stamped_ms: 5_961 }),
            format!(r#","cashed_out":[{{"bet_id":"{BET}","multiplier":1.43,"payout":15.015}}]"#)
                + r#","stamped_ms":5961}"#,
        ),
        (
            Answer::Pong(Pong { unix_ms: 1_790_000_000_000 }),
            r#","unix_ms":1790000000000}"#.to_owned(),
        ),
    ];
    for (answer, rest) in cases {
        assert_eq!(answer.json(5), format!("{head}{rest}"));
    }
    let refused = Refused::new(Some(5), Problem::new(Code::TooLate, "The round ended \"first\""));
    assert_eq!(
        refused.json(),
        r#"{"type":"refused","id":5,"code":"too_late","detail":"The round ended \"first\""}"#
    );
    let money = BalanceChanged {
        balance: amount("99999999999.9999"),
        held: amount("0"),
        currency: "PLAY".to_owned(),
    };
    let rest = r#""balance":99999999999.9999,"held":0,"currency":"PLAY"}"#;
    assert_eq!(money.json(None), format!(r#"{{"type":"balance",{rest}"#));
    let head = Head { lobby_id: WireLobbyId(lobby()), epoch: 3, seq: 9, round: 17 };
    let begin = r#"{"type":"balance","lobby_id":4,"epoch":3,"seq":9,"round":17"#;
    assert_eq!(money.json(Some(head)), format!("{begin},{rest}"));
}

#[test]
fn the_catalogue_lists_everything_once() {
    let all = catalogue();
    let names = |listed: &[Listed]| listed.iter().map(|one| one.name).collect::<Vec<_>>();
    let requests = names(&all.requests);
    assert_eq!(
        requests,
        ["authenticate", "join", "leave", "place_bet", "cancel_bet", "cash_out", "sync", "ping"]
    );
    for name in &requests {
        let frame = format!(r#"{{"id":5,"type":"{name}"}}"#);
        assert!(
            read(&frame).map_or_else(|no| no.problem.code, |_| Code::Malformed) == Code::Malformed
        );
    }
    let replies = names(&all.replies);
    assert_eq!(replies[..8], requests);
    assert_eq!(replies[8..], ["refused"]);
    let events: HashSet<_> = names(&all.events).into_iter().collect();
    assert_eq!((events.len(), all.events.len()), (12, 12));
    assert_eq!((all.codes.len(), all.close_codes.len()), (Code::ALL.len(), 8));
}

#[test]
fn schemas_of_the_catalogue_are_whole() {
    let all = catalogue();
    let known: HashSet<_> = all.schemas.iter().map(|(name, _)| name.as_str()).collect();
    let listed = all.requests.iter().chain(&all.replies).chain(&all.events);
    for one in listed {
        let schema = serde_json::to_value(&one.schema).unwrap();
        assert!(schema["properties"]["type"].is_object(), "{}", one.name);
        assert_eq!(schema["required"][0], "type", "{}", one.name);
        let text = schema.to_string();
        let references = text.split("#/components/schemas/").skip(1);
        for name in references.filter_map(|rest| rest.split('"').next()) {
            assert!(known.contains(name), "{} refers to {name}", one.name);
        }
    }
    let bet = all.requests.iter().find(|one| one.name == "place_bet").unwrap();
    let bet = serde_json::to_value(&bet.schema).unwrap();
    let required = json!(["type", "id", "lobby_id", "round", "bet_id", "stake"]);
    assert_eq!(bet["required"], required);
    assert_eq!(bet["additionalProperties"], false);
}
