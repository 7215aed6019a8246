//! Players, their passwords, their sign-ins and their tokens.
//!
//! Guards: passwords are stored as argon2id hashes only and refresh tokens as SHA-256; hashing is
//! bounded, guessing is slow and locks nobody out; an answer never tells an unknown name from a
//! wrong password; a refresh token is good once, and a stolen one ends its sign-in.

mod config;
mod metrics;
mod password;
mod refresh;
mod routes;
mod service;
pub mod store;
mod throttle;

pub use config::Config;
pub use metrics::Metrics;
pub use routes::{openapi, router};
pub use service::{AuthError, Deps, Service, StartError};
pub use store::SCHEMA;

#[cfg(test)]
mod tests;
