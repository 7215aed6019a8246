//! Code that no simulation could repeat, seen found.

use super::*;

#[test]
fn a_task_of_tokio_in_a_stepped_role_is_found() {
    let text = "//! A.\nfn a() { tokio::spawn(async {}); }\n";
    assert_eq!(roles_can_be_stepped("crates/game/src/recorder.rs", text).len(), 1);
    assert_eq!(roles_can_be_stepped("crates/game/src/recorder/tests.rs", text), []);
    assert_eq!(roles_can_be_stepped("crates/gateway/src/server.rs", text), []);
}

#[test]
fn a_map_in_random_order_is_found() {
    let text = "//! A HashMap in words is fine.\nuse std::collections::HashMap;\n";
    assert_eq!(roles_can_be_stepped("crates/wallet/src/batch.rs", text).len(), 1);
}

#[test]
fn a_select_without_an_order_is_found() {
    let unordered = "//! A.\ntokio::select! {\n    () = a => {}\n}\n";
    assert_eq!(roles_can_be_stepped("crates/game/src/live.rs", unordered).len(), 1);
    let ordered = "//! A.\ntokio::select! {\n    biased;\n    () = a => {}\n}\n";
    assert_eq!(roles_can_be_stepped("crates/game/src/live.rs", ordered), []);
}
