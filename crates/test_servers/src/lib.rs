//! Real servers for tests and the bench: PostgreSQL, NATS, Prometheus and nginx from Debian's
//! packages, each on a free port, in a directory of its own, as an ordinary user; stopped when
//! dropped. And certificates for servers of our own.
//!
//! A server that cannot be started is an error: no test passes for want of it.

mod authority;
mod nats;
mod nginx;
mod postgres;
mod prometheus;
mod server;

pub use authority::Authority;
pub use nats::Nats;
pub use nginx::Nginx;
pub use postgres::Postgres;
pub use prometheus::Prometheus;
pub use server::StartError;

#[cfg(test)]
mod tests;
