//! Seeded randomness: whatever a world leaves to chance is thrown here, so that a seed is a world.

use parking_lot::Mutex;
use platform::random::Random;

/// A stream of random numbers. `SplitMix64` (Steele, Lea, Flood 2014): fast, and enough here.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

/// Dice for code that shares them.
#[derive(Debug)]
pub(crate) struct SharedDice(Mutex<Dice>);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads every bit of `value` over all bits of the answer.
pub(crate) const fn mix(value: u64) -> u64 {
    let mut mixed = value;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Dice {
    /// The stream named `purpose` of the world `seed`: one purpose does not move another.
    pub(crate) const fn new(seed: u64, purpose: u64) -> Self {
        Self { state: mix(mix(seed) ^ purpose.wrapping_mul(GOLDEN)) }
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number below `limit`, which is not zero.
    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        // The high word of a product: uniform to within limit / 2^64.
        ((self.next() as u128 * limit as u128) >> 64) as u64
    }

    /// A place in something with `length` places, which is not empty.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// A small number from `low` to `high`, both included.
    pub(crate) fn number(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.between(low.into(), high.into())).unwrap_or(high)
    }

    /// True in `parts` of 1,000 throws.
    pub(crate) const fn permille(&mut self, parts: u64) -> bool {
        self.below(1_000) < parts
    }

    pub(crate) fn choose<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.place(of.len())]
    }
}

impl SharedDice {
    pub(crate) const fn new(dice: Dice) -> Self {
        Self(Mutex::new(dice))
    }

    /// Throws as often as `throw` does.
    pub(crate) fn throw<T>(&self, throw: impl FnOnce(&mut Dice) -> T) -> T {
        throw(&mut self.0.lock())
    }
}

/// What the production code draws from, seeds among it.
impl Random for SharedDice {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.0.lock();
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&dice.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
