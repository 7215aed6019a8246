//! Honest rounds of every ending verify; each single field changed does not.

mod forge;

use serde_json::{Value, json};

use super::{VerifyError, multiplier, round};
use forge::{crash_point, interrupted, open, released, settled, topped, voided};

/// The name of the check that `export` fails.
fn failing(export: &Value) -> String {
    match round(&export.to_string()) {
        Ok(report) => panic!("verified: {report:?}\n{export}"),
        Err(VerifyError::Failed { check, .. }) => check.to_owned(),
        Err(other) => other.to_string(),
    }
}

fn with(mut export: Value, pointer: &str, value: Value) -> Value {
    let parent = pointer.rsplit_once('/').unwrap();
    let object = export.pointer_mut(parent.0).unwrap_or_else(|| panic!("{pointer}"));
    match object {
        Value::Array(items) => items[parent.1.parse::<usize>().unwrap()] = value,
        object => object[parent.1] = value,
    }
    export
}

fn without(mut export: Value, pointer: &str) -> Value {
    let parent = pointer.rsplit_once('/').unwrap();
    let object = export.pointer_mut(parent.0).unwrap().as_object_mut().unwrap();
    assert!(object.shift_remove(parent.1).is_some(), "{pointer}");
    export
}

#[test]
fn honest_rounds_of_every_ending_verify() {
    for export in [settled(), topped(), interrupted(), released(), voided(), open()] {
        let report = round(&export.to_string()).unwrap_or_else(|error| panic!("{error}\n{export}"));
        assert!(report.iter().any(|line| line.contains("not anchored")), "{report:?}");
        assert!(report.iter().any(|line| line.starts_with("commitment: signed")), "{report:?}");
    }
}

#[test]
fn the_report_says_what_was_checked() {
    let report = round(&settled().to_string()).unwrap();
    let begins: Vec<_> = report.iter().map(|line| line.split(':').next().unwrap()).collect();
    let expected = [
        "round 4/17",
        "commitment",
        "public seed",
        "seed",
        "crash point",
        "climb",
        "accepted set",
        "bets",
    ];
    assert_eq!(begins, expected);
    let unfinished = round(&open().to_string()).unwrap();
    assert!(unfinished.last().unwrap().starts_with("not checked"));
}

#[test]
fn a_change_of_the_promise_is_found() {
    let hex = |byte: &str, bytes: usize| json!(byte.repeat(bytes));
    for (pointer, value) in [
        ("/lobby_id", json!(5)),
        ("/house_edge_bps", json!(0)),
        ("/commitment/lobby_id", json!(5)),
        ("/commitment/chain", json!(2)),
        ("/commitment/terminal", hex("ab", 32)),
        ("/commitment/terminal", json!("short")),
        ("/commitment/length", json!(51)),
        ("/commitment/house_edge_bps", json!(99)),
        ("/commitment/formula", json!(2)),
        ("/commitment/public_key", hex("cd", 32)),
        ("/commitment/signature", hex("ef", 64)),
    ] {
        for export in [settled(), interrupted(), voided(), open()] {
            assert_eq!(failing(&with(export, pointer, value.clone())), "commitment", "{pointer}");
        }
    }
    let both =
        with(with(settled(), "/house_edge_bps", json!(0)), "/commitment/house_edge_bps", json!(0));
    assert_eq!(failing(&both), "commitment");
}

#[test]
fn a_change_of_the_outcome_is_found() {
    for (pointer, value, check) in [
        ("/anchored", json!(true), "public seed"),
        ("/public_seed", json!("any text"), "public seed"),
        ("/public_seed", json!("ab".repeat(32)), "crash point"),
        ("/seed", json!("ab".repeat(32)), "seed"),
        ("/seed", json!("AB"), "seed"),
        ("/seed_index", json!(0), "seed"),
        ("/seed_index", json!(1), "seed"),
        ("/seed_index", json!(51), "seed"),
        ("/crash_point", json!(1.01), "crash point"),
        ("/multiplier", json!(1.01), "climb"),
        ("/multiplier_max", json!(1.5), "climb"),
        ("/interrupted_at", json!(1.5), "climb"),
    ] {
        assert_eq!(failing(&with(settled(), pointer, value)), check, "{pointer}");
    }
    for (pointer, check) in [
        ("/seed", "seed"),
        ("/seed_index", "seed"),
        ("/public_seed", "public seed"),
        ("/crash_point", "crash point"),
        ("/multiplier", "climb"),
        ("/bets_hash", "accepted set"),
    ] {
        assert_eq!(failing(&without(settled(), pointer)), check, "{pointer}");
    }
}

#[test]
fn a_change_of_the_accepted_set_is_found() {
    for (pointer, value) in [
        ("/count", json!(4)),
        ("/stake_sum", json!(41)),
        ("/payout_sum", json!(1)),
        ("/bets_hash", json!("ab".repeat(32))),
        ("/bets/0/user_id", json!(99)),
        ("/bets/0/bet_id", json!("00000000-0000-0000-0000-0000000000ff")),
        ("/bets/0/stake", json!(11)),
        ("/bets/0/auto_cash_out", json!(1.49)),
        ("/bets/2/auto_cash_out", json!(900)),
    ] {
        assert_eq!(failing(&with(settled(), pointer, value)), "accepted set", "{pointer}");
    }
    let mut fewer = settled();
    fewer["bets"].as_array_mut().unwrap().pop();
    assert_eq!(failing(&fewer), "accepted set");
    let first = settled()["bets"][0].clone();
    assert_eq!(failing(&with(settled(), "/bets/1", first)), "accepted set");
}

#[test]
fn a_bet_that_ended_wrongly_is_found() {
    // Payouts with their sum, so that only the rule of the bet itself is left to object.
    let paid = |place: usize, multiplier: Value, payout: i64| {
        let mut export = with(settled(), &format!("/bets/{place}/multiplier"), multiplier);
        let before = export["bets"][place]["payout"].as_i64().unwrap_or(0);
        let sum = export["payout_sum"].as_i64().unwrap() - before + payout;
        export["bets"][place]["state"] = json!("cashed_out");
        export["bets"][place]["payout"] = json!(payout);
        export["payout_sum"] = json!(sum);
        failing(&export)
    };
    assert_eq!(paid(1, json!(2), 41), "bets", "another payout than stake × multiplier");
    assert_eq!(paid(1, json!(11), 220), "bets", "above the crash point");
    assert_eq!(paid(1, json!(1), 20), "bets", "below the least cash-out");
    assert_eq!(paid(0, json!(2), 20), "bets", "past its own target");
    assert_eq!(failing(&with(settled(), "/bets/1/multiplier", json!(2.5))), "bets");
    assert_eq!(failing(&with(settled(), "/bets/2/multiplier", json!(2))), "bets");
    assert_eq!(failing(&with(settled(), "/bets/2/payout", json!(1))), "bets");
    for state in ["accepted", "cancelled", "lost", "released"] {
        let check = failing(&with(settled(), "/bets/0/state", json!(state)));
        assert!(["bets", "accepted set"].contains(&check.as_str()), "{state}: {check}");
    }
}

#[test]
fn a_loss_that_had_to_be_paid_is_found() {
    let lost = |mut export: Value| {
        let bet = export["bets"][0].as_object_mut().unwrap();
        bet.shift_remove("multiplier");
        let payout = bet.shift_remove("payout").unwrap().as_i64().unwrap();
        bet.insert("state".to_owned(), json!("lost"));
        export["payout_sum"] = json!(export["payout_sum"].as_i64().unwrap() - payout);
        failing(&export)
    };
    assert_eq!(lost(settled()), "bets", "its target was reached");
    assert_eq!(lost(topped()), "bets", "the climb ended at multiplier_max");
}

#[test]
fn a_change_of_an_interruption_is_found() {
    let crash = json!(crash_point().to_string());
    for (pointer, value, check) in [
        ("/interrupted_at", json!(1.4), "interruption"),
        ("/interrupted_at", crash.clone(), "interruption"),
        ("/multiplier", json!(1.7), "interruption"),
        ("/crash_point", json!(1.7), "crash point"),
        ("/seed", json!("ab".repeat(32)), "seed"),
        ("/bets/1/payout", json!(39), "accepted set"),
        ("/bets/1/multiplier", json!(1.7), "bets"),
        ("/bets/1/state", json!("lost"), "accepted set"),
        ("/state", json!("settled"), "climb"),
        ("/state", json!("voided"), "seed"),
        ("/state", json!("running"), "seed"),
    ] {
        assert_eq!(failing(&with(interrupted(), pointer, value)), check, "{pointer}");
    }
    let late = with(with(interrupted(), "/interrupted_at", crash.clone()), "/multiplier", crash);
    assert_eq!(failing(&late), "interruption", "the crash point was reached");
    assert_eq!(failing(&with(released(), "/bets/0/state", json!("cashed_out"))), "accepted set");
    assert_eq!(failing(&with(released(), "/bets/0/payout", json!(11))), "bets");
    assert_eq!(failing(&with(released(), "/payout_sum", json!(0))), "accepted set");
}

#[test]
fn a_voided_or_unfinished_round_that_tells_is_found() {
    for (pointer, value, check) in [
        ("/seed", json!("ab".repeat(32)), "seed"),
        ("/crash_point", json!(2), "crash point"),
        ("/multiplier", json!(2), "crash point"),
        ("/count", json!(1), "void"),
        ("/stake_sum", json!(1), "void"),
        ("/bets/0/state", json!("lost"), "void"),
    ] {
        assert_eq!(failing(&with(voided(), pointer, value)), check, "{pointer}");
    }
    assert_eq!(failing(&with(open(), "/seed", json!("ab".repeat(32)))), "seed");
    assert_eq!(failing(&with(open(), "/crash_point", json!(2))), "crash point");
    let crashed = with(with(open(), "/state", json!("crashed")), "/crash_point", json!(2));
    assert!(round(&crashed.to_string()).is_ok(), "from the crash on the crash point is told");
}

#[test]
fn what_is_not_an_export_is_refused() {
    for text in ["", "{}", "[]", "null", "{\"lobby_id\":4}"] {
        assert!(matches!(round(text), Err(VerifyError::Export(_))), "{text}");
    }
}

#[test]
fn a_formula_is_called_by_its_name() {
    let hash = "39b6c0b2ed6caad21580e2f76514e1eabf6e2aed57079cbd36a58c35091005d9";
    let salt = "0000000000000000001b34dc6a1e86083f95500b096231436e9b25cbdd0075c4";
    assert_eq!(multiplier("stake_crash", hash, salt, 100).unwrap(), "6.46");
    let zeros = "0".repeat(64);
    assert_eq!(multiplier("waxwing", &zeros, &zeros, 100).unwrap(), "1.73");
    assert_eq!(multiplier("waxwing", &zeros, &zeros, 300).unwrap(), "1.70");
    let edge = multiplier("waxwing", &zeros, &zeros, 10_000);
    assert!(matches!(edge, Err(VerifyError::HouseEdge)));
    assert!(matches!(multiplier("waxwing", "zz", "", 100), Err(VerifyError::Hash(_))));
    assert!(matches!(multiplier("stake_crash", "zz", "", 100), Err(VerifyError::Site(_))));
    let unknown = multiplier("dice", &zeros, "", 100).unwrap_err().to_string();
    assert!(unknown.contains("waxwing, bustabit_v1"), "{unknown}");
}
