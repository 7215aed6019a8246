//! The public keys of our tokens, for whoever wants to verify one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::state::App;

/// `GET /.well-known/jwks.json`: a JWK set (RFC 7517 §5).
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "gateway",
    responses((status = 200, description = "A JWK set", content_type = "application/jwk-set+json"))
)]
pub(crate) async fn jwks(State(app): State<Arc<App>>) -> impl IntoResponse {
    let headers =
        [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    // The keys of this moment: they change while the process runs.
    (headers, app.verifier.jwks().to_string())
}
