//! The one list of what is excused, each with its reason. An entry nobody needs is itself found.

use crate::Finding;

/// A rule that does not hold in one place, and why.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The rule's name.
    pub rule: &'static str,
    /// The file, or a folder with its closing `/`.
    pub path: &'static str,
    /// Why the rule would make this place worse.
    pub reason: &'static str,
}

/// Everything that is excused.
pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        rule: "one_word_for_one_thing",
        path: "crates/fairness/src/sites.rs",
        reason: "other sites' algorithms are told in their own words, salt among them",
    },
    Exception {
        rule: "one_word_for_one_thing",
        path: "crates/fairness/src/sites/",
        reason: "other sites' algorithms are told in their own words, salt among them",
    },
    Exception {
        rule: "one_word_for_one_thing",
        path: "crates/fairness/tests/",
        reason: "the given vectors of other sites are in their words",
    },
    Exception {
        rule: "one_word_for_one_thing",
        path: "crates/game/src/pictures.rs",
        reason: "`bet_result` is the original's event, and carries a coefficient",
    },
    Exception {
        rule: "one_word_for_one_thing",
        path: "crates/identity/src/password.rs",
        reason: "salt is Argon2's own word for what makes two equal passwords differ",
    },
    Exception {
        rule: "one_word_for_one_thing",
        path: "crates/waxwing/src/verify/tests.rs",
        reason: "another site's round is checked with that site's salt",
    },
    Exception {
        rule: "metrics_have_one_place",
        path: "crates/platform/src/sqlite/writer.rs",
        reason: "the writer's own histograms, which every database has; metrics.rs names them",
    },
    Exception {
        rule: "files_are_short",
        path: "web/client/src/types.ts",
        reason: "written by web/scripts/types.mjs from the server's documents",
    },
];

/// `findings` without what `exceptions` excuse, and with every exception that excused nothing.
#[must_use]
pub fn excused(findings: Vec<Finding>, exceptions: &[Exception]) -> Vec<Finding> {
    let needed = |exception: &Exception| findings.iter().any(|found| exception.covers(found));
    let unneeded: Vec<Finding> = exceptions
        .iter()
        .filter(|exception| !needed(exception))
        .map(|exception| {
            let message = format!("the exception from {} is no longer needed", exception.rule);
            Finding::whole("excused", exception.path, message)
        })
        .collect();
    let covered = |found: &Finding| exceptions.iter().any(|exception| exception.covers(found));
    findings.into_iter().filter(|found| !covered(found)).chain(unneeded).collect()
}

impl Exception {
    /// Whether `finding` is what this excuses.
    fn covers(&self, finding: &Finding) -> bool {
        let inside = self.path.ends_with('/') && finding.path.starts_with(self.path);
        self.rule == finding.rule && (inside || self.path == finding.path)
    }
}

#[cfg(test)]
mod tests;
