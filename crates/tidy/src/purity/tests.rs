//! Impure code, seen found.

use super::*;

#[test]
fn a_clock_in_a_pure_crate_is_found() {
    let text = "//! A.\nuse std::time::Instant;\n";
    assert_eq!(pure_crates_touch_nothing("crates/engine/src/lobby.rs", text).len(), 1);
    assert_eq!(pure_crates_touch_nothing("crates/engine/src/lobby/tests.rs", text), []);
    assert_eq!(pure_crates_touch_nothing("crates/platform/src/clock.rs", text), []);
}

#[test]
fn async_in_a_pure_crate_is_found() {
    let text = "pub async fn handle() {}\n// .await in words is fine\n";
    assert_eq!(pure_crates_touch_nothing("crates/ledger/src/decide.rs", text).len(), 1);
}

#[test]
fn a_pure_crate_that_does_not_refuse_floats_is_found() {
    assert_eq!(pure_crates_touch_nothing("crates/kernel/src/lib.rs", "//! A.\n").len(), 1);
    let refusing = format!("//! A.\n{NO_FLOATS}\n");
    assert_eq!(pure_crates_touch_nothing("crates/kernel/src/lib.rs", &refusing), []);
}

#[test]
fn an_unknown_dependency_of_a_pure_crate_is_found() {
    let package = |name: &str, other: &str| Package {
        name: name.to_owned(),
        manifest: format!("crates/{name}/Cargo.toml"),
        ours: Vec::new(),
        ours_in_code: Vec::new(),
        others: vec![other.to_owned()],
    };
    assert_eq!(outside_dependencies_are_known(&[package("engine", "tokio")]).len(), 1);
    assert_eq!(outside_dependencies_are_known(&[package("engine", "thiserror")]), []);
    assert_eq!(outside_dependencies_are_known(&[package("game", "tokio")]), []);
}
