//! Who may call, and how long they wait: looked at before anything of a call is read.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};
use platform::clock::Clock;
use platform::http::{ApiError, ClientAddress};
use platform::traces::{Span, call_name};
use protocol::Code;
use tokens::ServiceVerifier;

use crate::proxy::FORWARDED_FOR;

/// How long the caller still waits, in milliseconds.
pub(crate) const DEADLINE: &str = "waxwing-deadline-ms";
/// Proves the gateway where `authorization` is the player's.
pub(crate) const SERVICE_TOKEN: &str = "waxwing-service-token";
/// What stands in that header of an answer whose call did not prove its gateway.
const REFUSED: &str = "refused";
/// The longest that any call may take, whatever it says, in milliseconds.
const DEADLINE_MAX_MS: u64 = 30_000;
/// Bytes of one call: a thousand holds take a fifth of it.
const BODY_BYTES: usize = 1_024 * 1_024;

/// What the routes between roles ask of every call. Clones share it.
#[derive(Clone)]
pub struct Access {
    verifier: ServiceVerifier,
    clock: Arc<dyn Clock>,
}

impl Access {
    /// Lets in whoever `verifier` believes.
    #[must_use]
    pub const fn new(verifier: ServiceVerifier, clock: Arc<dyn Clock>) -> Self {
        Self { verifier, clock }
    }

    /// `routes` behind the check, each call within its deadline.
    pub(crate) fn guard<S: Clone + Send + Sync + 'static>(self, routes: Router<S>) -> Router<S> {
        let routes = routes.layer(DefaultBodyLimit::max(BODY_BYTES)).layer(from_fn(in_time));
        self.guard_stream(routes)
    }

    /// The same for calls that last as long as both ends live.
    pub(crate) fn guard_stream<S>(self, routes: Router<S>) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        routes.layer(from_fn_with_state(self, admit))
    }

    /// A role's public calls as a gateway hands them on: the token stands beside the player's
    /// own, and who asked is what the gateway says.
    pub fn guard_public(self, routes: Router) -> Router {
        routes.layer(from_fn(in_time)).layer(from_fn_with_state(self, admit_public))
    }

    /// Who calls.
    fn caller(&self, request: &Request) -> Option<String> {
        let token = request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        self.proven(token)
    }

    fn proven(&self, token: &str) -> Option<String> {
        let now_s = self.clock.unix_ms().div_euclid(1_000);
        match self.verifier.verify(token, now_s) {
            Ok(caller) => Some(caller),
            Err(reason) => {
                tracing::warn!(%reason, "a call between roles was refused");
                None
            }
        }
    }
}

async fn admit(State(access): State<Access>, request: Request, next: Next) -> Response {
    if access.caller(&request).is_none() {
        let detail = "Only services of this deployment may call this";
        return ApiError::new(Code::Unauthenticated, detail).into_response();
    }
    follow(request, next).await
}

async fn admit_public(State(access): State<Access>, mut request: Request, next: Next) -> Response {
    let token = request.headers_mut().remove(SERVICE_TOKEN);
    let token = token.as_ref().and_then(|token| token.to_str().ok());
    if token.and_then(|token| access.proven(token)).is_none() {
        let detail = "Only gateways of this deployment may call this";
        let mut refusal = ApiError::new(Code::Unauthenticated, detail).into_response();
        // Tells a gateway that it is meant, not the player whose token stands beside.
        refusal.headers_mut().insert(SERVICE_TOKEN, HeaderValue::from_static(REFUSED));
        return refusal;
    }
    let said = request.headers().get(FORWARDED_FOR).and_then(|value| value.to_str().ok());
    if let Some(client) = said.and_then(|text| text.parse::<IpAddr>().ok()) {
        request.extensions_mut().insert(ClientAddress(client));
    }
    follow(request, next).await
}

/// Whoever has proved to be one of us says whether the call is followed.
async fn follow(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let followed = Span::under(request.headers(), || call_name(request.method(), route));
    let response = followed.within(next.run(request)).await;
    followed.note("http.response.status_code", || response.status().as_u16().into());
    response
}

/// Whoever no longer waits is not worked for. What is under way by then stands all the same, so
/// the outcome is unknown to the caller either way.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(time_left(&request), next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
    }
}

fn time_left(request: &Request) -> Duration {
    let said = request.headers().get(DEADLINE).and_then(|value| value.to_str().ok());
    let ms = said.and_then(|text| text.parse().ok()).unwrap_or(DEADLINE_MAX_MS);
    Duration::from_millis(ms.min(DEADLINE_MAX_MS))
}
