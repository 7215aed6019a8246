//! The HTTP server: what comes in is bounded, what is refused is a problem (RFC 9457).

mod activity;
mod connection;
mod csv;
mod door;
mod error;
mod extract;
mod files;
pub mod idempotency;
mod places;
mod raw;
mod serve;
mod tls;
mod workers;

pub use connection::{ClientAddress, Connection, PeerAddress, Seat};
pub use csv::{AcceptsCsv, Csv, CsvLines};
pub use door::{Door, RequestId};
pub use error::ApiError;
pub use extract::{AuthenticatedPlayer, Json, Path, Query, bearer};
pub use files::warn_if_files_are_few;
pub use idempotency::{IdempotencyKey, Idempotent, KeyedJson};
pub use places::{Full, Network, Place, Places};
pub use raw::RawStream;
pub use serve::{Limits, Listener, serve, serve_with};
pub use tls::Tls;
pub use workers::Workers;

#[cfg(test)]
mod tests;
