//! The running hash of everything a world does: the same seed gives the same hash.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::dice::mix;

/// A hash and a count of steps. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Inner>);

#[derive(Default)]
struct Inner {
    hash: AtomicU64,
    steps: AtomicU64,
}

impl Trace {
    /// Notes what happened.
    pub(crate) fn note(&self, words: &[u64]) {
        let mut hash = self.0.hash.load(Ordering::Relaxed);
        for word in words {
            hash = mix(hash.rotate_left(5) ^ *word);
        }
        self.0.hash.store(hash, Ordering::Relaxed);
    }

    /// Notes a step of a task.
    pub(crate) fn step(&self, words: &[u64]) {
        self.0.steps.fetch_add(1, Ordering::Relaxed);
        self.note(words);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.0.hash.load(Ordering::Relaxed)
    }

    pub(crate) fn steps(&self) -> u64 {
        self.0.steps.load(Ordering::Relaxed)
    }
}
