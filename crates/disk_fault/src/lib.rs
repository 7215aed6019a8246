//! A disk that forgets what was not synced, below SQLite. For tests alone.
//!
//! Every write stays in the memory of the process until the file is synced, so that the death of
//! the process is a power cut. What a real disk does beyond that, keeping some of the unsynced
//! sectors and losing others, happens at [`power_off`]. ADR 18 says what is not modelled.

mod dice;
mod faults;
mod overlay;
mod vfs;

pub use faults::{Fault, fail_after, fail_next, ignore_syncs};
pub use vfs::{RegisterError, power_off, register, survivor, undelete, unsynced_bytes};
