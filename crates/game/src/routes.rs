//! The game's URLs, all of them, without the gateway's prefix.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{bets, chains, history, lobbies};
use crate::service::Service;

/// The routes, served by `service`.
pub fn router(service: Service) -> Router {
    described().with_state(service).split_for_parts().0
}

/// What the routes take and answer.
#[must_use]
pub fn openapi() -> OpenApi {
    described().split_for_parts().1
}

fn described() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(lobbies::open))
        .routes(routes!(lobbies::view))
        .routes(routes!(lobbies::list))
        .routes(routes!(lobbies::status))
        .routes(routes!(history::rounds))
        .routes(routes!(history::round))
        .routes(routes!(chains::chains))
        .routes(routes!(chains::export_rounds))
        .routes(routes!(bets::bets))
}
