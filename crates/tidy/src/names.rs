//! One word for one thing: what modules, types and identifiers may not be called.

use crate::Finding;
use crate::code::{code_only, identifiers, words};
use crate::source::{is_rust, numbered};

/// Module names that say nothing about what is inside.
const EMPTY_MODULES: &[&str] =
    &["util", "utils", "common", "manager", "helper", "helpers", "data", "info", "misc"];

/// Endings of type names that say nothing about what the type is.
const EMPTY_ENDINGS: &[&str] = &["manager", "helper", "util", "utils", "info"];

/// Synonyms, each with the word that is used here. Words that also have another honest use in a
/// Rust program (room in a queue, table, channel, match, rate, user) are left to reviewers.
const SYNONYMS: &[(&str, &str)] = &[
    ("rooms", "lobby"),
    ("wager", "bet or stake"),
    ("wagers", "bet or stake"),
    ("odds", "multiplier"),
    ("bust", "crash point"),
    ("busted", "crashed"),
    ("margin", "house_edge_bps"),
    ("pot", "bankroll"),
    ("liability", "exposure"),
    ("salt", "public_seed"),
    ("master", "owner"),
    ("leader", "owner"),
];

/// The original's words, each with ours. They belong where its messages are read and written.
const ORIGINALS: &[(&str, &str)] =
    &[("withdraw", "cash_out"), ("withdrawal", "cash_out"), ("coefficient", "multiplier")];

/// Where the original's messages are read and written, and where its clients are played.
const ORIGINALS_PLACES: &[&str] = &[
    "crates/protocol/",
    "crates/realtime/",
    "crates/gateway/",
    "crates/fuzzing/",
    "crates/waxwing/tests/",
];

/// No file or folder of code is named by a word that could name anything.
pub(crate) fn modules_are_nouns_that_say_something(path: &str, _text: &str) -> Vec<Finding> {
    let stem = path.strip_suffix(".rs").unwrap_or_default();
    let empty = stem.split('/').filter(|part| EMPTY_MODULES.contains(part));
    empty
        .map(|part| {
            let message = format!("`{part}` says nothing: name the module by what it holds");
            Finding::whole("modules_are_nouns_that_say_something", path, message)
        })
        .collect()
}

/// No type of ours ends in a word that could end anything.
pub(crate) fn types_say_what_they_are(path: &str, text: &str) -> Vec<Finding> {
    if !is_rust(path) {
        return Vec::new();
    }
    let code = code_only(text);
    let (mut found, mut defines) = (Vec::new(), false);
    for (line, identifier) in identifiers(&code) {
        let last = words(identifier).pop().unwrap_or_default();
        if defines && EMPTY_ENDINGS.contains(&last.as_str()) {
            let message = format!("`{identifier}` says nothing with its last word");
            found.push(Finding::at("types_say_what_they_are", path, line, message));
        }
        defines = ["struct", "enum", "trait", "type"].contains(&identifier);
    }
    found
}

/// No identifier uses a synonym of a word the glossary has settled.
pub(crate) fn one_word_for_one_thing(path: &str, text: &str) -> Vec<Finding> {
    if !is_rust(path) {
        return Vec::new();
    }
    let speaks_as_the_original = ORIGINALS_PLACES.iter().any(|place| path.starts_with(place));
    let originals = if speaks_as_the_original { &[] } else { ORIGINALS };
    let code = code_only(text);
    let mut found = Vec::new();
    for (line, identifier) in identifiers(&code) {
        for word in words(identifier) {
            let mut synonyms = SYNONYMS.iter().chain(originals);
            let Some((_, ours)) = synonyms.find(|(synonym, _)| *synonym == word) else { continue };
            let message = format!("`{identifier}`: the word here is {ours}");
            found.push(Finding::at("one_word_for_one_thing", path, line, message));
        }
    }
    found
}

/// Metrics are made in `metrics.rs` alone, under the prefix the registry gives them.
pub(crate) fn metrics_have_one_place(path: &str, text: &str) -> Vec<Finding> {
    let allowed = path.ends_with("/metrics.rs") || path.contains("/metrics/");
    let written = concat!("\"waxwing", "_");
    if !is_rust(path) || allowed || path.contains("/tests") {
        return Vec::new();
    }
    let code = code_only(text);
    let imported = numbered(&code).filter(|(_, line)| line.contains("prometheus_client"));
    let spelled = numbered(text).filter(|(_, line)| line.contains(written));
    imported
        .chain(spelled)
        .map(|(line, _)| {
            let message = "metrics and their names belong in the service's `metrics.rs`";
            Finding::at("metrics_have_one_place", path, line, message)
        })
        .collect()
}

#[cfg(test)]
mod tests;
