//! An independent judge: were all promises kept, and does every number follow from the others?
//!
//! It shares no code with the roles and trusts none of them. It reads what clients wrote down of
//! what they were told ([`log`]), and dumps of the databases ([`dump`]), and computes payouts,
//! crash points, hashes and balances by itself.

pub mod decimal;
pub mod dump;
pub mod log;
pub mod report;

mod book;
mod fairness;
mod hex;
mod judge;
mod rules;

pub use hex::{BetId, Hex};
pub use judge::{Case, judge};
pub use report::{Finding, Report, Verdict};
