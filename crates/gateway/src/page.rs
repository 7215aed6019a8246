//! The page people play on, out of the binary; or, where none was built, how to build it.

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use http::{HeaderMap, HeaderValue};
use platform::http::ApiError;
use protocol::Code;

/// Scripts, styles and sockets of ours alone, and nothing written into the document itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// One style sheet of ours; no script, no picture, no frame.
const BARE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; \
                           form-action 'none'; frame-ancestors 'none'";

const BARE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// A file of the page, as it was made and compressed.
struct File {
    name: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    br: &'static [u8],
}

/// What `npm run build` had made when this was built.
const FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// `GET /`
pub(crate) async fn home(headers: HeaderMap) -> Response {
    root(FILES, &headers)
}

/// The page out of `files`, or where it was not built, what to do about it.
fn root(files: &[File], headers: &HeaderMap) -> Response {
    let found = files.iter().find(|known| known.name == "index.html");
    found.map_or_else(bare, |file| file.document(headers, POLICY))
}

/// `GET /assets/{file}`: names carry a hash of what is in them.
pub(crate) async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let found = FILES.iter().find(|known| known.name.strip_prefix("assets/") == Some(&file));
    let Some(found) = found else { return ApiError::from(Code::NotFound).into_response() };
    found.serve(&headers, "public, max-age=31536000, immutable")
}

/// `GET /icon.svg`
pub(crate) async fn icon(headers: HeaderMap) -> Response {
    let found = FILES.iter().find(|known| known.name == "icon.svg");
    let Some(found) = found else { return ApiError::from(Code::NotFound).into_response() };
    found.serve(&headers, "public, max-age=3600")
}

/// `GET /page.css`: of the page that says how to build the other one.
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// A document of the page under its policy, if it was built.
pub(crate) fn document(name: &str, headers: &HeaderMap, policy: &'static str) -> Option<Response> {
    let found = FILES.iter().find(|known| known.name == name)?;
    Some(found.document(headers, policy))
}

fn bare() -> Response {
    ([(CONTENT_SECURITY_POLICY, BARE_POLICY)], Html(BARE)).into_response()
}

impl File {
    /// As a document under `policy`, asked for anew each time.
    fn document(&self, headers: &HeaderMap, policy: &'static str) -> Response {
        let mut answer = self.serve(headers, "no-cache");
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        answer
    }

    fn serve(&self, headers: &HeaderMap, cache: &'static str) -> Response {
        let (coding, body) = if accepts(headers, "br") {
            (Some("br"), self.br)
        } else if accepts(headers, "gzip") {
            (Some("gzip"), self.gzip)
        } else {
            (None, self.plain)
        };
        let fixed = [
            (CONTENT_TYPE, content_type(self.name)),
            (CACHE_CONTROL, cache),
            (VARY, "accept-encoding"),
        ];
        let mut answer = (fixed, Bytes::from_static(body)).into_response();
        if let Some(coding) = coding {
            answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        answer
    }
}

/// Whether the client takes `coding`, and did not give it a weight of nothing (RFC 9110 §12.5.3).
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.trim_end_matches(['0', '.']).is_empty());
        name.trim() == coding && !refused
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
