//! Exceptions excuse what they name and nothing else, and do not outlive their need.

use super::*;

const LONG: Exception = Exception { rule: "files_are_short", path: "crates/a/", reason: "test" };

fn finding(rule: &'static str, path: &str) -> Finding {
    Finding::whole(rule, path, "is wrong")
}

#[test]
fn an_exception_excuses_its_rule_in_its_place() {
    let here = finding("files_are_short", "crates/a/src/lib.rs");
    let there = finding("files_are_short", "crates/b/src/lib.rs");
    let other = finding("lines_are_short", "crates/a/src/lib.rs");
    let left = excused(vec![here, there.clone(), other.clone()], &[LONG]);
    assert_eq!(left, [there, other]);
}

#[test]
fn an_exception_nobody_needs_is_found() {
    let left = excused(Vec::new(), &[LONG]);
    assert_eq!(left.len(), 1);
    assert!(left[0].message.contains("no longer needed"), "{}", left[0]);
}

#[test]
fn every_exception_has_a_reason() {
    for exception in EXCEPTIONS {
        assert!(exception.reason.len() > 20, "{exception:?}");
    }
}
