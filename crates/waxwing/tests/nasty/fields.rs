//! One field of a bet at a time that cannot be, over both kinds of sockets.

use serde_json::{Value, json};

use super::{Table, code};
use crate::harness::Place;
use crate::load::socket_io::Socket;
use crate::plain::client::{Plain, bet_id};

/// The field of a `place_bet` by its name in `waxwing.v1` and in the original's protocol, what
/// stands there, and the codes that either answers with; none where the original takes it.
const CASES: &[(&str, &str, &str, Option<&str>)] = &[
    ("stake", "-1", "invalid_amount", Some("invalid_amount")),
    ("stake", "\"-1\"", "invalid_amount", Some("invalid_amount")),
    ("stake", "-0.01", "invalid_amount", Some("invalid_amount")),
    ("stake", "0", "invalid_amount", Some("invalid_amount")),
    ("stake", "0.00", "invalid_amount", Some("invalid_amount")),
    ("stake", "\"NaN\"", "invalid_amount", Some("invalid_amount")),
    ("stake", "\"Infinity\"", "invalid_amount", Some("invalid_amount")),
    ("stake", "1e3", "invalid_amount", Some("invalid_amount")),
    ("stake", "1E400", "invalid_amount", Some("invalid_amount")),
    ("stake", "\"1,5\"", "invalid_amount", Some("invalid_amount")),
    ("stake", "\"0x10\"", "invalid_amount", Some("invalid_amount")),
    ("stake", "\" 1\"", "invalid_amount", Some("invalid_amount")),
    ("stake", "\"٣\"", "invalid_amount", Some("invalid_amount")),
    ("stake", "\"\"", "invalid_amount", Some("invalid_amount")),
    ("stake", "null", "invalid_amount", Some("invalid_amount")),
    ("stake", "true", "invalid_amount", Some("invalid_amount")),
    ("stake", "0.001", "too_precise", Some("too_precise")),
    ("stake", "1.0001", "too_precise", Some("too_precise")),
    ("stake", "42949672.96", "invalid_amount", Some("invalid_amount")),
    ("stake", "99999999999999999999", "invalid_amount", Some("invalid_amount")),
    ("stake", "42949672.95", "above_max", Some("above_max")),
    ("stake", "100.01", "insufficient_funds", Some("insufficient_funds")),
    ("auto_cash_out", "1", "invalid_target", Some("invalid_target")),
    ("auto_cash_out", "1.00", "invalid_target", Some("invalid_target")),
    ("auto_cash_out", "0", "invalid_target", Some("invalid_target")),
    ("auto_cash_out", "-2", "invalid_target", Some("invalid_target")),
    ("auto_cash_out", "\"NaN\"", "invalid_target", Some("invalid_target")),
    ("auto_cash_out", "1e1", "invalid_target", Some("invalid_target")),
    ("auto_cash_out", "1.005", "too_precise", Some("too_precise")),
    ("lobby_id", "999999", "unknown_lobby", Some("unknown_lobby")),
    ("lobby_id", "-1", "malformed", Some("unknown_lobby")),
    ("lobby_id", "1.5", "malformed", Some("unknown_lobby")),
    ("lobby_id", "9007199254740992", "malformed", Some("unknown_lobby")),
    ("lobby_id", "\"one\"", "malformed", Some("unknown_lobby")),
    ("round", "99", "wrong_round", Some("wrong_round")),
    ("round", "0", "wrong_round", Some("wrong_round")),
    ("round", "-1", "malformed", Some("malformed")),
    ("round", "4294967296", "malformed", Some("malformed")),
    ("round", "\"first\"", "malformed", Some("malformed")),
    ("bet_id", "\"1\"", "malformed", Some("malformed")),
    ("bet_id", "7", "malformed", Some("malformed")),
    ("bet_id", "\"018f3c5e00007000800000000000000a\"", "malformed", Some("malformed")),
    ("bet_id", "\"00000000-0000-0000-0000-000000000000\"", "malformed", Some("malformed")),
    ("user_id", "1", "malformed", None),
];

/// A valid bet with `field` replaced by JSON text.
fn spoiled<'a>(mut fields: Vec<(&'a str, String)>, field: &'a str, json: &str) -> String {
    match fields.iter_mut().find(|(name, _)| *name == field) {
        Some((_, value)) => json.clone_into(value),
        None => fields.push((field, json.to_owned())),
    }
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_with_one_bad_field_is_refused_by_its_code_on_waxwing_v1() {
    let place = Place::new();
    let table = Table::at(&place).await;
    let lobby = table.caller.lobby(&table.ann, json!({})).await;
    let (mut socket, _) = Plain::at_the_table(&table.server.base, &table.ann, lobby).await;
    for (field, json, expected, _) in CASES {
        let fields = vec![
            ("lobby_id", lobby.to_string()),
            ("round", "1".to_owned()),
            ("bet_id", format!("\"{}\"", bet_id(1))),
            ("stake", "1".to_owned()),
            ("auto_cash_out", "\"2.00\"".to_owned()),
        ];
        let bet: Value = serde_json::from_str(&spoiled(fields, field, json)).unwrap();
        let refused = socket.answer("place_bet", bet).await;
        assert_eq!(refused["type"], "refused", "{field} {json}: {refused}");
        assert_eq!(code(&refused), *expected, "{field} {json}: {refused}");
    }
    table.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_with_one_bad_field_is_refused_by_its_code_on_socket_io() {
    let place = Place::new();
    let table = Table::at(&place).await;
    let lobby = table.caller.lobby(&table.ann, json!({})).await;
    let socket = Socket::join(&table.server.base, lobby).await.unwrap();
    for (field, json, _, expected) in CASES {
        let Some(expected) = expected else { continue };
        let original = match *field {
            "stake" => "amount",
            "auto_cash_out" => "coefficient",
            same => same,
        };
        let fields = vec![
            ("token", format!("\"{}\"", table.ann.token)),
            ("lobby_id", lobby.to_string()),
            ("round", "1".to_owned()),
            ("bet_id", format!("\"{}\"", bet_id(1))),
            ("amount", "1".to_owned()),
            ("coefficient", "\"2.00\"".to_owned()),
        ];
        let bet: Value = serde_json::from_str(&spoiled(fields, original, json)).unwrap();
        let refused = socket.call("place_bet", bet).await.unwrap();
        assert_eq!(code(&refused), *expected, "{original} {json}: {refused}");
    }
    table.assert_untouched().await;
}

/// Whoever reads the first of two fields and whoever reads the last would see two bets.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_there_twice_is_malformed_on_both_kinds_of_sockets() {
    let place = Place::new();
    let table = Table::at(&place).await;
    let lobby = table.caller.lobby(&table.ann, json!({})).await;
    let (mut plain, _) = Plain::at_the_table(&table.server.base, &table.ann, lobby).await;
    let head = format!("\"lobby_id\":{lobby},\"round\":1,\"bet_id\":\"{}\"", bet_id(1));
    let bet = format!("{{\"type\":\"place_bet\",\"id\":9,{head},\"stake\":1,\"stake\":2}}");
    let refused = plain.answer_to(&bet, 9).await;
    assert_eq!(code(&refused), "malformed", "{refused}");
    let socket = Socket::join(&table.server.base, lobby).await.unwrap();
    let head = format!("{head},\"token\":\"{}\"", table.ann.token);
    for twice in ["\"amount\":1,\"amount\":2", "\"amount\":1,\"user_id\":1,\"user_id\":2"] {
        let refused = socket.ask_text("place_bet", &format!("{{{head},{twice}}}")).await.unwrap();
        assert_eq!(code(&refused), "malformed", "{twice}: {refused}");
    }
    table.assert_untouched().await;
}
