//! How fast the password of one name can be guessed: a few failures at once, then one a pause.
//!
//! It delays and never locks: every pause lets one more try through, and a name left alone is soon
//! as new. Names nobody has are counted like all others, so that it does not tell them apart.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::{Sealed, Timestamp};
use platform::random::{Random, array};
use sha2::Sha256;

use crate::config::Config;

/// Each name stands for one of so many counters (512 KiB), so memory is bounded whoever knocks.
/// Two names with one counter share it; at the rate at which passwords can be hashed at all,
/// failures under random names fade faster than they fill the counters.
const COUNTERS: usize = 1 << 16;

/// Counts failed sign-ins by name.
pub(crate) struct Throttle {
    /// The instant at which all failures counted will be forgotten, in milliseconds: each moves
    /// it on by one pause (GCRA).
    forgotten_at_ms: Box<[AtomicU64]>,
    pause_ms: u64,
    /// How far ahead that instant may lie for one more try.
    room_ms: u64,
    /// Which names share a counter is drawn at start, so that nobody can aim at another's.
    key: Sealed<[u8; 32]>,
}

/// One try, counted as failed until it is given back.
#[must_use = "a try that did not fail is given back"]
pub(crate) struct Attempt<'a> {
    counter: &'a AtomicU64,
    pause_ms: u64,
}

impl Throttle {
    pub(crate) fn new(config: &Config, random: &dyn Random) -> Self {
        Self {
            forgotten_at_ms: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            pause_ms: config.failure_pause_ms,
            room_ms: config.failure_pause_ms * u64::from(config.failures_at_once - 1),
            key: Sealed::new(array(random)),
        }
    }

    /// Takes a try under `username`, or says after how many whole seconds, rounded up, there is
    /// one. It is counted before the password is looked at, so that many at once gain nothing.
    pub(crate) fn take(&self, username: &str, now: Timestamp) -> Result<Attempt<'_>, u32> {
        let counter = &self.forgotten_at_ms[self.place(username)];
        let one_more = |forgotten_at_ms: u64| {
            let ahead_ms = forgotten_at_ms.saturating_sub(now.as_ms());
            (ahead_ms <= self.room_ms).then(|| forgotten_at_ms.max(now.as_ms()) + self.pause_ms)
        };
        match counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(Attempt { counter, pause_ms: self.pause_ms }),
            Err(forgotten_at_ms) => {
                let wait_ms = forgotten_at_ms.saturating_sub(now.as_ms() + self.room_ms);
                Err(u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX))
            }
        }
    }

    /// Which counter is this name's.
    fn place(&self, username: &str) -> usize {
        // HMAC takes keys of every length; without one it would only be less well hidden.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose()) else { return 0 };
        mac.update(username.as_bytes());
        let mac = mac.finalize().into_bytes();
        usize::from(u16::from_le_bytes([mac[0], mac[1]]))
    }
}

impl Attempt<'_> {
    /// It did not fail, or was never made.
    pub(crate) fn give_back(self) {
        let less = |at: u64| Some(at.saturating_sub(self.pause_ms));
        // Always some: nothing is refused here.
        let _before = self.counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

#[cfg(test)]
mod tests;
