//! What RFC 6455 asks of a client, header by header.

use axum::body::Body;
use axum::extract::Request;
use http::{Method, StatusCode, Version};

use super::{Origins, Refusal, accept_of, check};

/// The headers of a good handshake but for `changed`; an empty value leaves the header out.
fn judged(changed: &[(&str, &str)]) -> Result<String, Refusal> {
    let good = [
        ("host", "play.example.org"),
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "chat, waxwing.v1"),
        ("origin", "https://play.example.org"),
    ];
    let mut request = Request::builder().uri("/gateway/game/v1/ws");
    for (name, value) in good {
        let changed = changed.iter().find(|(other, _)| *other == name);
        match changed.map_or(value, |(_, value)| *value) {
            "" => {}
            value => request = request.header(name, value),
        }
    }
    let request = request.body(Body::empty()).unwrap();
    let key = check(&Origins::new(&[]), &request)?;
    Ok(accept_of(key).to_str().unwrap().to_owned())
}

#[test]
fn the_example_of_the_rfc_is_accepted() {
    assert_eq!(judged(&[]), Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned()));
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let cases = [
        ("connection", "", Refusal::NoUpgrade),
        ("connection", "keep-alive", Refusal::NoUpgrade),
        ("upgrade", "", Refusal::NoUpgrade),
        ("upgrade", "h2c", Refusal::NoUpgrade),
        ("sec-websocket-version", "", Refusal::Version),
        ("sec-websocket-version", "8", Refusal::Version),
        ("sec-websocket-key", "", Refusal::Key),
        ("sec-websocket-key", "dGhlIHNhbXBsZQ==", Refusal::Key),
        ("sec-websocket-key", "not base64 of anything..", Refusal::Key),
        ("sec-websocket-protocol", "", Refusal::Subprotocol),
        ("sec-websocket-protocol", "chat", Refusal::Subprotocol),
        ("sec-websocket-protocol", "waxwing.v2", Refusal::Subprotocol),
        ("sec-websocket-protocol", "Waxwing.V1", Refusal::Subprotocol),
        ("origin", "https://evil.example", Refusal::Origin),
        ("origin", "null", Refusal::Origin),
    ];
    for (name, value, refusal) in cases {
        assert_eq!(judged(&[(name, value)]), Err(refusal), "{name}: {value}");
    }
    assert!(judged(&[("origin", "")]).is_ok(), "what is not a browser");
}

#[test]
fn another_method_or_version_of_http_is_refused() {
    let request = |method: Method, version: Version| {
        let request = Request::builder().method(method).version(version).uri("/");
        request.body(Body::empty()).unwrap()
    };
    let refusal = |request: Request| check(&Origins::new(&[]), &request).err();
    assert_eq!(refusal(request(Method::GET, Version::HTTP_2)), Some(Refusal::HttpVersion));
    assert_eq!(refusal(request(Method::GET, Version::HTTP_10)), Some(Refusal::HttpVersion));
    assert_eq!(refusal(request(Method::POST, Version::HTTP_11)), Some(Refusal::Method));
    let versions = Refusal::Version.answer();
    assert_eq!(versions.status(), StatusCode::UPGRADE_REQUIRED);
    assert_eq!(versions.headers()["sec-websocket-version"], "13");
    assert_eq!(Refusal::Origin.answer().status(), StatusCode::FORBIDDEN);
    assert_eq!(Refusal::Subprotocol.answer().status(), StatusCode::BAD_REQUEST);
}
