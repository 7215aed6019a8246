//! How fast passwords can be guessed, without letting anybody lock somebody else out.
//!
//! Three budgets, each a few failures at once and then one a pause: for a name from one network,
//! for a network whatever the names, and for a name from all networks together. The last is slow,
//! for guessers with many addresses, and is not asked where that name has signed in before: its
//! owner comes in at home whatever others do elsewhere. One network may use up a share of it and no
//! more, so that its owner comes in elsewhere too. Names nobody has are counted like all others, so
//! that it does not tell them apart.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::{Sealed, Timestamp};
use platform::http::Network;
use platform::random::{Random, array};
use sha2::Sha256;

use crate::config::Config;
use crate::metrics::Budget;

/// Each key stands for one of so many counters (512 KiB), so memory is bounded whoever knocks.
/// Two keys with one counter share it; at the rate at which passwords can be hashed at all,
/// failures under random keys fade faster than they fill the counters.
const COUNTERS: usize = 1 << 16;

/// One network may use one part in so many of a name's budget.
const SHARES: u32 = 4;

/// Counts failed sign-ins.
pub(crate) struct Throttle {
    name_here: Counters,
    network: Counters,
    name: Counters,
    /// What one network has used of a name's budget.
    share: Counters,
    /// Fingerprints of the names and networks that fit together before, each at its place; a
    /// newer one of the same place takes it over.
    familiar: Box<[AtomicU64]>,
    /// Which keys share a counter is drawn at start, so that nobody can aim at another's.
    key: Sealed<[u8; 32]>,
}

/// Who tries, as places and fingerprints.
#[derive(Clone, Copy)]
pub(crate) struct Who {
    name_here: u64,
    network: u64,
    name: u64,
}

/// One try, counted as failed until it is given back.
#[must_use = "a try that did not fail is given back"]
#[derive(Default)]
pub(crate) struct Attempt<'a>(Vec<(&'a Counters, u64)>);

/// Why there is no try now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// Whole seconds after which there is one.
    pub(crate) retry_after_s: u32,
    /// What ran out.
    pub(crate) budget: Budget,
}

/// One budget for each of many keys.
struct Counters {
    /// The instant at which all failures counted will be forgotten, in milliseconds: each moves
    /// it on by one pause (GCRA).
    forgotten_at: Box<[AtomicU64]>,
    pause_ms: u64,
    /// How far ahead that instant may lie for one more try.
    room_ms: u64,
}

impl Throttle {
    pub(crate) fn new(config: &Config, random: &dyn Random) -> Self {
        Self {
            name_here: Counters::new(config.failures_at_once, config.failure_pause_ms),
            network: Counters::new(
                config.network_failures_at_once,
                config.network_failure_pause_ms,
            ),
            name: Counters::new(config.name_failures_at_once, config.name_failure_pause_ms),
            share: Counters::new(
                (config.name_failures_at_once / SHARES).max(1),
                config.name_failure_pause_ms * u64::from(SHARES),
            ),
            familiar: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            key: Sealed::new(array(random)),
        }
    }

    /// `username` as it tries from `network`; those without an address are one network.
    pub(crate) fn who(&self, username: &str, network: Option<Network>) -> Who {
        let network = network.map_or([0; 9], |network| {
            let mut bytes = [1; 9];
            bytes[1..].copy_from_slice(&network.number().to_le_bytes());
            bytes
        });
        Who {
            name_here: self.mac(&[b"here", &network, username.as_bytes()]),
            network: self.mac(&[b"network", &network]),
            name: self.mac(&[b"name", username.as_bytes()]),
        }
    }

    /// Takes a try, or says when there is one. It is counted before the password is looked at,
    /// so that many at once gain nothing.
    pub(crate) fn take(&self, who: Who, now: Timestamp) -> Result<Attempt<'_>, TooMany> {
        let mut attempt = Attempt::default();
        let budgets = [
            (&self.name_here, who.name_here, Budget::NameHere),
            (&self.network, who.network, Budget::Network),
            (&self.share, who.name_here, Budget::NameShare),
            (&self.name, who.name, Budget::Name),
        ];
        let at_home = self.is_familiar(who);
        for (counters, key, budget) in budgets {
            if at_home && matches!(budget, Budget::NameShare | Budget::Name) {
                continue;
            }
            if let Err(retry_after_s) = counters.take(key, now) {
                attempt.give_back();
                return Err(TooMany { retry_after_s, budget });
            }
            attempt.0.push((counters, key));
        }
        Ok(attempt)
    }

    /// The password was right: from now on this name may come in from here.
    pub(crate) fn remember(&self, who: Who) {
        self.familiar[place(who.name_here)].store(fingerprint(who), Ordering::Relaxed);
    }

    fn is_familiar(&self, who: Who) -> bool {
        self.familiar[place(who.name_here)].load(Ordering::Relaxed) == fingerprint(who)
    }

    /// A number that nobody outside can foretell; parts of fixed length come first.
    fn mac(&self, parts: &[&[u8]]) -> u64 {
        // HMAC takes keys of every length; without one it would only be less well hidden.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose()) else { return 0 };
        for part in parts {
            mac.update(part);
        }
        let mac = mac.finalize().into_bytes();
        u64::from_le_bytes(std::array::from_fn(|at| mac[at]))
    }
}

impl Attempt<'_> {
    /// It did not fail, or was never made.
    pub(crate) fn give_back(self) {
        for (counters, key) in self.0 {
            counters.give_back(key);
        }
    }
}

impl Counters {
    fn new(at_once: u32, pause_ms: u64) -> Self {
        Self {
            forgotten_at: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            pause_ms,
            room_ms: pause_ms * u64::from(at_once - 1),
        }
    }

    /// Counts a failure, or says after how many whole seconds, rounded up, one may come.
    fn take(&self, key: u64, now: Timestamp) -> Result<(), u32> {
        let one_more = |forgotten_at_ms: u64| {
            let ahead_ms = forgotten_at_ms.saturating_sub(now.as_ms());
            (ahead_ms <= self.room_ms).then(|| forgotten_at_ms.max(now.as_ms()) + self.pause_ms)
        };
        let counter = &self.forgotten_at[place(key)];
        match counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(()),
            Err(forgotten_at_ms) => {
                let wait_ms = forgotten_at_ms.saturating_sub(now.as_ms() + self.room_ms);
                Err(u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX))
            }
        }
    }

    fn give_back(&self, key: u64) {
        let less = |at: u64| Some(at.saturating_sub(self.pause_ms));
        let counter = &self.forgotten_at[place(key)];
        // Always some: nothing is refused here.
        let _before = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// Which counter is this key's.
fn place(key: u64) -> usize {
    let [low, high, ..] = key.to_le_bytes();
    usize::from(u16::from_le_bytes([low, high]))
}

/// Never zero, which stands for nothing.
const fn fingerprint(who: Who) -> u64 {
    who.name_here | 1 << 63
}

#[cfg(test)]
mod tests;
