//! The production code of engine, ledger, lobbies, outbox, take-over and wallet in one seeded
//! world of virtual time, network and databases, on one thread, judged after every commit.
//!
//! No tokio runtime runs here, no thread, no clock of the machine: the same seed is the same
//! world, to the last bit of its hash.

#[cfg(test)]
mod alone;
mod book;
mod bus;
mod clock;
mod crowd;
mod database;
mod dice;
mod executor;
mod gateway;
mod judge;
mod logs;
mod network;
mod outcome;
mod plan;
mod records;
mod schedule;
mod shrink;
mod trace;
mod world;

use std::cell::OnceCell;

use kernel::Curve;

pub use judge::{Tally, Violation};
pub use logs::show_logs;
pub use outcome::Outcome;
pub use plan::{FaultKind, Plan, UnknownFault};
pub use schedule::Fault;
pub use shrink::shrink;

thread_local! {
    /// A table of 4 MB: once for all worlds of a thread.
    static CURVE: OnceCell<Curve> = const { OnceCell::new() };
}

/// Lives through the world of `seed` under `plan`.
#[must_use]
pub fn run(seed: u64, plan: &Plan) -> Outcome {
    let curve = CURVE.with(|curve| curve.get_or_init(Curve::exponential).clone());
    world::run(seed, plan, curve)
}
