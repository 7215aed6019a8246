//! Whether this process can do its work: one named check for each thing it needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// What a check says before it was told anything.
const STARTING: &str = "starting";

/// The checks of a process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Why each check fails; `None` where it holds.
    checks: Arc<Mutex<BTreeMap<&'static str, Option<String>>>>,
}

/// The hand that sets one check.
#[derive(Clone, Debug)]
pub struct Check {
    health: Health,
    name: &'static str,
}

impl Health {
    /// Ready, since nothing is needed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check that fails with `starting` until it is set.
    #[must_use]
    pub fn check(&self, name: &'static str) -> Check {
        self.checks.lock().insert(name, Some(STARTING.to_owned()));
        Check { health: self.clone(), name }
    }

    /// Whether every check holds.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.checks.lock().values().all(Option::is_none)
    }

    /// Each check with why it fails, by name.
    #[must_use]
    pub fn checks(&self) -> BTreeMap<&'static str, Option<String>> {
        self.checks.lock().clone()
    }
}

impl Check {
    /// It holds.
    pub fn pass(&self) {
        self.health.checks.lock().insert(self.name, None);
    }

    /// It does not, and why.
    pub fn fail(&self, reason: impl Into<String>) {
        self.health.checks.lock().insert(self.name, Some(reason.into()));
    }
}

#[cfg(test)]
mod tests;
