//! The seed chain: how fast it is walked, on one core.

use std::hint::black_box;

use fairness::{Chain, Seed};
use platform::clock::Stopwatch;

/// Fifty chains of configured lobbies.
const CHAINS: u8 = 50;
const LENGTH: u32 = 100_000;

/// Steps of SHA-256 a second, checkpoints included: what making a chain costs.
pub(crate) fn steps_per_second() -> f64 {
    let watch = Stopwatch::start();
    for chain in 0..CHAINS {
        black_box(Chain::grow(Seed::from_bytes([chain; 32]), LENGTH));
    }
    crate::rate(u64::from(CHAINS) * u64::from(LENGTH), watch)
}
