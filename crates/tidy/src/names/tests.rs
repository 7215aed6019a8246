//! Each rule of names, seen failing.

use super::*;

#[test]
fn an_empty_module_name_is_found() {
    let rule = modules_are_nouns_that_say_something;
    assert_eq!(rule("crates/game/src/utils.rs", "").len(), 1);
    assert_eq!(rule("crates/game/src/common/clock.rs", "").len(), 1);
    assert_eq!(rule("crates/platform/src/data_dir.rs", ""), []);
    assert_eq!(rule("docs/info.md", ""), []);
}

#[test]
fn an_empty_type_name_is_found_where_it_is_made() {
    assert_eq!(types_say_what_they_are("a.rs", "pub struct LobbyManager {").len(), 1);
    assert_eq!(types_say_what_they_are("a.rs", "enum RoundInfo { A }").len(), 1);
    assert_eq!(types_say_what_they_are("a.rs", "let info = openapi::Info::new();"), []);
}

#[test]
fn a_synonym_is_found_in_snakes_and_camels_but_not_in_words_or_text() {
    let found = one_word_for_one_thing("a.rs", "fn open_rooms(r: WagerId) {}");
    assert_eq!(found.len(), 2);
    assert!(found[0].message.contains("lobby"), "{}", found[0]);
    assert_eq!(one_word_for_one_thing("a.rs", "let bedrooms = \"rooms\"; // rooms\n"), []);
}

#[test]
fn the_originals_words_are_found_where_its_clients_are_not_met() {
    let text = "fn withdraw(coefficient: u32) {}";
    assert_eq!(one_word_for_one_thing("crates/engine/src/lobby.rs", text).len(), 2);
    assert_eq!(one_word_for_one_thing("crates/protocol/src/socket_io.rs", text), []);
}

#[test]
fn a_metric_outside_its_place_is_found() {
    let import = "use prometheus_client::metrics::counter::Counter;\n";
    assert_eq!(metrics_have_one_place("crates/game/src/lobby.rs", import).len(), 1);
    assert_eq!(metrics_have_one_place("crates/game/src/metrics.rs", import), []);
    let name = format!("let name = {}rounds\";\n", concat!("\"waxwing", "_"));
    assert_eq!(metrics_have_one_place("crates/game/src/lobby.rs", &name).len(), 1);
    assert_eq!(metrics_have_one_place("crates/game/src/lobby.rs", "let waxwing_rounds = 1;"), []);
}
