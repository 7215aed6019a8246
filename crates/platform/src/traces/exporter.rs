//! Sends spans in the background. Whoever makes one never waits: what finds no room, or no
//! receiver, is dropped and counted.

use std::time::Duration;

use ::http::Request;
use ::http::header::CONTENT_TYPE;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::Context;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fetch::FetchError;
use crate::metrics::{Dropped, TraceMetrics};

/// Spans that may wait; a call has up to ten.
const QUEUE: usize = 4_096;
/// Spans in one message.
const BATCH: usize = 512;
/// How long spans are gathered.
const GATHER: Duration = Duration::from_millis(200);
/// How long a connection may take, and one message with its answer, in milliseconds.
const CONNECT_MS: u64 = 1_000;
const SEND_MS: u64 = 3_000;
/// How long the end of the process waits for the last of them.
const FINISH: Duration = Duration::from_secs(2);
/// Bytes of one answer.
const ANSWER_BYTES: usize = 64 * 1_024;

/// What sends, until it is told to finish.
#[derive(Debug)]
pub(super) struct Exporter {
    stop: CancellationToken,
    sending: TaskTracker,
}

/// Where spans go as they end.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    metrics: TraceMetrics,
}

struct Sender {
    address: String,
    resource: ResourceAttributesWithSchema,
    client: Client<HttpConnector, Full<Bytes>>,
    queue: mpsc::Receiver<SpanData>,
    metrics: TraceMetrics,
    /// Whether the last message was not taken: the log tells of it once, the metrics each time.
    is_failing: bool,
}

impl Exporter {
    /// Sends to `endpoint`, an origin, what comes into the queue.
    pub(super) fn start(
        endpoint: &str,
        resource: &Resource,
        metrics: TraceMetrics,
    ) -> (Self, Queue) {
        let (spans, queue) = mpsc::channel(QUEUE);
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_millis(CONNECT_MS)));
        let sender = Sender {
            address: format!("{endpoint}/v1/traces"),
            resource: resource.into(),
            client: Client::builder(TokioExecutor::new()).build(connector),
            queue,
            metrics: metrics.clone(),
            is_failing: false,
        };
        let (stop, sending) = (CancellationToken::new(), TaskTracker::new());
        sending.spawn(sender.run(stop.clone()));
        sending.close();
        (Self { stop, sending }, Queue { spans, metrics })
    }

    /// Sends what waits, for [`FINISH`] at most.
    pub(super) async fn finish(&self) {
        self.stop.cancel();
        if tokio::time::timeout(FINISH, self.sending.wait()).await.is_err() {
            tracing::warn!("the last spans were not taken in time and are lost");
        }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.metrics.dropped(Dropped::QueueFull, 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Sender {
    async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let is_last = tokio::select! {
                biased;
                () = stop.cancelled() => true,
                () = tokio::time::sleep(GATHER) => false,
            };
            while let Ok(span) = self.queue.try_recv() {
                batch.push(span);
                if batch.len() == BATCH {
                    self.send(std::mem::take(&mut batch)).await;
                }
            }
            if !batch.is_empty() {
                self.send(std::mem::take(&mut batch)).await;
            }
            if is_last {
                return;
            }
        }
    }

    /// Sends once: what is not taken then is of less worth than what comes after it.
    async fn send(&mut self, spans: Vec<SpanData>) {
        let count = u64::try_from(spans.len()).unwrap_or_default();
        let sent = tokio::time::timeout(Duration::from_millis(SEND_MS), self.post(spans)).await;
        match sent.unwrap_or(Err(FetchError::Late(SEND_MS))) {
            Ok(refused) => {
                self.is_failing = false;
                self.metrics.exported(count.saturating_sub(refused));
                self.metrics.dropped(Dropped::Refused, refused.min(count));
            }
            Err(error) => {
                self.metrics.dropped(Dropped::ReceiverAway, count);
                if !self.is_failing {
                    tracing::warn!(%error, "spans were not taken; said once until some are");
                }
                self.is_failing = true;
            }
        }
    }

    /// How many of the spans the receiver refused.
    async fn post(&self, spans: Vec<SpanData>) -> Result<u64, FetchError> {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let message = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let request = Request::post(&self.address)
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(Full::new(message.into()))
            .map_err(|_| FetchError::Address(self.address.clone()))?;
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| FetchError::Unreachable(error.to_string()))?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status()));
        }
        let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
        let body = body.map_err(|_| FetchError::Body(ANSWER_BYTES))?.to_bytes();
        let answer = ExportTraceServiceResponse::decode(body).unwrap_or_default();
        let refused = answer.partial_success.map_or(0, |partial| partial.rejected_spans);
        Ok(u64::try_from(refused).unwrap_or_default())
    }
}
