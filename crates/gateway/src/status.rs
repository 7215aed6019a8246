//! Whether all roles answer, as the original's gateway tells it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::App;
use crate::upstream::Upstream;

/// The answer where all roles work.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AllWork {
    /// `All services are up and running`
    message: &'static str,
    /// The instances that answered; no addresses.
    working_services: Vec<String>,
}

/// The answer where one does not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneFails {
    /// `Some services are down`
    message: &'static str,
    /// The instances that answered; no addresses.
    working_services: Vec<String>,
    /// The first that did not.
    failed_service: String,
}

/// `GET /gateway/status`
#[utoipa::path(
    get,
    path = "/gateway/status",
    tag = "gateway",
    responses(
        (status = 200, description = "All roles work", body = AllWork),
        (status = 500, description = "A role does not answer", body = OneFails),
    )
)]
pub(crate) async fn status(State(app): State<Arc<App>>) -> Response {
    let roles = [(&app.user, "/user/v1/status"), (&app.game, "/game/v1/status")];
    let mut working_services = vec!["gateway".to_owned()];
    let mut failed = None;
    for (upstream, path) in roles {
        let instance = upstream.instance().to_owned();
        if works(&**upstream, path).await {
            working_services.push(instance);
        } else {
            failed = failed.or(Some(instance));
        }
    }
    match failed {
        None => {
            let message = "All services are up and running";
            axum::Json(AllWork { message, working_services }).into_response()
        }
        Some(failed_service) => {
            let message = "Some services are down";
            let body = OneFails { message, working_services, failed_service };
            (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
        }
    }
}

async fn works(upstream: &dyn Upstream, path: &str) -> bool {
    let Ok(request) = Request::get(path).body(Body::empty()) else { return false };
    upstream.call(request).await.status().is_success()
}
