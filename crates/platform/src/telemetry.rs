//! Logs: to stderr, for people on a terminal, as JSON lines elsewhere. stdout is the program's.
//! What else a process says of itself is configured here too: [`crate::traces`].

use std::io::{self, IsTerminal};

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::util::TryInitError;

use crate::config::InvalidConfig;
use crate::traces;

/// What is logged, and how; what is traced.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Levels by target, e.g. `info,game=debug`.
    pub filter: String,
    /// `auto`, `text` or `json`.
    pub format: Format,
    /// Traces.
    pub otlp: traces::Config,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("telemetry.filter: {0}")]
    Filter(#[from] ParseError),
    /// Something logs already.
    #[error("logging has begun already: {0}")]
    Begun(#[from] TryInitError),
}

impl Default for Config {
    fn default() -> Self {
        let otlp = traces::Config::default();
        Self { filter: "info".to_owned(), format: Format::Auto, otlp }
    }
}

impl Config {
    /// # Errors
    /// The first field that cannot be what it is. A filter is read by [`init`].
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        self.otlp.validate().map_err(|invalid| invalid.within("otlp"))
    }
}

/// Begins logging, once a process.
///
/// # Errors
/// [`TelemetryError`] for a filter that does not parse, or a second call.
pub fn init(config: &Config) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder().parse(&config.filter)?;
    let logs = tracing_subscriber::registry().with(filter);
    let terminal = io::stderr().is_terminal();
    let text = match config.format {
        Format::Auto => terminal,
        Format::Text => true,
        Format::Json => false,
    };
    if text {
        let layer = fmt::layer().with_writer(io::stderr).with_ansi(terminal);
        logs.with(layer).try_init()?;
    } else {
        let layer = fmt::layer().json().flatten_event(true).with_writer(io::stderr);
        logs.with(layer).try_init()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Config, Format, TelemetryError, init};

    #[test]
    fn logging_begins_once_and_a_bad_filter_is_named() {
        let bad = Config { filter: "game=loud".into(), ..Config::default() };
        let refused = init(&bad).unwrap_err();
        assert!(matches!(refused, TelemetryError::Filter(_)));
        assert!(refused.to_string().starts_with("telemetry.filter: "));
        init(&Config { format: Format::Json, ..Config::default() }).unwrap();
        assert!(matches!(init(&Config::default()), Err(TelemetryError::Begun(_))));
    }
}
