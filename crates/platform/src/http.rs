//! The HTTP server: what comes in is bounded, what is refused is a problem (RFC 9457).

mod connection;
mod door;
mod error;
mod extract;
mod serve;

pub use connection::{Connection, PeerAddress};
pub use door::{Door, RequestId};
pub use error::ApiError;
pub use extract::{AuthenticatedPlayer, Json, Path, Query};
pub use serve::{Limits, serve, serve_with};

#[cfg(test)]
mod tests;
