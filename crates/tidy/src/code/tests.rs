//! Blanking keeps code and line numbers, and nothing of what is said or quoted.

use super::*;

#[test]
fn comments_and_literals_are_blanked() {
    let text = "let a = \"room\"; // room
/* room /* room */ room */ let b = 'r';
let c = r#\"room \" room\"#;";
    let code = code_only(text);
    assert!(!code.contains("room"), "{code}");
    assert_eq!(code.lines().count(), 3);
    for kept in ["let a =", "let b =", "let c ="] {
        assert!(code.contains(kept), "{code}");
    }
}

#[test]
fn lifetimes_and_escapes_do_not_open_literals() {
    let code = code_only("fn f<'a>(x: &'a str) -> char { '\\'' } // gone\nlet y = \"a\\\"b\"; end");
    assert!(code.contains("fn f<'a>(x: &'a str)"), "{code}");
    assert!(code.contains("end"), "{code}");
    assert!(!code.contains("gone"), "{code}");
}

#[test]
fn an_identifier_that_ends_in_r_is_no_raw_string() {
    let code = code_only("number\"text\" b\"bytes\" r\"raw\" r#type");
    assert!(code.contains("number") && code.contains("r#type"), "{code}");
    assert!(!code.contains("text") && !code.contains("bytes") && !code.contains("raw"), "{code}");
}

#[test]
fn identifiers_carry_their_lines() {
    let found: Vec<_> = identifiers("let stake_min = 1;\nfoo(Bar)").collect();
    assert_eq!(found, [(1, "let"), (1, "stake_min"), (2, "foo"), (2, "Bar")]);
}

#[test]
fn words_split_snakes_and_camels() {
    assert_eq!(words("CashOutMin"), ["cash", "out", "min"]);
    assert_eq!(words("cash_out_min"), ["cash", "out", "min"]);
    assert_eq!(words("SQLITE_ROW"), ["sqlite", "row"]);
}
