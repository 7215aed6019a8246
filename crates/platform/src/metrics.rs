//! The numbers a process shows: a registry that roles register in, in Prometheus' text form.

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry;

use crate::sqlite::WriterMetrics;

#[cfg(feature = "otlp")]
mod traces;

#[cfg(feature = "otlp")]
pub(crate) use traces::{Dropped, TraceMetrics};

/// What [`Registry::encode`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where metrics are registered. Clones share the metrics; each has its own prefix.
#[derive(Clone, Default)]
pub struct Registry {
    shared: Arc<Mutex<registry::Registry>>,
    prefix: String,
}

/// What the HTTP server counts. Routes are templates, never paths with ids.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
}

/// Whether a shared database answers: 1, or 0 while it is away.
#[derive(Clone, Debug, Default)]
pub struct Answers(Gauge);

/// What a listener with TLS counts.
#[derive(Clone, Debug, Default)]
pub struct TlsMetrics {
    handshakes_failed: Family<ReasonLabels, Counter>,
    certificates: Family<VerdictLabels, Counter>,
    certificate_expires: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

impl Registry {
    /// Nothing registered yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same registry, where names begin with `prefix` and an underscore.
    #[must_use]
    pub fn sub_registry_with_prefix(&self, prefix: impl AsRef<str>) -> Self {
        Self { shared: Arc::clone(&self.shared), prefix: self.name(prefix.as_ref()) }
    }

    /// Shows `metric` as `name`, after the prefix; a counter's name gets `_total` when shown.
    pub fn register(&self, name: impl AsRef<str>, help: &str, metric: impl registry::Metric) {
        self.shared.lock().register(self.name(name.as_ref()), help, metric);
    }

    /// Shows what a database writer measures as `waxwing_store_NAME_...`.
    pub fn register_writer(&self, name: &str, metrics: &WriterMetrics) {
        let store = self.sub_registry_with_prefix(format!("waxwing_store_{name}"));
        store.register("group_jobs", "Jobs a commit held", metrics.group_jobs.clone());
        store.register("commit_seconds", "Time of a commit", metrics.commit_seconds.clone());
        store.register("failed_commits", "Commits that failed", metrics.failed_commits.clone());
    }

    /// Shows whether the shared database `name` answers as `waxwing_store_NAME_answers`.
    #[must_use]
    pub fn register_answers(&self, name: &str) -> Answers {
        let answers = Answers::default();
        let store = self.sub_registry_with_prefix(format!("waxwing_store_{name}"));
        store.register("answers", "Whether the database answers", answers.0.clone());
        answers
    }

    /// Every metric in the `OpenMetrics` text form.
    ///
    /// # Errors
    /// Only if a metric cannot write itself.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.shared.lock())?;
        Ok(text)
    }

    fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}_{name}", self.prefix) }
    }
}

impl Answers {
    /// It does, or does not.
    pub fn note(&self, does: bool) {
        self.0.set(i64::from(does));
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Registry").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl TlsMetrics {
    /// Counters that `registry` shows.
    #[must_use]
    pub fn register(registry: &Registry) -> Self {
        let metrics = Self::default();
        let tls = registry.sub_registry_with_prefix("waxwing_tls");
        let failed = metrics.handshakes_failed.clone();
        tls.register("handshakes_failed", "TLS handshakes that failed, by why", failed);
        let certificates = metrics.certificates.clone();
        tls.register("certificates", "Certificates replaced beside us, by verdict", certificates);
        let (name, expires) = ("certificate_expires_timestamp_seconds", "When the one served ends");
        tls.register(name, expires, metrics.certificate_expires.clone());
        metrics
    }

    /// A client did not get through its handshake.
    pub(crate) fn handshake_failed(&self, reason: &'static str) {
        self.handshakes_failed.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// From now on a certificate is served that ends then, in seconds since 1970.
    pub(crate) fn certificate_served(&self, expires_at_s: i64) {
        self.certificate_expires.set(expires_at_s);
    }

    /// The certificate's files changed and were judged.
    pub(crate) fn certificate_read(&self, verdict: &'static str) {
        self.certificates.get_or_create(&VerdictLabels { verdict }).inc();
    }
}

impl HttpMetrics {
    /// Registers as `waxwing_http_...`.
    #[must_use]
    pub fn register(registry: &Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.000_5, 2.0, 16))
            }),
        };
        let http = registry.sub_registry_with_prefix("waxwing_http");
        http.register("requests", "Requests answered", metrics.requests.clone());
        http.register("request_seconds", "Time to an answer", metrics.seconds.clone());
        metrics
    }

    pub(crate) fn observe(&self, method: &Method, route: &str, status: StatusCode, seconds: f64) {
        let labels = RequestLabels {
            route: route.to_owned(),
            method: method_label(method),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(seconds);
    }
}

/// Methods can be any word of a client's; labels must not.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests;
