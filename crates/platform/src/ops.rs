//! The listener for those who run the process; the gateway forwards nothing to it.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use protocol::Code;

use crate::health::Health;
use crate::http::{ApiError, Door, Json};
use crate::metrics::{self, Registry};
use crate::random::SystemRandom;

#[derive(Clone)]
struct Ops {
    health: Health,
    registry: Registry,
}

/// `/livez`, `/readyz`, `/metrics`, behind a door of their own. Its requests are not measured:
/// they would hide the players'.
pub fn router(health: Health, registry: Registry) -> Router {
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Ops { health, registry });
    Door::unmeasured(&SystemRandom).before(router)
}

/// The process answers, so it lives.
async fn livez() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "alive" }))
}

/// Whether it should be given work, and if not, which checks fail and why.
async fn readyz(State(ops): State<Ops>) -> Response {
    let checks = ops.health.checks();
    let failing: Vec<String> = checks
        .iter()
        .filter_map(|(name, reason)| Some(format!("{name}: {}", reason.as_deref()?)))
        .collect();
    if failing.is_empty() {
        let checks: Vec<&str> = checks.keys().copied().collect();
        return Json(serde_json::json!({ "status": "ready", "checks": checks })).into_response();
    }
    ApiError::new(Code::Internal, failing.join("; "))
        .with_status(StatusCode::SERVICE_UNAVAILABLE, "Not ready")
        .into_response()
}

async fn metrics(State(ops): State<Ops>) -> Result<Response, ApiError> {
    let text = ops.registry.encode().map_err(|error| ApiError::internal(&error))?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

#[cfg(test)]
mod tests;
