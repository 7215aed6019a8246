//! A reverse hash chain: made from its last seed, played from its first, one step back a round.
//!
//! Guards the rule that nothing published leads to a seed not yet played.

use kernel::SeedIndex;

use crate::{Seed, Terminal, step};

/// How far stored seeds lie apart: opening any seed takes at most this many steps.
pub const CHECKPOINT_EVERY: u32 = 1_000;

/// A whole chain as it is made once: its public end, and the seeds worth storing.
#[derive(Clone, Debug)]
pub struct Chain {
    length: u32,
    terminal: Terminal,
    checkpoints: Vec<Checkpoint>,
}

/// A seed from which those below it are expanded. Store it encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which seed it is.
    pub index: SeedIndex,
    /// The seed.
    pub seed: Seed,
}

/// The seeds of up to [`CHECKPOINT_EVERY`] rounds, expanded from one checkpoint.
#[derive(Clone, Debug)]
pub struct Segment {
    top: SeedIndex,
    /// From the top down, so that the first is the checkpoint itself.
    seeds: Vec<Seed>,
}

/// Why a seed cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Chains are walked down only.
    #[error("seed {to} lies above seed {from}")]
    Upwards { from: SeedIndex, to: SeedIndex },
    /// The chain has fewer rounds.
    #[error("a chain of {length} has no seed {index}")]
    OutOfChain { index: SeedIndex, length: u32 },
}

/// The seed at `to`, walked down from the `seed` at `from`: one step for each index between them.
///
/// # Errors
/// [`ChainError::Upwards`] if `to` is higher than `from`.
pub fn descend(from: SeedIndex, seed: &Seed, to: SeedIndex) -> Result<Seed, ChainError> {
    let steps = from.0.checked_sub(to.0).ok_or(ChainError::Upwards { from, to })?;
    Ok((0..steps).fold(seed.clone(), |seed, _| step(&seed)))
}

/// The index of the stored seed from which `index` is opened: the nearest at or above it.
///
/// # Errors
/// [`ChainError::OutOfChain`] for 0, which no round is played with, and beyond `length`.
pub fn checkpoint_of(index: SeedIndex, length: u32) -> Result<SeedIndex, ChainError> {
    if index.0 == 0 || index.0 > length {
        return Err(ChainError::OutOfChain { index, length });
    }
    let above = index.0.div_ceil(CHECKPOINT_EVERY).saturating_mul(CHECKPOINT_EVERY);
    Ok(SeedIndex(above.min(length)))
}

impl Chain {
    /// The chain whose last seed `s_N` is `last`, N being `length`. Takes `length` steps.
    #[must_use]
    pub fn grow(last: Seed, length: u32) -> Self {
        let mut checkpoints = Vec::with_capacity((length / CHECKPOINT_EVERY) as usize + 1);
        let mut seed = last;
        for index in (1..=length).rev() {
            if index == length || index % CHECKPOINT_EVERY == 0 {
                checkpoints.push(Checkpoint { index: SeedIndex(index), seed: seed.clone() });
            }
            seed = step(&seed);
        }
        Self { length, terminal: seed.to_terminal(), checkpoints }
    }

    /// How many rounds it can play.
    #[must_use]
    pub const fn length(&self) -> u32 {
        self.length
    }

    /// `s_0`, to be committed to.
    #[must_use]
    pub const fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// `s_N` and every 1,000th seed, from the top down.
    #[must_use]
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.checkpoints
    }
}

impl Segment {
    /// Expands the seeds from `top` down to the one above the next checkpoint.
    #[must_use]
    pub fn expand(top: &Checkpoint) -> Self {
        let count = match top.index.0 % CHECKPOINT_EVERY {
            0 => CHECKPOINT_EVERY.min(top.index.0),
            rest => rest,
        };
        let below = |seed: &Seed| Some(step(seed));
        let seeds = std::iter::successors(Some(top.seed.clone()), below).take(count as usize);
        Self { top: top.index, seeds: seeds.collect() }
    }

    /// The seed at `index`, or `None` if it belongs to another segment.
    #[must_use]
    pub fn open(&self, index: SeedIndex) -> Option<&Seed> {
        let down = self.top.0.checked_sub(index.0)?;
        self.seeds.get(down as usize)
    }
}

#[cfg(test)]
mod tests;
