//! The public URLs of identity and what answers them.

use std::sync::Arc;

use axum::extract::{FromRef, State};
use axum::{Extension, Router};
use http::StatusCode;
use platform::clock::Clock;
use platform::http::{ApiError, AuthenticatedPlayer, ClientAddress, Json, Network};
use protocol::auth::{
    Credentials, LoggedOut, LogoutRequest, PasswordChange, RefreshRequest, ServiceStatus, SignedIn,
    TokenValid, UserCreated,
};
use protocol::wire::WirePlayerId;
use protocol::{Code, ProblemBody};
use tokens::Verifier;
use utoipa::IntoResponses;
use utoipa::openapi::{ComponentsBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::{AuthError, Service};
use crate::store::StoreError;

/// Where a request comes from, if the gateway says so.
type Client = Option<Extension<ClientAddress>>;

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
    // What stands in `Validated` alone is not found by itself.
    let schemas = ComponentsBuilder::new().schema_from::<TokenValid>().build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().components(Some(schemas)).build())
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(change_password))
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
    client: Client,
    Json(credentials): Json<Credentials>,
) -> Result<(StatusCode, Json<UserCreated>), ApiError> {
    service.register(network(client), credentials).await?;
    Ok((StatusCode::CREATED, Json(UserCreated::new())))
}

/// Gives a pair of tokens to whoever knows the password.
#[utoipa::path(
    post, path = "/user/v1/auth/login", tag = "identity",
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 400, description = "Name or password is missing",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Name and password do not belong together",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many failed; see Retry-After",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many sign up or in at once; see Retry-After",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn login(
    State(service): State<Service>,
    client: Client,
    Json(credentials): Json<Credentials>,
) -> Result<Json<SignedIn>, ApiError> {
    Ok(Json(service.login(network(client), credentials).await?))
}

/// Gives the next pair for a refresh token, which is good once. A spent one shown again ends its
/// sign-in, except within ten seconds, in which it gets another pair.
#[utoipa::path(
    post, path = "/user/v1/auth/refresh", tag = "identity",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "Signed in for longer", body = SignedIn),
        (status = 400, description = "The token is missing",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "It is not good, or the sign-in has run out: sign in again",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn refresh(
    State(service): State<Service>,
    Json(request): Json<RefreshRequest>,
) -> Result<Json<SignedIn>, ApiError> {
    Ok(Json(service.refresh(&request.refresh_token).await?))
}

/// Ends this sign-in, or all of the player's: its tokens are refused and its sockets closed. Open
/// bets ride.
#[utoipa::path(
    post, path = "/user/v1/auth/logout", tag = "identity",
    security(("token" = [])),
    request_body = LogoutRequest,
    responses(
        (status = 200, description = "Signed out", body = LoggedOut),
        (status = 400, description = "A field is not what it should be",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The token is not good",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn logout(
    State(service): State<Service>,
    asker: AuthenticatedPlayer,
    Json(request): Json<LogoutRequest>,
) -> Result<Json<LoggedOut>, ApiError> {
    service.logout(asker, request.everywhere).await?;
    Ok(Json(LoggedOut::new()))
}

/// Replaces the password and ends the player's other sign-ins; this one gets a fresh pair.
#[utoipa::path(
    post, path = "/user/v1/auth/password", tag = "identity",
    security(("token" = [])),
    request_body = PasswordChange,
    responses(
        (status = 200, description = "The new password counts from now on", body = SignedIn),
        (status = 400, description = "The new password breaks the rules, or one is missing",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The token is not good, or the old password is wrong",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many failed; see Retry-After",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many sign up or in at once; see Retry-After",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn change_password(
    State(service): State<Service>,
    client: Client,
    asker: AuthenticatedPlayer,
    Json(change): Json<PasswordChange>,
) -> Result<Json<SignedIn>, ApiError> {
    Ok(Json(service.change_password(network(client), asker, change).await?))
}

/// What `validate` answers, however it is asked.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes the answers, is never made")]
enum Validated {
    /// The token is good
    #[response(status = 200)]
    Valid(TokenValid),
    /// It is not
    #[response(status = 401, content_type = "application/problem+json")]
    Refused(ProblemBody),
}

/// Says whose token this is.
#[utoipa::path(
    get, path = "/user/v1/auth/validate", tag = "identity",
    security(("token" = [])), responses(Validated)
)]
async fn validate(player: AuthenticatedPlayer) -> Json<TokenValid> {
    Json(TokenValid::new(WirePlayerId(player.player), player.username))
}

/// The same, as the original's clients ask.
#[utoipa::path(
    post, path = "/user/v1/auth/validate", tag = "identity",
    security(("token" = [])), responses(Validated)
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

/// One household or one machine, as limits count.
fn network(client: Client) -> Option<Network> {
    client.map(|Extension(ClientAddress(address))| Network::of(address))
}

/// The one place where reasons become statuses and codes.
impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::InvalidUsername | AuthError::InvalidPassword { .. } => Code::Malformed,
            AuthError::UserExists => Code::UserExists,
            AuthError::InvalidCredentials => Code::InvalidCredentials,
            AuthError::RefreshRefused => Code::Unauthenticated,
            AuthError::RefreshOver => Code::TokenExpired,
            AuthError::Throttled { retry_after_s } => {
                let refusal = Self::new(Code::RateLimited, error.to_string());
                return refusal.with_retry_after(retry_after_s);
            }
            AuthError::Overloaded => return Self::overloaded(),
            AuthError::Broken => return Self::internal(&error),
            AuthError::Store(StoreError::Unavailable) => {
                tracing::error!(%error, "a request failed");
                return Self::unavailable();
            }
            AuthError::Store(error) => return Self::internal(&error),
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
