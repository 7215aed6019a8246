//! Traces: how long each part of a call took, from the gateway to the database, over OTLP.
//!
//! Without the feature `otlp` all of it is empty and costs nothing. A span says names and counts,
//! never a value: no player, no money, nothing of a round that climbs.

use ::http::header::HeaderName;
use ::http::uri::Authority;
use ::http::{HeaderMap, HeaderValue, Method};
use axum::extract::MatchedPath;
use serde::{Deserialize, Serialize};

use crate::config::InvalidConfig;
use crate::metrics::method_label;

#[cfg(not(feature = "otlp"))]
mod absent;
#[cfg(feature = "otlp")]
mod exporter;
#[cfg(feature = "otlp")]
mod recorded;

#[cfg(not(feature = "otlp"))]
pub use absent::{Place, Span, finish, start};
#[cfg(feature = "otlp")]
pub use recorded::{Place, Span, finish, start};

/// Where a caller says which trace it is in (W3C Trace Context).
pub(crate) const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");
/// `00-`, the trace, `-`, the span, `-`, the flags: how long it is, and up to its flags.
const LINE_BYTES: (usize, usize) = (55, 53);

/// Where spans go, and how many calls are followed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The receiver, `http://HOST:PORT`. Without one nothing is followed.
    pub endpoint: Option<String>,
    /// Of a thousand calls and bets at the public door so many are followed.
    pub sample_permille: u32,
}

/// What a span says besides its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A count or a status.
    Number(i64),
    /// A name that we gave.
    Text(String),
}

impl Default for Config {
    fn default() -> Self {
        Self { endpoint: None, sample_permille: 10 }
    }
}

impl Config {
    /// # Errors
    /// The first field that cannot be what it is, or that this program was built without.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        if self.sample_permille > 1_000 {
            return Err(InvalidConfig::new("sample_permille", "must be 0 to 1000"));
        }
        let Some(endpoint) = &self.endpoint else { return Ok(()) };
        if !is_origin(endpoint) {
            return Err(InvalidConfig::new("endpoint", "must be http://HOST:PORT"));
        }
        if cfg!(not(feature = "otlp")) {
            let reason = "cannot be set: this program was built without the feature `otlp`";
            return Err(InvalidConfig::new("endpoint", reason));
        }
        Ok(())
    }
}

fn is_origin(text: &str) -> bool {
    let authority = text.strip_prefix("http://").and_then(|rest| rest.parse::<Authority>().ok());
    authority.is_some_and(|found| {
        found.port_u16().is_some() && !found.host().is_empty() && !text.contains('@')
    })
}

impl From<usize> for Fact {
    fn from(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<u16> for Fact {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The name of a call's span: its method and its route's template, never its path.
#[must_use]
pub fn call_name(method: &Method, route: Option<&MatchedPath>) -> String {
    format!("{} {}", method_label(method), route.map_or("none", MatchedPath::as_str))
}

/// Tells whoever is called next where in a trace it is called from. The trace of somebody outside
/// goes on as it came, but for its flag: what is followed here is ours to say.
pub fn hand_on(headers: &mut HeaderMap) {
    let ours = Place::here().line().and_then(|line| HeaderValue::try_from(line).ok());
    if ours.is_some() {
        headers.remove(TRACE_STATE);
    }
    let theirs = headers.remove(TRACE_PARENT);
    let theirs = theirs.as_ref().and_then(|line| line.to_str().ok()).and_then(without_flag);
    if let Some(line) = ours.or(theirs) {
        headers.insert(TRACE_PARENT, line);
    }
}

fn without_flag(line: &str) -> Option<HeaderValue> {
    let (whole, kept) = LINE_BYTES;
    let known = line.starts_with("00-") && line.len() == whole;
    let kept = known.then(|| line.get(..kept)).flatten()?;
    HeaderValue::try_from(format!("{kept}00")).ok()
}

/// The function that a closure of type `F` was written in, with its crate: `wallet.balance`. The
/// compiler's own name for it, which is for people to read and for nothing else.
pub(crate) fn operation_of<F>() -> String {
    let path = std::any::type_name::<F>();
    let (home, function) = match path.strip_prefix('<') {
        // `<wallet::…::PostgresStore as wallet::…::Store>::balance<'_, '_>::{{closure}}`
        Some(method) => method.split_once(">::").unwrap_or((method, method)),
        None => (path, path),
    };
    // What it is generic over is no part of its name.
    let function = function.split('<').next().unwrap_or(function);
    let is_word = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let home = home.split("::").next().unwrap_or_default();
    let function = function.split("::").filter(is_word).last().unwrap_or("work");
    format!("{home}.{function}")
}

#[cfg(test)]
mod tests;
