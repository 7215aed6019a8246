//! What every request passes: an id, a span, a body limit, a deadline, a net under panics, and
//! the promise that every refusal is a problem.

use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use http_body_util::Limited;
use protocol::Code;
use tracing::Instrument as _;

use super::ApiError;
use crate::clock::Stopwatch;
use crate::metrics::{HttpMetrics, Registry};
use crate::random::{Random, array};
use crate::traces::{self, Span, TRACE_PARENT};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id taken over from a client.
const REQUEST_ID_LONGEST: usize = 64;
const BODY_BYTES: usize = 64 * 1_024;
const DEADLINE: Duration = Duration::from_secs(30);

/// The door in front of a router. Clones count together.
#[derive(Clone, Debug)]
pub struct Door {
    shared: Arc<Shared>,
    deadline: Duration,
    traces: Traces,
}

/// Whose calls are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traces {
    /// Those on which the lot falls.
    Drawn,
    /// None at this door.
    None,
}

/// The id of a request, its client's or ours; an extension of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

#[derive(Debug)]
struct Shared {
    /// Tells this process' request ids from another's.
    process: String,
    counted: AtomicU64,
    metrics: Option<HttpMetrics>,
}

impl Door {
    /// A door that measures into `registry`: bodies up to 64 KiB, answers within 30 seconds.
    #[must_use]
    pub fn new(random: &dyn Random, registry: &Registry) -> Self {
        Self::with_metrics(random, Some(HttpMetrics::register(registry)))
    }

    /// The same without measuring, for a second listener beside one that is measured.
    #[must_use]
    pub fn unmeasured(random: &dyn Random) -> Self {
        Self::with_metrics(random, None)
    }

    fn with_metrics(random: &dyn Random, metrics: Option<HttpMetrics>) -> Self {
        let mut process = String::new();
        for byte in array::<5>(random) {
            let _infallible = write!(process, "{byte:02x}");
        }
        let shared = Arc::new(Shared { process, counted: AtomicU64::new(0), metrics });
        Self { shared, deadline: DEADLINE, traces: Traces::None }
    }

    /// The same with another deadline, e.g. for long-polling.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The same as the door where traces begin, the public one.
    #[must_use]
    pub fn drawing_traces(mut self) -> Self {
        self.traces = Traces::Drawn;
        self
    }

    /// `router` behind this door, its fallbacks included.
    pub fn before(&self, router: Router) -> Router {
        let pass = async |State(door): State<Self>, request: Request, next: Next| {
            door.pass(request, |request| next.run(request)).await
        };
        router.layer(from_fn_with_state(self.clone(), pass))
    }

    /// What `next` answers to `request`, behind this door. For who has a layer of its own, of
    /// which this is a part.
    pub async fn pass<Answer: Future<Output = Response>>(
        &self,
        mut request: Request,
        next: impl FnOnce(Request) -> Answer,
    ) -> Response {
        let watch = Stopwatch::start();
        let id = self.request_id(&request);
        request.extensions_mut().insert(id.clone());
        let method = request.method().clone();
        let route = request.extensions().get::<MatchedPath>();
        let followed = match self.traces {
            Traces::Drawn => Span::drawn(|| traces::call_name(&method, route)),
            Traces::None => Span::none(),
        };
        let route = route.map_or("none", MatchedPath::as_str).to_owned();
        let ours = followed.line();
        let theirs = || request.headers().get(TRACE_PARENT).and_then(|value| value.to_str().ok());
        let trace = ours.as_deref().or_else(theirs);
        let span = tracing::info_span!("request", request.id = %id.0, %method, route, trace);
        let answering = self.run(request, next).instrument(span.clone());
        let mut response = as_problem(followed.within(answering).await);
        if let Ok(id) = HeaderValue::from_str(&id.0) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let status = response.status();
        followed.note("http.response.status_code", || status.as_u16().into());
        if let Some(metrics) = &self.shared.metrics {
            metrics.observe(&method, &route, status, watch.seconds());
        }
        span.in_scope(|| {
            if status.is_server_error() {
                tracing::warn!(status = status.as_u16(), "answered");
            } else {
                tracing::debug!(status = status.as_u16(), "answered");
            }
        });
        response
    }

    /// Within the limits of this door, and without its panics.
    async fn run<Answer: Future<Output = Response>>(
        &self,
        request: Request,
        next: impl FnOnce(Request) -> Answer,
    ) -> Response {
        let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length = length.and_then(|text| text.parse::<u64>().ok());
        if length.is_some_and(|length| length > BODY_BYTES as u64) {
            return ApiError::from(Code::TooLarge).into_response();
        }
        let request = request.map(|body| Body::new(Limited::new(body, BODY_BYTES)));
        let handled = AssertUnwindSafe(next(request)).catch_unwind();
        match tokio::time::timeout(self.deadline, handled).await {
            Ok(Ok(response)) => response,
            // The panic hook has logged it, in this span.
            Ok(Err(_)) => ApiError::from(Code::Internal).into_response(),
            Err(_) => {
                ApiError::new(Code::Internal, "The request took too long; its outcome is unknown")
                    .with_status(StatusCode::SERVICE_UNAVAILABLE, "Timed out")
                    .into_response()
            }
        }
    }

    fn request_id(&self, request: &Request) -> RequestId {
        let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let plain = |id: &&str| {
            let characters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            (1..=REQUEST_ID_LONGEST).contains(&id.len()) && id.bytes().all(characters)
        };
        RequestId(given.filter(plain).map_or_else(
            || {
                let number = self.shared.counted.fetch_add(1, Ordering::Relaxed);
                format!("{}-{number}", self.shared.process)
            },
            str::to_owned,
        ))
    }
}

/// Refusals of libraries are empty or plain text; clients get a problem instead. What has a body
/// of another kind speaks its own protocol (Engine.IO's errors are JSON) and is left alone.
fn as_problem(response: Response) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind.is_some_and(|kind| !kind.starts_with("text/plain")) {
        return response;
    }
    let title = status.canonical_reason().unwrap_or("Refused");
    let refusal = ApiError::new(code_of(status), title).with_status(status, title);
    let (library, _) = response.into_parts();
    let mut response = refusal.into_response();
    for (name, value) in &library.headers {
        // `Allow` and its like stay true; what described the old body does not.
        if name != CONTENT_TYPE && name != CONTENT_LENGTH {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn code_of(status: StatusCode) -> Code {
    match status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::Forbidden,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::TOO_MANY_REQUESTS => Code::RateLimited,
        status if status.is_server_error() => Code::Internal,
        _ => Code::Malformed,
    }
}
