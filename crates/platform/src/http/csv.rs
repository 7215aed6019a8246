//! Tables for spreadsheets (RFC 4180), for callers who accept `text/csv`.
//!
//! Guards whoever opens a table: no cell is a formula, whatever a player wrote into it.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::ApiError;

/// Whether the caller asks for a table: `Accept` names `text/csv`, and not with `q=0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptsCsv(pub bool);

/// A table on its way out. Lines end with CR LF, the first one names the columns.
#[derive(Clone, Debug)]
pub struct Csv {
    file_name: &'static str,
    lines: CsvLines,
}

/// Some lines of a table.
#[derive(Clone, Debug, Default)]
pub struct CsvLines(String);

impl Csv {
    /// An empty table with these columns; browsers save it as `file_name`.
    #[must_use]
    pub fn new(file_name: &'static str, columns: &[&str]) -> Self {
        let mut lines = CsvLines::default();
        lines.line(columns);
        Self { file_name, lines }
    }

    /// Adds a line, as [`CsvLines::line`] does.
    pub fn line(&mut self, cells: &[impl AsRef<str>]) {
        self.lines.line(cells);
    }

    /// The whole table.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.lines.0
    }

    /// The table and what `rest` brings, sent as it comes: of a long one a page is in memory.
    pub fn followed_by<E>(
        self,
        rest: impl Stream<Item = Result<CsvLines, E>> + Send + 'static,
    ) -> Response
    where
        E: Into<axum::BoxError> + Send + 'static,
    {
        let rest = rest.map(|lines| lines.map(|lines| Bytes::from(lines.0)));
        let first = futures_util::stream::iter([Ok(Bytes::from(self.lines.0))]);
        response(self.file_name, Body::from_stream(first.chain(rest)))
    }
}

impl CsvLines {
    /// Adds a line. A cell that a spreadsheet would compute is marked as text by an apostrophe.
    pub fn line(&mut self, cells: &[impl AsRef<str>]) {
        for (place, cell) in cells.iter().map(AsRef::as_ref).enumerate() {
            if place > 0 {
                self.0.push(',');
            }
            self.cell(cell);
        }
        self.0.push_str("\r\n");
    }

    fn cell(&mut self, cell: &str) {
        let quoted = cell.contains(['"', ',', '\r', '\n']);
        if quoted {
            self.0.push('"');
        }
        if is_computed(cell) {
            self.0.push('\'');
        }
        for character in cell.chars() {
            self.0.push(character);
            if character == '"' {
                self.0.push('"');
            }
        }
        if quoted {
            self.0.push('"');
        }
    }
}

/// Whether a spreadsheet takes the cell for a formula. A negative number is none.
fn is_computed(cell: &str) -> bool {
    let number = cell.strip_prefix('-').unwrap_or(cell);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && (number.is_empty() || !digits(number))
}

impl IntoResponse for Csv {
    fn into_response(self) -> Response {
        response(self.file_name, Body::from(self.lines.0))
    }
}

fn response(file_name: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    headers.insert(CONTENT_TYPE, kind);
    let disposition = format!("attachment; filename=\"{file_name}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    headers.insert(VARY, HeaderValue::from_static("accept"));
    response
}

impl<S: Send + Sync> FromRequestParts<S> for AcceptsCsv {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self(accepts(&parts.headers)))
    }
}

fn accepts(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("text/csv"));
        let is_never = |part: &str| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.bytes().all(|byte| byte == b'0' || byte == b'.'))
        };
        named && !parts.any(is_never)
    })
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::header::{ACCEPT, HeaderMap, HeaderValue};

    use super::{Csv, accepts};

    #[test]
    fn cells_are_quoted_where_they_must_be_and_never_computed() {
        let mut table = Csv::new("names.csv", &["name", "money"]);
        for name in ["ann", "a,b", "a\"b", "a\r\nb", "=1+1", "+1", "-1", "-1.5", "-", "-A1", "@x"] {
            table.line(&[name, "1"]);
        }
        let expected = "name,money\r\nann,1\r\n\"a,b\",1\r\n\"a\"\"b\",1\r\n\"a\r\nb\",1\r\n\
                        '=1+1,1\r\n'+1,1\r\n-1,1\r\n-1.5,1\r\n'-,1\r\n'-A1,1\r\n'@x,1\r\n";
        assert_eq!(table.as_str(), expected);
        let response = table.into_response();
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8; header=present");
        let disposition = &response.headers()["content-disposition"];
        assert_eq!(disposition, "attachment; filename=\"names.csv\"");
    }

    #[test]
    fn only_who_names_it_gets_a_table() {
        for (accept, expected) in [
            ("text/csv", true),
            ("TEXT/CSV; header=present", true),
            ("application/json;q=0.5, text/csv", true),
            ("text/csv;q=0.1", true),
            ("text/csv;q=0", false),
            ("text/csv; q=0.000", false),
            ("*/*", false),
            ("text/*", false),
            ("application/json", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(accepts(&headers), expected, "{accept}");
        }
        assert!(!accepts(&HeaderMap::new()));
    }
}
