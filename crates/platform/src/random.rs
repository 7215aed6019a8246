//! Randomness: the only place that draws it.

use std::sync::atomic::{AtomicU64, Ordering};

use kernel::BetId;

use crate::clock::Clock;

/// Where random bytes come from; passed as `Arc<dyn Random>`.
pub trait Random: Send + Sync + 'static {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator, fit for keys and seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

/// The same bytes for the same seed, for tests. Never fit for secrets.
#[derive(Debug)]
pub struct SeededRandom {
    state: AtomicU64,
}

impl Random for SystemRandom {
    /// # Panics
    /// If the operating system has no randomness: nothing secret could be made after that.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

impl SeededRandom {
    /// The sequence named by `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// One step of `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number
    /// generators", 2014).
    fn next(&self) -> u64 {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.state.fetch_add(GOLDEN, Ordering::Relaxed).wrapping_add(GOLDEN);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// `N` random bytes.
#[must_use]
pub fn array<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// A new bet's name: a UUID v7 (RFC 9562 §5.7), so that bets sort by when they were placed.
#[must_use]
pub fn bet_id(clock: &dyn Clock, random: &dyn Random) -> BetId {
    let unix_ms = u64::try_from(clock.unix_ms()).unwrap_or_default();
    let uuid = uuid::Builder::from_unix_timestamp_millis(unix_ms, &array(random)).into_uuid();
    BetId::from_bytes(*uuid.as_bytes())
}

#[cfg(test)]
mod tests;
