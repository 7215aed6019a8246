//! Sockets: sessions, the hub that fans events out to them, and the transports behind them.
//!
//! A role sees [`Session`], [`Hub`] and [`SessionHandler`], never the library that speaks
//! Socket.IO: another transport joins the same hub without a change to the role.

mod admission;
mod config;
mod encoded;
mod handler;
mod hub;
mod metrics;
mod rate;
mod session;
mod socket_io;

pub use admission::Peer;
pub use config::Config;
pub use encoded::Encoded;
pub use handler::{Reply, SessionHandler};
pub use hub::Hub;
pub use metrics::Metrics;
pub use protocol::close::CloseCode;
pub use session::{Session, SessionId};
pub use socket_io::socket_io;
