//! The opening handshake: who may open a plain socket, and the answer that takes the stream over.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::server::conn::auto::upgrade::downcast;
use platform::clock::Clock;
use platform::http::{ApiError, Connection, Place};
use protocol::Code;
use protocol::plain::SUBPROTOCOL;
use sha1::{Digest as _, Sha1};

use super::codec::{Bounds, Decoder};
use super::connection::Reader;
use super::inbox::Inbox;
use super::link::{Link, PlainWire};
use super::pulse::Pulses;
use crate::admission::{Admission, Peer};
use crate::metrics::Reason;
use crate::{Config, Dialect, Hub, Session, SessionHandler, lanes};
use origin::Origins;
pub(crate) use origin::is_origin;

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod origin;

/// RFC 6455, 1.3: what the client's key is hashed with.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Makes a session of every handshake.
#[derive(Clone)]
pub(crate) struct Door(Arc<Inner>);

struct Inner {
    handler: Arc<dyn SessionHandler>,
    hub: Hub,
    config: Config,
    clock: Arc<dyn Clock>,
    admission: Admission,
    origins: Origins,
    pulses: Pulses,
}

/// Why there is no socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Method,
    HttpVersion,
    NoUpgrade,
    Version,
    Key,
    Subprotocol,
    Origin,
}

impl Door {
    pub(crate) fn new(
        handler: Arc<dyn SessionHandler>,
        hub: &Hub,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Inner {
            handler,
            hub: hub.clone(),
            config: config.clone(),
            admission: Admission::new(hub, config),
            origins: Origins::new(&config.origins),
            pulses: Pulses::new(config, Arc::clone(&clock)),
            clock,
        }))
    }
}

/// Answers a handshake; the socket begins when the answer is out.
pub(crate) async fn shake_hands(State(door): State<Door>, mut request: Request) -> Response {
    let accept = match check(&door.0.origins, &request) {
        Ok(key) => accept_of(key),
        Err(refusal) => return door.0.refuse(refusal),
    };
    let peer = Peer::of(request.extensions());
    let place = match door.0.admission.admit(peer) {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return door.0.refuse(Refusal::NoUpgrade);
    };
    tokio::spawn(door.0.take_over(upgrade, peer, place));
    let headers = [
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL)),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

impl Inner {
    fn refuse(&self, refusal: Refusal) -> Response {
        let reason = Reason { reason: refusal.as_str() };
        self.hub.metrics().connections_refused.get_or_create(&reason).inc();
        refusal.answer()
    }

    /// Waits for the raw stream and reads it to its end. The connection's seat, and the socket's
    /// place, are taken for as long.
    fn take_over(
        self: &Arc<Self>,
        upgrade: OnUpgrade,
        peer: Option<IpAddr>,
        place: Arc<Place>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let door = Arc::clone(self);
        async move {
            let upgraded = match upgrade.await {
                Ok(upgraded) => upgraded,
                Err(error) => return tracing::debug!(%error, "a handshake was not completed"),
            };
            let Some((connection, early)) = raw(upgraded) else { return };
            let (stream, seat) = connection.into_parts();
            let link = Arc::new(Link::new(stream));
            let session = door.open(&link, peer, early).await;
            session.detach();
            door.hub.exit(&session);
            drop((link, seat, place));
        }
    }

    /// Gives the stream a session and reads it to its end.
    async fn open(&self, link: &Arc<Link>, peer: Option<IpAddr>, early: Vec<u8>) -> Session {
        let Self { hub, config, clock, .. } = self;
        let metrics = hub.metrics().clone();
        let birth = hub.birth(Dialect::Plain, peer, None);
        let session = Session::new(birth, config, Arc::clone(clock), metrics.clone());
        let (inbox, receiver) = Inbox::new(session.clone(), config, metrics.clone(), clock.now());
        session.attach(Box::new(PlainWire(Arc::clone(link))));
        hub.enter(&session);
        tokio::spawn(lanes::run(session.clone(), Arc::clone(&self.handler), receiver));
        let bounds = Bounds {
            message_bytes: config.message_bytes_max.into(),
            passed_bytes: config.payload_bytes_max.into(),
        };
        let reader = Reader {
            link: Arc::clone(link),
            pulse: self.pulses.begin(session.clone()),
            session: session.clone(),
            decoder: Some(Decoder::new(bounds)),
            inbox,
            clock: Arc::clone(clock),
            metrics,
        };
        reader.run(early).await;
        session
    }
}

/// The stream under an upgraded connection, and what was read of it already: copied, so that the
/// buffer it was read into is not kept for as long as the connection.
fn raw(upgraded: Upgraded) -> Option<(Connection, Vec<u8>)> {
    let Ok(parts) = downcast::<Connection>(upgraded) else {
        tracing::error!("plain sockets are served by a server that is not ours");
        return None;
    };
    Some((parts.io, parts.read_buf.to_vec()))
}

/// What RFC 6455, 4.2.1, asks of a client, and what we do. The key, if all is well.
fn check<'a>(origins: &Origins, request: &'a Request) -> Result<&'a HeaderValue, Refusal> {
    let headers = request.headers();
    if request.version() != Version::HTTP_11 {
        return Err(Refusal::HttpVersion);
    }
    if request.method() != Method::GET {
        return Err(Refusal::Method);
    }
    let upgrades = names(headers, &header::CONNECTION, "upgrade");
    if !upgrades || !names(headers, &header::UPGRADE, "websocket") {
        return Err(Refusal::NoUpgrade);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::Version);
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let key = keys.next().filter(|key| is_key(key) && keys.next().is_none());
    let key = key.ok_or(Refusal::Key)?;
    if !values(headers, &header::SEC_WEBSOCKET_PROTOCOL).any(|value| value == SUBPROTOCOL) {
        return Err(Refusal::Subprotocol);
    }
    if !origins.allow(headers) {
        return Err(Refusal::Origin);
    }
    Ok(key)
}

/// Whether `wanted`, in whatever case, is among a header's values.
fn names(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    values(headers, name).any(|value| value.eq_ignore_ascii_case(wanted))
}

/// A header's comma-separated values.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|value| value.split(',')).map(str::trim)
}

/// Sixteen bytes in Base64.
fn is_key(key: &HeaderValue) -> bool {
    STANDARD.decode(key.as_bytes()).is_ok_and(|bytes| bytes.len() == 16)
}

fn accept_of(key: &HeaderValue) -> HeaderValue {
    let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    // Base64 is made of characters that a header may have.
    HeaderValue::try_from(STANDARD.encode(digest)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl Refusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::HttpVersion => "http_version",
            Self::NoUpgrade => "no_upgrade",
            Self::Version => "version",
            Self::Key => "key",
            Self::Subprotocol => "subprotocol",
            Self::Origin => "origin",
        }
    }

    fn answer(self) -> Response {
        let refused = match self {
            Self::Method => ApiError::new(Code::Malformed, "A WebSocket begins with GET")
                .with_status(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::HttpVersion => ApiError::new(Code::Malformed, "A WebSocket needs HTTP/1.1 here"),
            Self::NoUpgrade => ApiError::new(Code::Malformed, "Only WebSockets are served here")
                .with_status(StatusCode::UPGRADE_REQUIRED, "Upgrade required"),
            Self::Version => ApiError::new(Code::Malformed, "WebSockets of version 13 are served")
                .with_status(StatusCode::UPGRADE_REQUIRED, "Upgrade required"),
            Self::Key => ApiError::new(Code::Malformed, "Sec-WebSocket-Key is not 16 bytes"),
            Self::Subprotocol => {
                let detail = format!("The subprotocol must be {SUBPROTOCOL}");
                ApiError::new(Code::Malformed, detail)
            }
            Self::Origin => {
                ApiError::new(Code::Forbidden, "Pages of this origin may not open sockets here")
            }
        };
        let mut response = refused.into_response();
        let headers = response.headers_mut();
        if matches!(self, Self::NoUpgrade | Self::Version) {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if self == Self::Method {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

#[cfg(test)]
mod tests;
