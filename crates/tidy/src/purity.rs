//! The pure crates know no async, no clock, no randomness, no I/O and no floats that decide.

use crate::code::code_only;
use crate::source::{is_rust, numbered};
use crate::{Finding, Package};

/// The pure crates with every crate of others that their code may import.
const PURE: &[(&str, &[&str])] = &[
    ("kernel", &["uuid", "zeroize"]),
    ("fairness", &["drand-verify", "ed25519-dalek", "hmac", "sha2", "thiserror", "zeroize"]),
    ("engine", &["thiserror"]),
    ("ledger", &["thiserror"]),
];

/// What a pure crate does not touch, as it would be written.
const WORLD: &[&str] = &[
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "std::time",
    "async fn",
    "async move",
    ".await",
];

/// The line by which a pure crate refuses floats.
const NO_FLOATS: &str = "#![deny(clippy::float_arithmetic)]";

/// The code of pure crates reaches neither the world nor floats.
pub(crate) fn pure_crates_touch_nothing(path: &str, text: &str) -> Vec<Finding> {
    let rule = "pure_crates_touch_nothing";
    let pure = PURE.iter().any(|(name, _)| path.starts_with(&format!("crates/{name}/src/")));
    if !pure || !is_rust(path) || path.ends_with("/tests.rs") || path.contains("/tests/") {
        return Vec::new();
    }
    let code = code_only(text);
    let world = numbered(&code).filter_map(|(line, code)| {
        let touched = WORLD.iter().find(|name| code.contains(**name))?;
        Some(Finding::at(rule, path, line, format!("a pure crate has no `{touched}`")))
    });
    let root = path.ends_with("/src/lib.rs") && !code.contains(NO_FLOATS);
    let floats = root.then(|| Finding::whole(rule, path, format!("must say `{NO_FLOATS}`")));
    world.chain(floats).collect()
}

/// A pure crate imports only what is named here; a new name needs a reader's thought.
#[must_use]
pub fn outside_dependencies_are_known(packages: &[Package]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, known) in PURE {
        for package in packages.iter().filter(|package| package.name == *name) {
            let unknown = package.others.iter().filter(|other| !known.contains(&other.as_str()));
            found.extend(unknown.map(|other| {
                let message = format!("the pure crate `{name}` must not import `{other}`");
                Finding::whole("outside_dependencies_are_known", &package.manifest, message)
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests;
