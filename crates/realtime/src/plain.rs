//! `waxwing.v1` over plain WebSocket: our own handshake, codec and connections on the raw streams.
//!
//! A frame is encoded once for all who receive it and goes straight to each socket; only what a
//! socket does not take waits.

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use bytes::Bytes;
use platform::clock::Clock;
use protocol::close::CloseCode;

use crate::{Config, Hub, SessionHandler};

mod codec;
mod connection;
mod handshake;
mod inbox;
mod link;
mod pulse;
mod question;
mod wheel;

#[cfg(feature = "fuzzing")]
pub use codec::fuzzing::codec;
#[cfg(feature = "fuzzing")]
pub use handshake::fuzzing::handshake;
pub(crate) use handshake::is_origin;

/// Where clients connect.
const PATH: &str = "/gateway/game/v1/ws";

/// Routes that speak `waxwing.v1` for `handler`, with sessions that live in `hub`.
///
/// They must be served by [`platform::http::serve`], whose raw streams are taken over. The
/// client's address is the extension [`crate::Peer`], else the connection's own.
pub fn plain<S: Clone + Send + Sync + 'static>(
    handler: Arc<dyn SessionHandler>,
    hub: &Hub,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Router<S> {
    let door = handshake::Door::new(handler, hub, config, clock);
    Router::new().route(PATH, any(handshake::shake_hands).with_state(door))
}

/// A whole text message in one frame, for any number of sockets.
pub(crate) fn text_frame(json: &str) -> Bytes {
    codec::encode::text(json)
}

/// The close frame of one of our codes, with its word.
pub(crate) fn close_frame(code: CloseCode) -> Bytes {
    codec::encode::close(Some(code.number()), code.as_str())
}
