//! What is written for people: decisions, the map of the house, changes, links.

use std::collections::BTreeSet;

use crate::Finding;
use crate::source::{extension, numbered};

/// The most lines a decision may take.
const DECISION_LINES: usize = 60;
/// The most lines the map of the house may take.
const ARCHITECTURE_LINES: usize = 300;
/// What every decision says, in this order.
const DECISION_PARTS: &[&str] = &["## Context", "## Decision", "## Consequences", "## Refused"];
/// The map of the house.
const ARCHITECTURE: &str = "ARCHITECTURE.md";
/// Where absolute paths of one machine begin; cut in two so that this file does not find itself.
const MACHINE_PLACES: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/tm", "p/"), concat!("/var/tm", "p/")];

/// A decision is `docs/adr/NNNN-verb-object.md`, short, and says what was refused.
pub(crate) fn decisions_are_named_and_short(path: &str, text: &str) -> Vec<Finding> {
    let rule = "decisions_are_named_and_short";
    let Some(name) = path.strip_prefix("docs/adr/") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if !is_decision_name(name) {
        found.push(Finding::whole(rule, path, "is named `NNNN-verb-object.md`"));
    }
    let lines = text.lines().count();
    if lines > DECISION_LINES {
        let message = format!("has {lines} lines, more than {DECISION_LINES}");
        found.push(Finding::whole(rule, path, message));
    }
    for part in DECISION_PARTS.iter().filter(|part| !text.contains(**part)) {
        found.push(Finding::whole(rule, path, format!("has no `{part}`")));
    }
    found
}

/// Whether `name` is four digits and at least two words of lower case.
fn is_decision_name(name: &str) -> bool {
    let Some((number, words)) = name.strip_suffix(".md").and_then(|stem| stem.split_once('-'))
    else {
        return false;
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    number.len() == 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && words.contains('-')
        && words.split('-').all(|word| !word.is_empty() && word.chars().all(plain))
}

/// The map of the house can be read in one go.
pub(crate) fn architecture_is_short(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    if path != ARCHITECTURE || lines <= ARCHITECTURE_LINES {
        return Vec::new();
    }
    let message = format!("has {lines} lines, more than {ARCHITECTURE_LINES}");
    vec![Finding::whole("architecture_is_short", path, message)]
}

/// The map of the house has a line for each crate: one that begins ``| `name` ``.
#[must_use]
pub fn architecture_maps_every_crate(text: &str, crates: &[String]) -> Vec<Finding> {
    let mapped = |name: &str| text.lines().any(|line| line.starts_with(&format!("| `{name}` |")));
    crates
        .iter()
        .filter(|name| !mapped(name))
        .map(|name| {
            let message = format!("has no line ``| `{name}` | ..`` in its code map");
            Finding::whole("architecture_maps_every_crate", ARCHITECTURE, message)
        })
        .collect()
}

/// The change log is kept by the convention it names.
pub(crate) fn changes_are_kept(path: &str, text: &str) -> Vec<Finding> {
    if path != "CHANGELOG.md" || text.contains("\n## [Unreleased]\n") {
        return Vec::new();
    }
    vec![Finding::whole("changes_are_kept", path, "has no `## [Unreleased]`")]
}

/// No file names a place of one machine. Scripts may: they run on it.
pub(crate) fn no_place_of_one_machine(path: &str, text: &str) -> Vec<Finding> {
    if extension(path) == "sh" {
        return Vec::new();
    }
    numbered(text)
        .filter_map(|(number, line)| {
            let place = MACHINE_PLACES.iter().find(|place| begins_a_path(line, place))?;
            let message = format!("`{place}` is another place for whoever clones the project");
            Some(Finding::at("no_place_of_one_machine", path, number, message))
        })
        .collect()
}

/// Whether `place` stands in `line` at the beginning of a path, not inside of one or of an address.
fn begins_a_path(line: &str, place: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "._-~/}>".contains(c);
    line.match_indices(place).any(|(at, _)| !line[..at].ends_with(inside))
}

/// Every relative link of a document leads to a file that is there.
#[must_use]
pub fn links_resolve(path: &str, text: &str, files: &BTreeSet<String>) -> Vec<Finding> {
    if extension(path) != "md" {
        return Vec::new();
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (number, line) in numbered(text) {
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            if outside || leads_somewhere(&resolve(folder, file), files) {
                continue;
            }
            let message = format!("the link to `{target}` leads nowhere");
            found.push(Finding::at("links_resolve", path, number, message));
        }
    }
    found
}

/// Whether `path` is a file or a folder that holds one.
fn leads_somewhere(path: &str, files: &BTreeSet<String>) -> bool {
    files.contains(path) || files.iter().any(|file| file.starts_with(&format!("{path}/")))
}

/// `target` as seen from `folder`, from the root, without `.` and `..`.
fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/').filter(|part| !part.is_empty()) {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;
