//! What of a call and its answer goes over the hop between gateway and role, and what does not
//! (RFC 9110 §7.6.1).

use std::net::IpAddr;

use axum::response::Response;
use http::header::{
    CONNECTION, CONTENT_LENGTH, FORWARDED, HOST, HeaderName, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Request};
use platform::http::{ClientAddress, PeerAddress, RequestId};

use crate::access::{DEADLINE, SERVICE_TOKEN};
use crate::channel::Body;

/// Who asked, as the public door knows it.
pub(crate) const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_HOST: &str = "x-forwarded-host";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const REQUEST_ID: &str = "x-request-id";
/// What one hop says to the next alone.
const HOP_BY_HOP: [HeaderName; 7] =
    [CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
const KEEP_ALIVE: &str = "keep-alive";
const PROXY_CONNECTION: &str = "proxy-connection";
/// What only we say inwards: from outside it is nobody's word.
const OURS: [&str; 7] = [
    FORWARDED_FOR,
    FORWARDED_HOST,
    FORWARDED_PROTO,
    "x-real-ip",
    REQUEST_ID,
    DEADLINE,
    SERVICE_TOKEN,
];

/// The call as the role gets it: what concerns the hop is gone, who asked is said anew.
pub(super) fn inward(parts: &Parts, scheme: &Scheme, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    let mut headers = parts.headers.clone();
    let host = headers.get(HOST).cloned();
    without_hop(&mut headers);
    for name in [HOST, CONTENT_LENGTH, FORWARDED] {
        headers.remove(name);
    }
    for name in OURS {
        headers.remove(name);
    }
    let client = client(parts).map(|address| address.to_string());
    let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    let text = |text: String| HeaderValue::from_str(&text).ok();
    let said = [
        (FORWARDED_FOR, client.and_then(text)),
        (FORWARDED_PROTO, text(scheme.to_string())),
        (FORWARDED_HOST, host),
        (REQUEST_ID, id.and_then(text)),
    ];
    for (name, value) in said {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    *request.headers_mut() = headers;
    request
}

/// Who asked: the client as the door knows it, else the connection's other end.
pub(super) fn client(parts: &Parts) -> Option<IpAddr> {
    let peer = || parts.extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
    parts.extensions.get::<ClientAddress>().map(|client| client.0).or_else(peer)
}

/// The answer as the client gets it.
pub(super) fn outward(mut response: Response) -> Response {
    without_hop(response.headers_mut());
    response
}

fn without_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove(KEEP_ALIVE);
    headers.remove(PROXY_CONNECTION);
}
