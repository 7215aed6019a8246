//! Spans of the calls that are followed. Of any other call a span is empty, and its name is never
//! made.

use std::future::Future;
use std::sync::OnceLock;

use ::http::HeaderMap;
use futures_util::future::Either;
use opentelemetry::trace::{
    FutureExt as _, Link, SpanBuilder, SpanContext, SpanId, SpanKind, TraceContextExt as _,
    TraceFlags, TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

use super::exporter::Exporter;
use super::{Config, Fact, TRACE_PARENT};
use crate::metrics::{Registry, TraceMetrics};
use crate::random::{SeededRandom, SystemRandom, array};

/// Begun once a process, as its log is: whoever does something for a call may have a span.
static STARTED: OnceLock<Started> = OnceLock::new();

struct Started {
    tracer: SdkTracer,
    sample_permille: u64,
    dice: SeededRandom,
    exporter: Exporter,
}

/// A part of a call that is followed, or nothing. It has ended when its last clone is dropped.
#[derive(Clone, Debug)]
pub struct Span(Option<Context>);

/// A place in a trace that is followed, or nowhere: for work that others do for the call.
#[derive(Clone, Debug, Default)]
pub struct Place(Option<SpanContext>);

/// Follows calls from now on, if `config` names a receiver. Needs tokio's runtime.
pub fn start(config: &Config, role: &str, instance: &str, registry: &Registry) {
    let Some(endpoint) = &config.endpoint else { return };
    STARTED.get_or_init(|| {
        let resource = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", "waxwing"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance.to_owned()),
            KeyValue::new("waxwing.role", role.to_owned()),
        ]);
        let metrics = TraceMetrics::register(registry);
        let (exporter, queue) = Exporter::start(endpoint, &resource.build(), metrics);
        // Who is followed is drawn before there is a span: every span that is made counts.
        let spans = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn);
        let tracer = spans.with_span_processor(queue).build().tracer("waxwing");
        let dice = SeededRandom::new(u64::from_le_bytes(array(&SystemRandom)));
        Started { tracer, sample_permille: config.sample_permille.into(), dice, exporter }
    });
}

/// Sends what has ended, for a bounded time; called last of all.
pub async fn finish() {
    if let Some(started) = STARTED.get() {
        started.exporter.finish().await;
    }
}

impl Started {
    fn draws(&self) -> bool {
        u64::from_le_bytes(array(&self.dice)) % 1_000 < self.sample_permille
    }
}

impl Span {
    /// Of a call that nobody follows.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The first span of a call from outside, if the lot falls on it. What the caller says of a
    /// trace of its own decides nothing.
    #[must_use]
    pub fn drawn(name: impl FnOnce() -> String) -> Self {
        let here = Place::here();
        let is_drawn = here.0.is_none() && STARTED.get().is_some_and(Started::draws);
        if is_drawn {
            return open(name(), SpanKind::Server, &Context::new(), Vec::new());
        }
        here.open(name, SpanKind::Server)
    }

    /// The first span here of a call whose `headers` say that it is followed. The caller must
    /// have proved that it is one of us.
    #[must_use]
    pub fn under(headers: &HeaderMap, name: impl FnOnce() -> String) -> Self {
        Self::below(headers.get(TRACE_PARENT).and_then(|line| line.to_str().ok()), name)
    }

    /// The same of a call that says so in its `line`, see [`Place::line`].
    #[must_use]
    pub fn below(line: Option<&str>, name: impl FnOnce() -> String) -> Self {
        Place(line.and_then(read)).open(name, SpanKind::Server)
    }

    /// A part of what is going on here.
    #[must_use]
    pub fn child(name: impl FnOnce() -> String) -> Self {
        Place::here().open(name, SpanKind::Internal)
    }

    /// A call from here to another process.
    #[must_use]
    pub fn call(name: impl FnOnce() -> String) -> Self {
        Place::here().open(name, SpanKind::Client)
    }

    /// One piece of work for many callers. It belongs to the first that is followed, and names
    /// the others.
    #[must_use]
    pub fn of_batch<'a>(
        places: impl Iterator<Item = &'a Place>,
        name: impl FnOnce() -> String,
    ) -> Self {
        let mut places = places.filter_map(|place| place.0.clone());
        let Some(first) = places.next() else { return Self(None) };
        let others = places.map(Link::with_context).collect();
        let parent = Context::new().with_remote_span_context(first);
        open(name(), SpanKind::Internal, &parent, others)
    }

    /// Notes a fact, which is looked up only if the call is followed.
    pub fn note(&self, key: &'static str, fact: impl FnOnce() -> Fact) {
        if let Some(context) = &self.0 {
            let value = match fact() {
                Fact::Number(number) => Value::I64(number),
                Fact::Text(text) => Value::String(text.into()),
            };
            context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// This span as the parent of others, see [`Place::line`].
    #[must_use]
    pub fn line(&self) -> Option<String> {
        let context = self.0.as_ref()?;
        Place(Some(context.span().span_context().clone())).line()
    }

    /// `work` as a part of this span.
    pub fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        match &self.0 {
            Some(context) => Either::Left(work.with_context(context.clone())),
            None => Either::Right(work),
        }
    }
}

impl Place {
    /// Where the caller is.
    #[must_use]
    pub fn here() -> Self {
        Self(Context::map_current(|context| {
            let span = context.span();
            let found = span.span_context();
            found.is_sampled().then(|| found.clone())
        }))
    }

    /// The place in the form of a `traceparent`.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        let place = self.0.as_ref()?;
        Some(format!("00-{}-{}-01", place.trace_id(), place.span_id()))
    }

    /// `work` as if it were done here.
    pub fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        match &self.0 {
            Some(place) => {
                let context = Context::new().with_remote_span_context(place.clone());
                Either::Left(work.with_context(context))
            }
            None => Either::Right(work),
        }
    }

    fn open(self, name: impl FnOnce() -> String, kind: SpanKind) -> Span {
        let Some(place) = self.0 else { return Span(None) };
        let parent = Context::new().with_remote_span_context(place);
        open(name(), kind, &parent, Vec::new())
    }
}

fn open(name: String, kind: SpanKind, parent: &Context, links: Vec<Link>) -> Span {
    let Some(started) = STARTED.get() else { return Span(None) };
    let builder = SpanBuilder::from_name(name).with_kind(kind).with_links(links);
    let span = started.tracer.build_with_context(builder, parent);
    Span(Some(parent.with_span(span)))
}

/// A place that is followed, as [`Place::line`] writes it.
fn read(line: &str) -> Option<SpanContext> {
    let mut parts = line.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let place = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    (version == "00" && flags & 1 == 1 && place.is_valid()).then_some(place)
}
