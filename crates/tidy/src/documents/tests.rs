//! Documents that break their rules, seen found.

use super::*;

const DECISION: &str = "# Title\n\n## Context\n\n## Decision\n\n## Consequences\n\n## Refused\n";

#[test]
fn a_decision_with_a_bad_name_is_found() {
    for name in ["1-use-it.md", "0001_use_it.md", "0001-Use-It.md", "0001-single.md", "notes.md"] {
        let path = format!("docs/adr/{name}");
        assert_eq!(decisions_are_named_and_short(&path, DECISION).len(), 1, "{name}");
    }
    assert_eq!(decisions_are_named_and_short("docs/adr/0001-use-sqlite.md", DECISION), []);
}

#[test]
fn a_long_or_incomplete_decision_is_found() {
    let path = "docs/adr/0001-use-sqlite.md";
    let long = format!("{DECISION}{}", "\n".repeat(60));
    assert_eq!(decisions_are_named_and_short(path, &long).len(), 1);
    let without = DECISION.replace("## Refused", "");
    assert_eq!(decisions_are_named_and_short(path, &without).len(), 1);
}

#[test]
fn a_long_map_is_found() {
    assert_eq!(architecture_is_short(ARCHITECTURE, &"\n".repeat(301)).len(), 1);
    assert_eq!(architecture_is_short(ARCHITECTURE, &"\n".repeat(300)), []);
}

#[test]
fn a_crate_without_a_line_in_the_map_is_found() {
    let crates = ["kernel".to_owned(), "engine".to_owned()];
    let found = architecture_maps_every_crate("| `kernel` | words |\n`engine`\n", &crates);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.contains("engine"), "{}", found[0]);
}

#[test]
fn a_change_log_without_what_is_to_come_is_found() {
    assert_eq!(changes_are_kept("CHANGELOG.md", "# Changelog\n").len(), 1);
    assert_eq!(changes_are_kept("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n"), []);
}

#[test]
fn a_path_of_one_machine_is_found_in_documents_and_sources() {
    for place in MACHINE_PLACES {
        for (path, line) in [("README.md", "see `P`x"), ("crates/a/src/b.rs", "open(\"Px\")")] {
            let text = format!("\n{}\n", line.replace('P', place));
            let lines: Vec<_> =
                no_place_of_one_machine(path, &text).iter().map(|found| found.line).collect();
            assert_eq!(lines, [2], "{text}");
        }
        let script = format!("mktemp {place}x\n");
        assert_eq!(no_place_of_one_machine("scripts/a.sh", &script), []);
        let address = format!("https://example.org{place}x crates{place}x $PLACE{place}x");
        assert_eq!(no_place_of_one_machine("README.md", &address), []);
    }
    assert_eq!(no_place_of_one_machine("README.md", "see docs/glossary.md\n"), []);
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let files = BTreeSet::from(["docs/glossary.md".to_owned(), "README.md".to_owned()]);
    let dead = "see [this](missing.md) and [that](../README.md#start)\n";
    assert_eq!(links_resolve("docs/glossary.md", dead, &files).len(), 1);
    let live = "[a](docs/glossary.md) [b](https://example.org/x) [c](#here) [d](docs)\n";
    assert_eq!(links_resolve("README.md", live, &files), []);
}
