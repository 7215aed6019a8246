//! What everybody shares: the way to the server, the journal, and whether it is over.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::journal::Journal;

/// The world of one run.
pub(crate) struct World {
    base: String,
    pub(crate) journal: Journal,
    ended: AtomicBool,
    wrongs: Mutex<Vec<String>>,
    /// Bets of others that some have heard of: (player, lobby, bet).
    known: Mutex<Vec<(u64, i64, String)>>,
}

/// Bets of others that are remembered.
const KNOWN_MAX: usize = 500;

impl World {
    /// Everybody goes through `base`.
    pub(crate) const fn new(base: String, journal: Journal) -> Self {
        Self {
            base,
            journal,
            ended: AtomicBool::new(false),
            wrongs: Mutex::new(Vec::new()),
            known: Mutex::new(Vec::new()),
        }
    }

    /// Where everybody connects.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// From now on nobody begins anything.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Something that must not happen has happened.
    pub(crate) fn wrong(&self, what: String) {
        println!("WRONG: {what}");
        self.wrongs.lock().unwrap().push(what);
    }

    /// Everything that must not have happened.
    pub(crate) fn wrongs(&self) -> Vec<String> {
        self.wrongs.lock().unwrap().clone()
    }

    /// Lets the wicked hear of a bet.
    pub(crate) fn gossip(&self, player: u64, lobby: i64, bet: String) {
        let mut known = self.known.lock().unwrap();
        if known.len() == KNOWN_MAX {
            known.remove(0);
        }
        known.push((player, lobby, bet));
    }

    /// A bet of somebody, by a number that chooses.
    pub(crate) fn heard(&self, choice: u64) -> Option<(u64, i64, String)> {
        let known = self.known.lock().unwrap();
        let count = u64::try_from(known.len()).unwrap();
        let index = choice.checked_rem(count)?;
        known.get(usize::try_from(index).unwrap()).cloned()
    }
}
