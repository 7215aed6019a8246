//! What manifests and lock files say: why each dependency is here, and no download addresses.

use crate::Finding;
use crate::source::numbered;

/// Each block of the workspace's dependencies begins with a comment that says why they are here.
pub(crate) fn dependencies_say_why(path: &str, text: &str) -> Vec<Finding> {
    if path != "Cargo.toml" {
        return Vec::new();
    }
    let (mut inside, mut explained, mut found) = (false, false, Vec::new());
    for (number, line) in numbered(text) {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            explained = false;
        } else if line.is_empty() {
            explained = false;
        } else if line.starts_with('#') {
            explained = true;
        } else if inside && !explained {
            let message = "belongs under a comment that says why it is here";
            found.push(Finding::at("dependencies_say_why", path, number, message));
        }
    }
    found
}

/// A lock file names versions and hashes; where they are fetched from is each machine's affair.
pub(crate) fn locks_hold_no_addresses(path: &str, text: &str) -> Vec<Finding> {
    if !path.ends_with("package-lock.json") {
        return Vec::new();
    }
    numbered(text)
        .filter(|(_, line)| line.contains("\"resolved\""))
        .map(|(number, _)| {
            let message =
                "holds a download address: `npm install --omit-lockfile-registry-resolved`";
            Finding::at("locks_hold_no_addresses", path, number, message)
        })
        .collect()
}

#[cfg(test)]
mod tests;
