//! Manifests that do not explain themselves, seen found.

use super::*;

#[test]
fn a_dependency_without_a_reason_is_found() {
    let bare = "[workspace.dependencies]\n# Why.\nserde = \"1\"\n\ntokio = \"1\"\n";
    let found = dependencies_say_why("Cargo.toml", bare);
    assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [5]);
}

#[test]
fn other_tables_and_manifests_need_no_reasons() {
    assert_eq!(dependencies_say_why("Cargo.toml", "[workspace]\nresolver = \"3\"\n"), []);
    assert_eq!(dependencies_say_why("crates/a/Cargo.toml", "[dependencies]\na = \"1\"\n"), []);
}

#[test]
fn a_lock_with_an_address_is_found() {
    let lock = "{\n  \"resolved\": \"https://example.org/a.tgz\"\n}\n";
    assert_eq!(locks_hold_no_addresses("web/package-lock.json", lock).len(), 1);
    assert_eq!(locks_hold_no_addresses("web/package.json", lock), []);
}
