//! The public door: routes, limits, sockets and documentation in front of the roles.
//!
//! The gateway owns nothing: what it knows can be asked for again, and killing it loses nothing.

mod balances;
mod client;
mod config;
mod cookie;
mod docs;
mod feed;
mod headers;
mod keys;
mod limits;
mod metrics;
mod notices;
mod page;
pub mod play;
mod refusal;
mod routes;
mod server;
mod sockets;
mod state;
mod status;
#[cfg(test)]
mod testing;
mod upstream;

pub use config::{Config, TlsConfig};
pub use metrics::Metrics;
pub use routes::is_repeatable;
pub use server::{Deps, Listener, Server, StartError};
