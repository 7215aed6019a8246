//! The shared database: a pool of sessions under the settings that money relies on.
//!
//! Guards "shown means stored" as [`crate::sqlite`] does: an answer leaves only after its commit,
//! and a commit whose answer was lost is told apart from one that did nothing.

mod error;
pub mod idempotency;
mod pool;
mod schema;

pub use crate::sqlite::Schema;
pub use deadpool_postgres::{Object as Session, Transaction};
pub use error::StoreError;
pub use pool::Pool;

#[cfg(test)]
mod tests;
