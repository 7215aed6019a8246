//! The roles that a simulation steps: the same seed must give the same run on one thread.

use crate::Finding;
use crate::code::code_only;
use crate::source::{is_rust, numbered};

/// Crates whose code must run on an executor that is not tokio's, in an order that a seed fixes.
const STEPPED: &[&str] = &["ledger", "engine", "wallet", "game", "simulator"];

/// What such a crate does not use, as it would be written, and what it uses instead.
const UNSTEPPABLE: &[(&str, &str)] = &[
    ("tokio::spawn", "`Spawner` of platform::tasks"),
    ("tokio::task", "`Spawner` of platform::tasks"),
    ("JoinSet", "`Spawner` of platform::tasks"),
    ("std::thread", "`Spawner` of platform::tasks"),
    ("RandomState", "BTreeMap: its order is the same in every run"),
    ("tokio::time", "`Clock` of platform::clock"),
    ("HashMap", "BTreeMap: its order is the same in every run"),
    ("HashSet", "BTreeSet: its order is the same in every run"),
    ("watch::Sender", "a token or Notify: a watch wakes its waiters in a random order"),
];

/// Stepped roles start tasks, sleep and choose in ways that a simulation can repeat.
pub(crate) fn roles_can_be_stepped(path: &str, text: &str) -> Vec<Finding> {
    let rule = "roles_can_be_stepped";
    let stepped = STEPPED.iter().any(|name| path.starts_with(&format!("crates/{name}/src/")));
    let aside = path.ends_with("tests.rs") || path.contains("/tests/");
    if !stepped || !is_rust(path) || aside || path.contains("/src/testing") {
        return Vec::new();
    }
    let code = code_only(text);
    let lines: Vec<(usize, &str)> = numbered(&code).collect();
    let used = lines.iter().filter_map(|(line, code)| {
        let (name, instead) = UNSTEPPABLE.iter().find(|(name, _)| code.contains(name))?;
        Some(Finding::at(rule, path, *line, format!("no `{name}` here but {instead}")))
    });
    let unordered = lines
        .windows(2)
        .filter(|pair| pair[0].1.contains("select! {") && pair[1].1.trim() != "biased;");
    let unordered = unordered.map(|pair| {
        let message = "`select!` begins with `biased;`, its branches in a deliberate order";
        Finding::at(rule, path, pair[0].0, message.to_owned())
    });
    used.chain(unordered).collect()
}

#[cfg(test)]
mod tests;
