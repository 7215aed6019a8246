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

    /// Notes bytes.
    pub(crate) fn note_bytes(&self, bytes: &[u8]) {
        let mut hash = self.0.hash.load(Ordering::Relaxed) ^ bytes.len() as u64;
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            hash = (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
        self.0.hash.store(mix(hash), Ordering::Relaxed);
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
