//! Players, their passwords and their tokens.
//!
//! Guards: passwords are stored as argon2id hashes only, hashing is bounded, guessing is slow, and
//! an answer never tells an unknown name from a wrong password.

mod config;
mod metrics;
mod password;
mod routes;
mod service;
mod store;
mod throttle;

pub use config::Config;
pub use metrics::Metrics;
pub use routes::{openapi, router};
pub use service::{AuthError, Deps, Service};
pub use store::SCHEMA;

#[cfg(test)]
mod tests;
