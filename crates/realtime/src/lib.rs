//! Sockets: sessions, the hub that fans events out to them, and the transports behind them.
//!
//! A role sees [`Session`], [`Hub`] and [`SessionHandler`], never what is below them: the library
//! that speaks Socket.IO, or our own codec on the raw streams of `waxwing.v1`.

mod admission;
mod config;
mod delivery;
mod encoded;
mod handler;
mod hub;
mod lanes;
mod metrics;
mod plain;
mod rate;
mod ration;
mod session;
mod socket_io;

pub use admission::Peer;
pub use config::Config;
pub use delivery::Delivery;
pub use encoded::{Dialect, Encoded, Importance};
pub use handler::{Reply, SessionHandler};
pub use hub::Hub;
pub use metrics::Metrics;
pub use plain::plain;
pub use protocol::close::CloseCode;
pub use session::{Session, SessionId, SignIn};
pub use socket_io::socket_io;

/// What `crates/fuzzing` calls: the codec and the handshake are nobody else's to see.
#[cfg(feature = "fuzzing")]
pub mod fuzzing {
    pub use crate::plain::{codec, handshake};
}
