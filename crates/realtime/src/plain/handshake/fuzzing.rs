//! Any request at all as an opening handshake, judged against RFC 6455 said once more.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, Version};

use super::origin::Origins;
use super::{Refusal, accept_of, check};

/// The page that is listed where pages are.
const LISTED: &str = "https://play.example";

/// Reads the first byte as method, version and who may open sockets, and each line after it as a
/// header.
///
/// # Panics
/// If a handshake is taken that breaks a rule, or refused though it keeps all of them.
pub fn handshake(input: &[u8]) {
    let [flags, lines @ ..] = input else { return };
    let mut request = Request::new(Body::empty());
    *request.method_mut() = if flags & 1 == 0 { Method::GET } else { Method::POST };
    *request.version_mut() =
        [Version::HTTP_11, Version::HTTP_11, Version::HTTP_10, Version::HTTP_2]
            [usize::from(flags >> 1) % 4];
    for line in lines.split(|byte| *byte == b'\n').take(64) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        let header = HeaderName::from_bytes(name).ok();
        if let Some((name, value)) = header.zip(HeaderValue::from_bytes(value.trim_ascii()).ok()) {
            request.headers_mut().append(name, value);
        }
    }
    let listed = [vec![], vec!["*".to_owned()], vec![LISTED.to_owned()]];
    let origins = Origins::new(&listed[usize::from(flags >> 3) % 3]);
    match check(&origins, &request) {
        Ok(key) => {
            assert_eq!(broken_rule(&request), None, "{request:?}");
            assert!(comes_from_there(&origins, &request), "{request:?}");
            assert_eq!(accept_of(key).len(), 28);
        }
        Err(Refusal::Origin) => {
            // A page whose name is no text is none that anybody could list.
            let is_any = matches!(origins, Origins::Any);
            assert!(!is_any || first(&request, "origin").is_none_or(str::is_empty));
        }
        Err(refusal) => assert_eq!(broken_rule(&request), Some(refusal), "{request:?}"),
    }
}

/// The first rule of RFC 6455, 4.2.1, that the request breaks.
fn broken_rule(request: &Request<Body>) -> Option<Refusal> {
    let keys = said(request, "sec-websocket-key");
    let one_key = keys.len() == 1 && is_sixteen_bytes(keys[0].as_bytes());
    let rules = [
        (request.version() == Version::HTTP_11, Refusal::HttpVersion),
        (request.method() == Method::GET, Refusal::Method),
        (lists(request, "connection", "upgrade"), Refusal::NoUpgrade),
        (lists(request, "upgrade", "websocket"), Refusal::NoUpgrade),
        (first(request, "sec-websocket-version") == Some("13"), Refusal::Version),
        (one_key, Refusal::Key),
        (lists(request, "sec-websocket-protocol", "waxwing.v1"), Refusal::Subprotocol),
    ];
    rules.into_iter().find(|(kept, _)| !kept).map(|(_, refusal)| refusal)
}

/// The values of a header, those that are no text as nothing.
fn said<'a>(request: &'a Request<Body>, name: &str) -> Vec<&'a str> {
    let values = request.headers().get_all(name).into_iter();
    values.map(|value| value.to_str().unwrap_or_default()).collect()
}

fn first<'a>(request: &'a Request<Body>, name: &str) -> Option<&'a str> {
    said(request, name).first().copied()
}

/// Whether a header names `wanted` between commas; tokens of HTTP have no case, a subprotocol has.
fn lists(request: &Request<Body>, name: &str, wanted: &str) -> bool {
    let joined = said(request, name).join(",");
    let mut listed = joined.split(',').map(str::trim);
    if name == "sec-websocket-protocol" {
        return listed.any(|token| token == wanted);
    }
    listed.any(|token| token.to_ascii_lowercase() == wanted)
}

/// Twenty-two characters of Base64 whose last has four bits to spare, and two of padding.
fn is_sixteen_bytes(key: &[u8]) -> bool {
    let [characters @ .., last, b'=', b'='] = key else { return false };
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    characters.len() == 21 && characters.iter().all(is_base64) && b"AQgw".contains(last)
}

/// Whether the page, if a page asks, is one that may.
fn comes_from_there(origins: &Origins, request: &Request<Body>) -> bool {
    let Some(origin) = first(request, "origin").map(str::to_ascii_lowercase) else { return true };
    match origins {
        Origins::Any => true,
        Origins::Listed(_) => origin == LISTED,
        Origins::Same => {
            let host = first(request, "host").unwrap_or_default().to_ascii_lowercase();
            let bare = host.trim_end_matches(":443").trim_end_matches(":80");
            ["http", "https"].iter().any(|scheme| origin.starts_with(&format!("{scheme}://{bare}")))
        }
    }
}
