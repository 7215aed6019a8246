//! The walls of the house: which of our crates each of our crates may import.
//!
//! Arrows point down only, roles never import each other, and tests obey the same table: what a
//! test may reach, the code will reach next.

use crate::Finding;

/// A crate of the workspace as its manifest tells it.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name, which is also its folder below `crates/`.
    pub name: String,
    /// The path of its manifest from the root, with `/`.
    pub manifest: String,
    /// The crates of ours it imports, in code, in tests and in build scripts.
    pub ours: Vec<String>,
    /// Those of them that its code imports.
    pub ours_in_code: Vec<String>,
    /// The crates of others that its code imports; tests and build scripts may take more.
    pub others: Vec<String>,
}

/// Every crate, bottom up, with what it may import besides `kernel`, which all may.
const TABLE: &[(&str, May)] = &[
    // What starts databases and brokers, and what breaks disks: see `TESTS_ALONE`.
    ("test_servers", May::Import(&[])),
    ("disk_fault", May::Import(&[])),
    // Pure: no async, no clock, no randomness, no I/O.
    ("kernel", May::Import(&[])),
    ("fairness", May::Import(&[])),
    ("engine", May::Import(&["fairness"])),
    ("ledger", May::Import(&[])),
    // Border: what leaves a process, and what roles promise each other.
    ("protocol", May::Import(&[])),
    ("contracts", May::Import(&[])),
    ("tokens", May::Import(&[])),
    // Shell: what every process needs.
    ("platform", May::Import(&["protocol", "tokens"])),
    ("cluster", May::Import(&["platform"])),
    ("clients", May::Import(&["contracts", "protocol", "cluster", "platform", "tokens"])),
    ("realtime", May::Import(&["platform", "protocol"])),
    // Roles: they meet through `contracts` alone.
    ("identity", May::Import(&["contracts", "protocol", "platform", "tokens", "cluster"])),
    ("wallet", May::Import(&["ledger", "contracts", "protocol", "platform", "tokens", "cluster"])),
    (
        "game",
        May::Import(&[
            "engine",
            "fairness",
            "contracts",
            "protocol",
            "platform",
            "tokens",
            "cluster",
        ]),
    ),
    (
        "gateway",
        May::Import(&["contracts", "protocol", "platform", "tokens", "cluster", "realtime"]),
    ),
    // Judges: shares no code with the roles, and end-to-end tests hand it what they saw.
    ("checker", May::Import(&["protocol"])),
    // Top: they put the rest together. What stands lower is open to them.
    ("waxwing", May::ImportAllAbove),
    ("simulator", May::ImportAllAbove),
    ("bench", May::ImportAllAbove),
    // Our hub beside other people's servers, for the bench to start: it needs no role.
    ("peers", May::Import(&["platform", "protocol", "realtime"])),
    // What a stranger can send; libFuzzer's doors to it stand in `fuzz/`, outside of this table.
    ("fuzzing", May::ImportAllAbove),
    ("tidy", May::Import(&[])),
];

/// What tests import and code never does. It knows nothing of ours, so no test reaches through it
/// what its code may not.
const TESTS_ALONE: &[&str] = &["test_servers", "disk_fault"];

/// What a crate may import.
#[derive(Clone, Copy, Debug)]
enum May {
    /// `kernel` and these.
    Import(&'static [&'static str]),
    /// Every crate that stands above it in the table.
    ImportAllAbove,
}

/// Every arrow between our crates is one that the table allows.
#[must_use]
pub fn arrows_point_down(packages: &[Package]) -> Vec<Finding> {
    packages.iter().flat_map(arrows_of).collect()
}

/// What is wrong with the arrows that leave `package`.
fn arrows_of(package: &Package) -> Vec<Finding> {
    let Package { name, manifest, ours, ours_in_code, .. } = package;
    let rule = "arrows_point_down";
    let Some(place) = TABLE.iter().position(|(known, _)| known == name) else {
        let message = format!("`{name}` has no place in tidy's table of crates yet");
        return vec![Finding::whole(rule, manifest, message)];
    };
    let folder = format!("crates/{name}/Cargo.toml");
    let misplaced = (*manifest != folder).then(|| {
        let message = format!("`{name}` belongs in the folder of its name, `crates/{name}`");
        Finding::whole(rule, manifest, message)
    });
    let in_tests =
        |import: &String| TESTS_ALONE.contains(&import.as_str()) && !ours_in_code.contains(import);
    let refused = ours.iter().filter(|import| !in_tests(import) && !may_import(place, import));
    let forbidden = refused.map(|import| {
        Finding::whole(rule, manifest, format!("`{name}` must not import `{import}`"))
    });
    misplaced.into_iter().chain(forbidden).collect()
}

/// Whether the crate at `place` of the table may import `import`.
fn may_import(place: usize, import: &str) -> bool {
    let (name, may) = TABLE[place];
    if import == "kernel" {
        return !["kernel", "tidy", "disk_fault", "test_servers"].contains(&name);
    }
    // The bench starts the servers that it measures us with, and is no part of what is measured.
    if (name, import) == ("bench", "test_servers") {
        return true;
    }
    if TESTS_ALONE.contains(&import) {
        return false;
    }
    match may {
        May::Import(names) => names.contains(&import),
        May::ImportAllAbove => TABLE[..place].iter().any(|(above, _)| *above == import),
    }
}

#[cfg(test)]
mod tests;
