//! Round trips, and what must not come in.

use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::*;

fn refused<T: DeserializeOwned>(json: &str) -> Code {
    let error = serde_json::from_str::<T>(json).err().unwrap();
    Problem::from_json_error(&error).code
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// The bytes of a bet's id: any but all zero.
fn named() -> impl Strategy<Value = [u8; 16]> {
    any::<[u8; 16]>().prop_filter("nil names no bet", |bytes| bytes != &[0; 16])
}

#[test]
fn the_nil_uuid_names_no_bet() {
    let nil = "\"00000000-0000-0000-0000-000000000000\"";
    assert_eq!(refused::<WireBetId>(nil), Code::Malformed);
    let first = "\"00000000-0000-0000-0000-000000000001\"";
    assert!(serde_json::from_str::<WireBetId>(first).is_ok());
}

#[test]
fn numbers_go_out_without_exponent_or_trailing_zeros() {
    let amount = |units| written(&WireAmount(Amount::from_units(units)));
    assert_eq!(amount(0), "0");
    assert_eq!(amount(1), "0.0001");
    assert_eq!(amount(-15_000), "-1.5");
    assert_eq!(amount(1_000_000_000_000_000), "100000000000");
    let multiplier = |centi| written(&WireMultiplier(Multiplier::from_centi(centi).unwrap()));
    assert_eq!(multiplier(100), "1");
    assert_eq!(multiplier(110), "1.1");
    assert_eq!(multiplier(1_000_000), "10000");
    assert_eq!(written(&WireStake(Stake::MIN)), "0.01");
}

#[test]
fn numbers_come_in_as_numbers_or_strings() {
    for json in ["10.5", "\"10.5\"", "10.50", "\"10.5000\""] {
        let WireStake(stake) = serde_json::from_str(json).unwrap();
        assert_eq!(stake.steps(), 1_050, "{json}");
    }
    let WireAmount(amount) = serde_json::from_str("-0.0001").unwrap();
    assert_eq!(amount.units(), -1);
}

#[test]
fn nasty_numbers_are_refused_by_their_code() {
    let nasty = [
        "1e3",
        "1E3",
        "\"1e3\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"-Infinity\"",
        "\"\"",
        "\" 1\"",
        "\"+1\"",
        "\"01\"",
        "\"1.\"",
        "\".5\"",
        "\"0x10\"",
        "\"1_000\"",
        "\"١\"",
        "null",
        "true",
        "[1]",
        "{}",
        "{\"$serde_json::private::Number\":\"x\"}",
        "999999999999",
        "\"--1\"",
    ];
    for json in nasty {
        assert!(serde_json::from_str::<WireAmount>(json).is_err(), "{json}");
        assert!(serde_json::from_str::<WireStake>(json).is_err(), "{json}");
        assert!(serde_json::from_str::<WireMultiplier>(json).is_err(), "{json}");
    }
    assert_eq!(refused::<WireStake>("1.001"), Code::TooPrecise);
    assert_eq!(refused::<WireStake>("0"), Code::InvalidAmount);
    assert_eq!(refused::<WireStake>("-1"), Code::InvalidAmount);
    assert_eq!(refused::<WireStake>("1e3"), Code::InvalidAmount);
    assert_eq!(refused::<WireStake>("null"), Code::InvalidAmount);
    assert_eq!(refused::<WireAmount>("1.00001"), Code::TooPrecise);
    assert_eq!(refused::<WireMultiplier>("0.99"), Code::InvalidTarget);
    assert_eq!(refused::<WireMultiplier>("\"abc\""), Code::InvalidTarget);
    assert_eq!(refused::<WireBetId>("\"abc\""), Code::Malformed);
    assert_eq!(refused::<WireLobbyId>("0"), Code::Malformed);
    assert_eq!(refused::<WireLobbyId>("9007199254740992"), Code::Malformed);
}

#[test]
fn a_problem_survives_a_struct_around_it() {
    #[derive(Debug, Deserialize)]
    struct Body {
        #[expect(dead_code, reason = "only its refusal is looked at")]
        amount: WireStake,
    }
    let error = serde_json::from_str::<Body>("{\n \"amount\": 1.005}").unwrap_err();
    let problem = Problem::from_json_error(&error);
    assert_eq!(problem, Problem::new(Code::TooPrecise, "The number has too many decimals"));
    let error = serde_json::from_str::<Body>("{").unwrap_err();
    assert_eq!(Problem::from_json_error(&error).code, Code::Malformed);
}

proptest! {
    #[test]
    fn amounts_come_back_as_they_went(units in -1_000_000_000_000_000_i64..=1_000_000_000_000_000) {
        // 10^11 whole units have twelve digits: they go out, but do not come in.
        prop_assume!(units.unsigned_abs() < 1_000_000_000_000_000);
        let amount = WireAmount(Amount::from_units(units));
        let text = written(&amount);
        prop_assert!(!text.contains(['e', 'E']));
        prop_assert!(!text.contains('.') || !text.ends_with('0'));
        prop_assert_eq!(serde_json::from_str::<WireAmount>(&text).unwrap(), amount);
        let value: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::from_value::<WireAmount>(value).unwrap(), amount);
        let quoted = format!("\"{text}\"");
        prop_assert_eq!(serde_json::from_str::<WireAmount>(&quoted).unwrap(), amount);
    }

    #[test]
    fn stakes_and_multipliers_come_back_as_they_went(steps in 1_u32.., centi in 100_u32..) {
        let stake = WireStake(Stake::from_steps(steps).unwrap());
        prop_assert_eq!(serde_json::from_str::<WireStake>(&written(&stake)).unwrap(), stake);
        let multiplier = WireMultiplier(Multiplier::from_centi(centi).unwrap());
        let text = written(&multiplier);
        prop_assert_eq!(serde_json::from_str::<WireMultiplier>(&text).unwrap(), multiplier);
    }

    #[test]
    fn ids_come_back_as_they_went(number in 1_u64..(1 << 53), bytes in named()) {
        let lobby = WireLobbyId(LobbyId::new(number).unwrap());
        prop_assert_eq!(serde_json::from_str::<WireLobbyId>(&written(&lobby)).unwrap(), lobby);
        let player = WirePlayerId(PlayerId::new(number).unwrap());
        let quoted = format!("\"{number}\"");
        prop_assert_eq!(serde_json::from_str::<WirePlayerId>(&quoted).unwrap(), player);
        let bet = WireBetId(BetId::from_bytes(bytes));
        prop_assert_eq!(serde_json::from_str::<WireBetId>(&written(&bet)).unwrap(), bet);
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_panics(text in "\\PC{0,24}") {
        let _ = WireAmount::parse(&text);
        let _ = WireStake::parse(&text);
        let _ = WireMultiplier::parse(&text);
        let _ = WireBetId::parse(&text);
        let _ = WireLobbyId::parse(&text);
    }
}
