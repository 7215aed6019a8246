//! Randomness that a printed seed repeats.

use std::hash::{BuildHasher, Hasher, RandomState};

/// `SplitMix64`: small, seeded, good enough to choose instants and habits.
pub(crate) struct Random(u64);

impl Random {
    /// The stream of `seed`.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed from the environment (`E2E_SEED`) or a fresh one; printed either way.
    #[expect(clippy::disallowed_methods, reason = "repeats a failed run by its printed seed")]
    pub(crate) fn announced() -> Self {
        let given = std::env::var("E2E_SEED").ok();
        let seed = match given {
            Some(text) => text.parse().expect("E2E_SEED is a number"),
            None => RandomState::new().build_hasher().finish(),
        };
        println!("repeat with E2E_SEED={seed}");
        Self::seeded(seed)
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high);
        low + self.bits() % (high - low + 1)
    }

    /// The same in another order.
    pub(crate) fn shuffled<T: Copy>(&mut self, items: &[T]) -> Vec<T> {
        let mut items = items.to_vec();
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.between(0, last as u64)).unwrap();
            items.swap(last, other);
        }
        items
    }

    /// A stream of its own, for another task.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.bits())
    }

    /// A bet id: a UUID of version 4.
    pub(crate) fn bet_id(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        let text = format!("{high:016x}{low:016x}");
        format!(
            "{}-{}-4{}-a{}-{}",
            &text[..8],
            &text[8..12],
            &text[13..16],
            &text[17..20],
            &text[20..]
        )
    }
}
