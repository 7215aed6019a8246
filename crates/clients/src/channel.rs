//! One call to an instance of another role: contracts over HTTP/2, one connection a pair of
//! processes; calls that are handed on over HTTP/1.1, a connection each.
//!
//! Whether it may be sent again is the caller's to know: an error says only that no answer came.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cluster::{Balancer, CallEnd, Endpoint};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kernel::Timestamp;
use platform::clock::Clock;
use platform::traces::{self, Span};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokens::ServiceSigner;

use crate::access::{DEADLINE, SERVICE_TOKEN};
use crate::hops::{Answer, Hops};

/// Bytes of one answer.
const ANSWER_BYTES: usize = 4 * 1_024 * 1_024;

/// How calls of one kind are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelConfig {
    /// The role that is called, as its tokens name it.
    pub role: &'static str,
    /// How long an answer is waited for, in milliseconds.
    pub timeout_ms: u64,
    /// How long a connection may take to be made, in milliseconds.
    pub connect_ms: u64,
}

/// Why no answer came. Every one leaves the outcome unknown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChannelError {
    #[error("no instance of the role is known")]
    Nobody,
    #[error("{0} did not answer in time")]
    Late(String),
    #[error("{0}: {1}")]
    Broken(String, String),
    #[error("{0} answered with status {1}")]
    Status(String, StatusCode),
}

/// Why a call that was handed on has no answer.
#[derive(Debug, thiserror::Error)]
#[error("{instance}: {reason}")]
pub(crate) struct ForwardError {
    instance: String,
    reason: String,
    reached_nobody: bool,
}

impl ForwardError {
    /// The instance took too long; the outcome is unknown.
    pub(crate) fn late(endpoint: &Endpoint) -> Self {
        let reason = "no answer in time".to_owned();
        Self { instance: endpoint.instance.clone(), reason, reached_nobody: false }
    }

    /// The answer broke off; what was asked for may have been done.
    pub(crate) fn broken(endpoint: &Endpoint, error: &hyper::Error) -> Self {
        let (instance, reason) = (endpoint.instance.clone(), error.to_string());
        Self { instance, reason, reached_nobody: false }
    }

    /// Whether certainly no byte of the call reached the instance.
    pub(crate) const fn reached_nobody(&self) -> bool {
        self.reached_nobody
    }
}

/// What is sent: a whole body, or lines as they come.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The way to the instances of one role. Clones share its connections.
#[derive(Clone)]
pub struct Channel {
    shared: Arc<Shared>,
}

struct Shared {
    config: ChannelConfig,
    balancer: Balancer,
    signer: ServiceSigner,
    clock: Arc<dyn Clock>,
    /// For the contracts: one HTTP/2 connection an instance.
    client: Client<HttpConnector, Body>,
    /// For calls that are handed on.
    hops: Hops,
}

impl Channel {
    /// A way to whoever `balancer` knows; `signer` says who calls.
    #[must_use]
    pub fn new(
        config: ChannelConfig,
        balancer: Balancer,
        signer: ServiceSigner,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_millis(config.connect_ms)));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(Some(Duration::from_secs(2)))
            .http2_keep_alive_timeout(Duration::from_secs(2))
            .build(connector);
        let hops = Hops::new(Duration::from_millis(config.connect_ms), Arc::clone(&clock));
        Self { shared: Arc::new(Shared { config, balancer, signer, clock, client, hops }) }
    }

    /// The present instant of the clock that this channel goes by.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The role that is called.
    pub(crate) fn role(&self) -> &'static str {
        self.shared.config.role
    }

    /// Sends `body` to one instance and reads its answer.
    ///
    /// # Errors
    /// [`ChannelError`]: the outcome is unknown.
    pub(crate) async fn call<B: Serialize, A: DeserializeOwned>(
        &self,
        path: &'static str,
        body: &B,
    ) -> Result<A, ChannelError> {
        let picked = self.shared.balancer.pick().ok_or(ChannelError::Nobody)?;
        let timeout = Duration::from_millis(self.shared.config.timeout_ms);
        let followed = Span::call(|| format!("call {}", self.role()));
        followed.note("waxwing.instance", || picked.endpoint().instance.as_str().into());
        let sent = followed.within(self.send(picked.endpoint(), path, body));
        let answer = match tokio::time::timeout(timeout, sent).await {
            Ok(answer) => answer,
            Err(_) => Err(ChannelError::Late(picked.endpoint().instance.clone())),
        };
        picked.ended(if answer.is_ok() { CallEnd::Answered } else { CallEnd::Failed });
        answer
    }

    async fn send<B: Serialize, A: DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        path: &'static str,
        body: &B,
    ) -> Result<A, ChannelError> {
        let broken = |reason: &dyn std::fmt::Display| {
            ChannelError::Broken(endpoint.instance.clone(), reason.to_string())
        };
        let body = serde_json::to_vec(body).map_err(|error| broken(&error))?;
        let answer = self.stream(endpoint, path, Full::new(body.into()).boxed_unsync()).await?;
        let body = Limited::new(answer, ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| broken(&error))?.to_bytes();
        serde_json::from_slice(&body).map_err(|error| broken(&error))
    }

    /// Begins a call to this instance; what it answers comes as it is sent.
    ///
    /// # Errors
    /// [`ChannelError`]: the outcome is unknown.
    pub(crate) async fn stream(
        &self,
        endpoint: &Endpoint,
        path: &'static str,
        body: Body,
    ) -> Result<Incoming, ChannelError> {
        let broken = |reason: &dyn std::fmt::Display| {
            ChannelError::Broken(endpoint.instance.clone(), reason.to_string())
        };
        let Shared { config, signer, clock, client, .. } = &*self.shared;
        let token = signer.token(config.role, clock.unix_ms().div_euclid(1_000));
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", endpoint.address))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .header(DEADLINE, config.timeout_ms)
            .body(body)
            .map_err(|error| broken(&error))?;
        traces::hand_on(request.headers_mut());
        let response = client.request(request).await.map_err(|error| broken(&error))?;
        if response.status() != StatusCode::OK {
            return Err(ChannelError::Status(endpoint.instance.clone(), response.status()));
        }
        Ok(response.into_body())
    }

    /// Hands `request`, whose address is a path alone, on to this instance as it is. The answer
    /// is waited for no longer than `patience_ms`, which the instance is told.
    ///
    /// # Errors
    /// [`ForwardError`].
    pub(crate) async fn forward(
        &self,
        endpoint: &Endpoint,
        mut request: Request<Body>,
        patience_ms: u64,
    ) -> Result<Response<Answer>, ForwardError> {
        let failed = |reason: String, reached_nobody| ForwardError {
            instance: endpoint.instance.clone(),
            reason,
            reached_nobody,
        };
        let Shared { config, signer, clock, hops, .. } = &*self.shared;
        let token = signer.token(config.role, clock.unix_ms().div_euclid(1_000));
        let token = HeaderValue::from_str(&token);
        let token = token.map_err(|error| failed(error.to_string(), true))?;
        request.headers_mut().insert(SERVICE_TOKEN, token);
        request.headers_mut().insert(DEADLINE, HeaderValue::from(patience_ms));
        traces::hand_on(request.headers_mut());
        let answer = hops.call(&endpoint.address, request).await;
        let answer = answer.map_err(|error| failed(error.to_string(), error.reached_nobody()))?;
        if answer.headers().contains_key(SERVICE_TOKEN) {
            // It has done nothing, and the player has nothing to do with it.
            tracing::error!(instance = endpoint.instance, "our service token was refused");
            return Err(failed("our service token was refused".to_owned(), true));
        }
        Ok(answer)
    }
}
