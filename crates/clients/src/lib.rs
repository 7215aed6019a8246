//! The contracts between roles over HTTP/2: a client that implements each, and the routes that
//! answer it. Whoever calls a contract cannot tell it from a direct call.
//!
//! Bodies are JSON of `protocol::internal`; every call carries a service token and its deadline.

mod access;
mod channel;
mod hops;
mod lobbies;
mod play;
mod proxy;
mod routes;
mod sign_ins;
mod wallet;

pub use access::Access;
pub use channel::{Channel, ChannelConfig};
pub use lobbies::HttpLobbies;
pub use play::{HttpPlay, play_routes};
pub use proxy::{Forwarding, Repeatable, proxy};
pub use sign_ins::{HttpSignIns, sign_ins_routes};
pub use wallet::{HttpWallet, wallet_routes};
