//! The public URLs of identity and what answers them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, State};
use http::StatusCode;
use platform::clock::Clock;
use platform::http::{ApiError, AuthenticatedPlayer, Json};
use protocol::auth::{Credentials, ServiceStatus, SignedIn, TokenValid, UserCreated};
use protocol::wire::WirePlayerId;
use protocol::{Code, ProblemBody};
use tokens::Verifier;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::{AuthError, Service};

/// Every route of identity, without the gateway's prefix.
pub fn router(service: Service) -> Router {
    documented().with_state(service).into()
}

/// What the routes take and answer.
#[must_use]
pub fn openapi() -> OpenApi {
    documented().split_for_parts().1
}

fn documented() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(validate, validate_post))
        .routes(routes!(status))
}

/// Makes a player.
#[utoipa::path(
    post, path = "/user/v1/auth/register", tag = "identity",
    request_body = Credentials,
    responses(
        (status = 201, description = "The player exists from now on", body = UserCreated),
        (status = 400, description = "Name or password is missing or breaks the rules",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many sign up or in at once; see Retry-After",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn register(
    State(service): State<Service>,
    Json(credentials): Json<Credentials>,
) -> Result<(StatusCode, Json<UserCreated>), ApiError> {
    service.register(credentials).await?;
    Ok((StatusCode::CREATED, Json(UserCreated::new())))
}

/// Gives a token to whoever knows the password.
#[utoipa::path(
    post, path = "/user/v1/auth/login", tag = "identity",
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 400, description = "Name or password is missing",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Name and password do not belong together",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many failed under this name; see Retry-After",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many sign up or in at once; see Retry-After",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn login(
    State(service): State<Service>,
    Json(credentials): Json<Credentials>,
) -> Result<Json<SignedIn>, ApiError> {
    Ok(Json(service.login(credentials).await?))
}

/// Says whose token this is.
#[utoipa::path(
    get, path = "/user/v1/auth/validate", tag = "identity",
    security(("token" = [])),
    responses(
        (status = 200, description = "The token is good", body = TokenValid),
        (status = 401, description = "It is not",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn validate(player: AuthenticatedPlayer) -> Json<TokenValid> {
    Json(TokenValid::new(WirePlayerId(player.player), player.username))
}

/// The same, as the original's clients ask.
#[utoipa::path(
    post, path = "/user/v1/auth/validate", tag = "identity",
    security(("token" = [])),
    responses(
        (status = 200, description = "The token is good", body = TokenValid),
        (status = 401, description = "It is not",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn validate_post(player: AuthenticatedPlayer) -> Json<TokenValid> {
    validate(player).await
}

/// Says that the service runs.
#[utoipa::path(
    get, path = "/user/v1/status", tag = "identity",
    responses((status = 200, description = "It runs", body = ServiceStatus))
)]
async fn status() -> Json<ServiceStatus> {
    Json(ServiceStatus::auth())
}

/// The one place where reasons become statuses and codes.
impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::InvalidUsername | AuthError::InvalidPassword { .. } => Code::Malformed,
            AuthError::UserExists => Code::UserExists,
            AuthError::InvalidCredentials => Code::InvalidCredentials,
            AuthError::Throttled { retry_after_s } => {
                let refusal = Self::new(Code::RateLimited, error.to_string());
                return refusal.with_retry_after(retry_after_s);
            }
            AuthError::Overloaded => return Self::overloaded(),
            AuthError::Broken => return Self::internal(&error),
            AuthError::Store(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}

impl FromRef<Service> for Arc<Verifier> {
    fn from_ref(service: &Service) -> Self {
        Self::clone(&service.shared.verifier)
    }
}

impl FromRef<Service> for Arc<dyn Clock> {
    fn from_ref(service: &Service) -> Self {
        Self::clone(&service.shared.clock)
    }
}
