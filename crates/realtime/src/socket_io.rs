//! Socket.IO, both transports, at the original's two paths. The library stays in here.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use http::Uri;
use platform::clock::Clock;
use tower::ServiceBuilder;

use crate::admission::{Admission, admit};
use crate::{Config, Hub, SessionHandler};

mod door;
mod event;
mod inbox;
mod wire;

#[cfg(test)]
pub(crate) use event::Event;

/// Where the library listens.
const PATH: &str = "/socket.io";

/// Where the original's gateway passed it on, too.
const GATEWAY_PATH: &str = "/gateway/game/v1/socket.io";

/// Routes that speak Socket.IO for `handler`, with sessions that live in `hub`.
///
/// They bring their own limits; what other origins may do is said by whoever serves them. A
/// long-polling request stays open for up to `ping_interval_ms`: no shorter timeout may lie around
/// them. The client's address is the extension [`crate::Peer`], else the connection's own.
pub fn socket_io<S: Clone + Send + Sync + 'static>(
    handler: Arc<dyn SessionHandler>,
    hub: &Hub,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Router<S> {
    let (service, io) = socketioxide::SocketIo::builder()
        .req_path(PATH)
        .max_payload(config.payload_bytes_max.into())
        .ws_max_message_size(config.payload_bytes_max as usize)
        .ws_max_frame_size(config.payload_bytes_max as usize)
        .max_buffer_size(config.buffered_events as usize)
        .ping_interval(Duration::from_millis(config.ping_interval_ms))
        .ping_timeout(Duration::from_millis(config.ping_timeout_ms))
        .connect_timeout(Duration::from_secs(10))
        .with_parser(
            socketioxide::ParserConfig::common()
                .max_incoming_binaries(1)
                .max_incoming_binary_buf_size(config.message_bytes_max as usize),
        )
        .build_svc();
    io.ns("/", door::Door::new(handler, hub.clone(), config.clone(), clock));

    let admission = Admission::new(hub, config);
    let service = ServiceBuilder::new()
        .layer(from_fn_with_state(admission, admit))
        .map_request(onto_path)
        .service(service);
    Router::new()
        .route_service(PATH, service.clone())
        .route_service("/socket.io/", service.clone())
        .route_service(GATEWAY_PATH, service.clone())
        .route_service("/gateway/game/v1/socket.io/", service)
}

/// Moves a request for the gateway's path to the library's.
fn onto_path(mut request: Request) -> Request {
    let wanted = request.uri().path_and_query().map(http::uri::PathAndQuery::as_str);
    let rest = wanted.and_then(|path| path.strip_prefix(GATEWAY_PATH));
    if let Some(uri) = rest.and_then(|rest| format!("{PATH}{rest}").parse::<Uri>().ok()) {
        *request.uri_mut() = uri;
    }
    request
}
