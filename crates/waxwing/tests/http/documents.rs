//! What describes the service, and the headers that every answer carries.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::harness::numbers::text;
use crate::harness::{Caller, Place};

/// Every route of Part A, and those of the rounds, as the document must list them.
const ROUTES: &[(&str, &[&str])] = &[
    ("/gateway/user/v1/auth/register", &["post"]),
    ("/gateway/user/v1/auth/login", &["post"]),
    ("/gateway/user/v1/auth/validate", &["get", "post"]),
    ("/gateway/user/v1/balance", &["get", "put", "post"]),
    ("/gateway/user/v1/status", &["get"]),
    ("/gateway/game/v1/lobby", &["post"]),
    ("/gateway/game/v1/lobby/{}", &["get"]),
    ("/gateway/game/v1/lobby/{}/rounds/{}", &["get"]),
    ("/gateway/game/v1/status", &["get"]),
    ("/gateway/status", &["get"]),
];

/// A path with the names of its parameters left out.
fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Every `$ref` in the document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get("$ref") {
                found.push(target);
            }
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_whole_and_lists_every_route() {
    let place = Place::new();
    let server = place.start().await;
    let answer = server.caller().get("/gateway/openapi.json").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.header("content-type").starts_with("application/json"));
    let document = answer.json();
    assert!(text(&document["openapi"]).starts_with("3."));
    assert!(!text(&document["info"]["title"]).is_empty());
    assert!(!text(&document["info"]["version"]).is_empty());
    let paths = document["paths"].as_object().expect("paths");
    for (path, methods) in ROUTES {
        let found = paths.iter().find(|(listed, _)| shape(listed) == *path);
        let (_, operations) = found.unwrap_or_else(|| panic!("{path} is not listed"));
        for method in *methods {
            let responses = &operations[*method]["responses"];
            let some = responses.as_object().is_some_and(|responses| !responses.is_empty());
            assert!(some, "{method} {path} lists no answers");
        }
    }
    let mut targets = Vec::new();
    references(&document, &mut targets);
    for target in targets {
        let pointer = target.strip_prefix('#').expect("a reference stays in the document");
        assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
    }
}

/// The values of `src="…"` and `href="…"` in a page.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        for piece in page.split(attribute).skip(1) {
            found.push(piece.split('"').next().unwrap_or_default().to_owned());
        }
    }
    found
}

/// Where `link` on `page` leads, as a path of this origin.
fn resolve(page: &str, link: &str) -> String {
    if link.starts_with('/') {
        return link.to_owned();
    }
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{}", link.trim_start_matches("./"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_docs_are_a_page_whose_parts_all_come_from_here() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    // A client follows the redirect to the folder, as a browser does.
    let page = caller.get("/gateway/docs/").await;
    assert_eq!(caller.get("/gateway/docs").await.status, 200);
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.header("content-type").starts_with("text/html"));
    let links = links(&page.text);
    assert!(links.iter().any(|link| link.contains(".js")), "{}", page.text);
    for link in links {
        if link.starts_with("data:") || link.starts_with('#') {
            continue;
        }
        assert!(!link.contains("//"), "{link} leads to another origin");
        let path = resolve("/gateway/docs/", &link);
        assert_eq!(caller.get(&path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_says_what_this_is_and_leads_to_the_docs() {
    let place = Place::new();
    let server = place.start().await;
    let answer = server.caller().get("/").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("Waxwing") && answer.text.contains("/gateway/docs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_a_request_id() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let paths = ["/gateway/status", "/gateway/user/v1/balance", "/nowhere", "/gateway/docs/"];
    for path in paths {
        let (first, second) = (caller.get(path).await, caller.get(path).await);
        let (first, second) = (first.header("x-request-id"), second.header("x-request-id"));
        assert!(!first.is_empty() && first != second, "{path}: {first:?} {second:?}");
    }
    caller.get("/nowhere").await.assert_refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_may_call_without_credentials() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let open = ["/gateway/status", "/gateway/game/v1/lobby/1", "/gateway/user/v1/balance"];
    for path in open {
        let headers = [("origin", "http://other.example")];
        let answer = caller.send(Method::GET, path, &headers, None).await;
        assert_open(&answer.headers, path);
        let headers = [
            ("origin", "http://other.example"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        let preflight = caller.send(Method::OPTIONS, path, &headers, None).await;
        assert!([200, 204].contains(&preflight.status), "{path}: {}", preflight.text);
        assert_open(&preflight.headers, path);
        let allowed = preflight.header("access-control-allow-headers").to_lowercase();
        let both = allowed.contains("authorization") && allowed.contains("content-type");
        assert!(both, "{path} allows only {allowed}");
    }
    polling_is_open(&caller).await;
}

/// The long-polling handshake of Socket.IO is open to other origins too.
async fn polling_is_open(caller: &Caller) {
    for path in ["/socket.io/", "/gateway/game/v1/socket.io/"] {
        let url = format!("{path}?EIO=4&transport=polling");
        let headers = [("origin", "http://other.example")];
        let answer = caller.send(Method::GET, &url, &headers, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(answer.text.starts_with('0'), "{path}: {}", answer.text);
        assert_open(&answer.headers, path);
    }
}

/// `*`, and no credentials.
fn assert_open(headers: &HeaderMap, path: &str) {
    let origin = headers.get("access-control-allow-origin").map(HeaderValue::as_bytes);
    assert_eq!(origin, Some(b"*".as_slice()), "{path}");
    assert!(headers.get("access-control-allow-credentials").is_none(), "{path}");
}
