//! The wallet's URLs, all of them, without the gateway's prefix.

use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http;
use crate::service::Service;

/// The routes, served by `service`.
pub fn router(service: Service) -> axum::Router {
    described().with_state(service).split_for_parts().0
}

/// What the routes take and answer.
#[must_use]
pub fn openapi() -> OpenApi {
    described().split_for_parts().1
}

fn described() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(http::balance, http::add_to_balance, http::set_balance))
        .routes(routes!(http::transfers))
}
