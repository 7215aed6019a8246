//! Proof that nobody could have rigged a round: seed chains, crash points, commitments.
//!
//! Pure: no clock, no randomness, no I/O, and no floats. `docs/fairness.md` says the same in prose.
#![deny(clippy::float_arithmetic)]

mod bets_hash;
mod chain;
mod commitment;
mod crash_point;
pub mod drand;
pub mod hex;
mod seed;
pub mod sites;

pub use bets_hash::{BetEntry, bets_hash};
pub use chain::{CHECKPOINT_EVERY, Chain, ChainError, Checkpoint, Segment, checkpoint_of, descend};
pub use commitment::{Anchor, Commitment, CommitmentError, Formula, Signature};
pub use crash_point::{HOUSE_EDGE_LIMIT_BPS, Mapping, crash_point, crash_point_of};
pub use seed::{Seed, Terminal, step};
