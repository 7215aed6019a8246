//! Bugs that other crash games had, each as a test that passes here.
//!
//! `fixtures/rival_bugs.txt` lists them all: where it was seen, what it was, and the test that
//! meets it. Those about the wire stand here; rules of a round, a ledger or a chain stand beside
//! the code that keeps them, and the list names them too.

mod money;
mod table;
mod watching;

use std::collections::BTreeSet;
use std::path::Path;

use crate::harness::process::{read, repository};

/// Every function in `directory`, by its name.
fn functions(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("node_modules") && !path.ends_with("target") {
                functions(&path, found);
            }
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = read(&path);
            let names = text.split("fn ").skip(1);
            found.extend(names.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
}

/// A line of the list: source, bug, tests.
fn lines(list: &str) -> impl Iterator<Item = (&str, &str, Vec<&str>)> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(parts.len(), 3, "source | bug | tests: {line}");
        (parts[0], parts[1], parts[2].split_whitespace().collect())
    })
}

#[test]
fn every_bug_of_a_rival_has_a_test_of_ours() {
    let root = repository();
    let mut known = BTreeSet::new();
    functions(&root.join("crates"), &mut known);
    let list = read(&root.join("fixtures/rival_bugs.txt"));
    let mut bugs = 0;
    for (source, bug, tests) in lines(&list) {
        assert!(!tests.is_empty(), "{source}: {bug} has no test");
        for test in tests {
            assert!(known.contains(test), "{source}: {bug}: there is no {test}");
        }
        bugs += 1;
    }
    assert!(bugs >= 40, "the list has lost bugs: {bugs} are left");
}
