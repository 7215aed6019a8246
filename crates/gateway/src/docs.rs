//! The OpenAPI and AsyncAPI documents, and Swagger UI out of the binary to try the first.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use platform::http::ApiError;
use protocol::{Code, ProblemBody};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::state::App;
use crate::{cookie, keys, page, status};

pub(crate) mod asyncapi;
mod refusals;

/// As strict as Swagger UI allows: its styles stand in attributes, its icons are data.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What roles' paths lack, seen from outside.
const PREFIX: &str = "/gateway";

/// Swagger UI's settings. Its validator would send the document to another origin.
static SWAGGER: LazyLock<Arc<utoipa_swagger_ui::Config<'static>>> = LazyLock::new(|| {
    let config = utoipa_swagger_ui::Config::from("/gateway/openapi.json")
        .validator_url("none")
        .try_it_out_enabled(true)
        .persist_authorization(true);
    Arc::new(config)
});

/// The gateway's own part of the document.
#[derive(OpenApi)]
#[openapi(
    paths(status::status, keys::jwks, cookie::log_in, cookie::refresh, cookie::log_out),
    components(schemas(ProblemBody))
)]
struct Own;

/// Our part and the roles', whose paths get the public prefix.
pub(crate) fn merge(mut roles: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let paths = std::mem::take(&mut roles.paths.paths);
    roles.paths.paths = paths
        .into_iter()
        .map(|(path, item)| {
            let is_a_role_s = path.starts_with("/user/") || path.starts_with("/game/");
            (if is_a_role_s { format!("{PREFIX}{path}") } else { path }, item)
        })
        .collect();
    let mut document = Own::openapi();
    document.merge(roles);
    "Waxwing".clone_into(&mut document.info.title);
    document.info.description = Some(
        "A multiplayer crash game. Its sockets: [AsyncAPI](/gateway/asyncapi.json).".to_owned(),
    );
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    let schemes = &mut document.components.get_or_insert_default().security_schemes;
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    schemes.entry("token".to_owned()).or_insert(SecurityScheme::Http(bearer).into());
    let kept = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie::NAME)));
    schemes.insert("cookie".to_owned(), kept.into());
    refusals::complete(&mut document);
    document
}

/// `GET /gateway/openapi.json`
pub(crate) async fn document(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], app.openapi.clone())
}

/// `GET /gateway/docs`: the page's parts are relative to the folder.
pub(crate) async fn folder() -> Redirect {
    Redirect::permanent("/gateway/docs/")
}

/// `GET /gateway/docs/`: our console, or plain Swagger UI where no page was built.
pub(crate) async fn index(headers: HeaderMap) -> Response {
    page::document("console.html", &headers, POLICY).unwrap_or_else(|| serve("index.html"))
}

/// `GET /gateway/docs/{file}`
pub(crate) async fn file(Path(file): Path<String>) -> Response {
    serve(&file)
}

fn serve(file: &str) -> Response {
    let found = match utoipa_swagger_ui::serve(file, Arc::clone(&SWAGGER)) {
        Ok(Some(found)) => found,
        Ok(None) => return ApiError::from(Code::NotFound).into_response(),
        Err(error) => return ApiError::internal(&error).into_response(),
    };
    // The bundle changes with the binary alone; what is made for us may change with it at once.
    let (body, cache) = match found.bytes {
        Cow::Borrowed(bundled) => (Bytes::from_static(bundled), "public, max-age=3600"),
        Cow::Owned(made) => (Bytes::from(made), "no-cache"),
    };
    let headers = [
        (CONTENT_TYPE, found.content_type.as_str()),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, cache),
    ];
    if found.gzpipped {
        (headers, [(CONTENT_ENCODING, "gzip")], body).into_response()
    } else {
        (headers, body).into_response()
    }
}

#[cfg(test)]
mod tests;
