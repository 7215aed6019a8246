//! Public calls on their way to a role in another process.
//!
//! A call goes to one instance. It is sent to another only if no byte of it reached the first, or
//! if its route says that it may be repeated, within a budget: where everything fails, more of
//! the same helps nobody.

mod answer;
mod budget;
mod headers;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cluster::{Balancer, CallEnd, Endpoint};
use http::StatusCode;
use http::request::Parts;
use http::uri::Scheme;
use http_body_util::{BodyExt as _, Full, LengthLimitError};
use platform::http::{ApiError, Network, Places};
use platform::traces::Span;
use protocol::Code;
use tokio::sync::Semaphore;

use crate::Channel;
use crate::channel::ForwardError;
use budget::Budget;
pub(crate) use headers::FORWARDED_FOR;

/// How long one instance may take to begin its answer, in milliseconds.
const TRY_MS: u64 = 10_000;
/// The same of what another one may be asked after that: one that stands still is given up early.
const REPEATABLE_TRY_MS: u64 = 4_000;
/// How long all tries may take together, in milliseconds; the public door gives up later.
const TOTAL_MS: u64 = 20_000;
/// Instances that one call may be sent to.
const TRIES: usize = 3;
/// Calls under way to one role; more are refused at once.
const UNDER_WAY: usize = 4_096;
/// Bytes of a call: as many as the door lets in.
const BODY_BYTES: usize = 64 * 1_024;

/// How calls are handed on.
#[derive(Clone, Debug)]
pub struct Forwarding {
    /// Which may be sent again.
    pub repeatable: Repeatable,
    /// What players reach the public door by, for `x-forwarded-proto`.
    pub scheme: Scheme,
}

/// Says of a call whether it may be sent again though an instance may have done it.
pub type Repeatable = fn(&Parts) -> bool;

#[derive(Clone)]
struct Proxy {
    shared: Arc<Shared>,
}

struct Shared {
    channel: Channel,
    instances: Balancer,
    forwarding: Forwarding,
    budget: Budget,
    under_way: Semaphore,
    long: Places,
}

/// A router that sends whatever comes to the instances of a role that `instances` knows.
pub fn proxy(channel: Channel, instances: Balancer, forwarding: Forwarding) -> Router {
    let (budget, under_way) = (Budget::default(), Semaphore::new(UNDER_WAY));
    let long = answer::places();
    let shared = Shared { channel, instances, forwarding, budget, under_way, long };
    Router::new().fallback(forward).with_state(Proxy { shared: Arc::new(shared) })
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let Ok(_place) = proxy.shared.under_way.try_acquire() else {
        return ApiError::overloaded().into_response();
    };
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, BODY_BYTES).await {
        Ok(body) => body,
        Err(error) => return unreadable(&error).into_response(),
    };
    proxy.shared.answer(&parts, &body).await
}

/// Why a body was not read: it has no end within the limit, or it broke off.
fn unreadable(error: &axum::Error) -> ApiError {
    let mut reason: Option<&dyn Error> = Some(error);
    while let Some(found) = reason {
        if found.is::<LengthLimitError>() {
            return Code::TooLarge.into();
        }
        reason = found.source();
    }
    ApiError::new(Code::Malformed, "The body could not be read to its end")
}

impl Shared {
    async fn answer(&self, parts: &Parts, body: &Bytes) -> Response {
        self.budget.earn();
        let ends = self.channel.now() + TOTAL_MS;
        let mut tried: Vec<Endpoint> = Vec::new();
        loop {
            let left_ms = ends.ms_since(self.channel.now());
            if left_ms == 0 {
                return ApiError::unavailable().into_response();
            }
            let Some(picked) = self.instances.pick_other_than(&tried) else {
                return ApiError::unavailable().into_response();
            };
            tried.push(picked.endpoint().clone());
            let followed = Span::call(|| format!("call {}", self.channel.role()));
            followed.note("waxwing.instance", || picked.endpoint().instance.as_str().into());
            followed.note("waxwing.try", || tried.len().into());
            let may_ask_another = (self.forwarding.repeatable)(parts)
                && tried.len() < TRIES
                && self.budget.is_left()
                && picked.has_others();
            let try_ms = if may_ask_another { REPEATABLE_TRY_MS } else { TRY_MS };
            let asked = self.ask(picked.endpoint(), parts, body, try_ms.min(left_ms));
            match followed.within(asked).await {
                Ok(Err(refusal)) => {
                    picked.ended(CallEnd::Answered);
                    return refusal.into_response();
                }
                Ok(Ok(response)) => {
                    let is_able = response.status() != StatusCode::SERVICE_UNAVAILABLE;
                    picked.ended(if is_able { CallEnd::Answered } else { CallEnd::Failed });
                    return headers::outward(response);
                }
                Err(error) => {
                    picked.ended(CallEnd::Failed);
                    tracing::warn!(%error, "a role did not answer");
                    let may = error.reached_nobody() || (self.forwarding.repeatable)(parts);
                    if !may || tried.len() == TRIES || !self.budget.spend() {
                        return ApiError::unavailable().into_response();
                    }
                }
            }
        }
    }

    async fn ask(
        &self,
        endpoint: &Endpoint,
        parts: &Parts,
        body: &Bytes,
        try_ms: u64,
    ) -> Result<Result<Response, ApiError>, ForwardError> {
        let scheme = &self.forwarding.scheme;
        let network = headers::client(parts).map(Network::of);
        let request = headers::inward(parts, scheme, Full::new(body.clone()).boxed_unsync());
        let asked = async {
            let answer = self.channel.forward(endpoint, request, try_ms).await?;
            let read = answer::read(answer, &self.long, network).await;
            read.map_err(|error| ForwardError::broken(endpoint, &error))
        };
        let answer = tokio::time::timeout(Duration::from_millis(try_ms), asked).await;
        answer.unwrap_or_else(|_| Err(ForwardError::late(endpoint)))
    }
}

#[cfg(test)]
mod tests;
