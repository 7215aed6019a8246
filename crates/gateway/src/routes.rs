//! Every public URL, on one screen.
//!
//! In one process none is repeated towards a role: a call either ran or it did not. Where roles
//! are other processes, [`is_repeatable`] says which may be.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use http::Method;
use http::request::Parts;
use platform::http::Door;

use crate::limits::{Limits, limit};
use crate::state::App;
use crate::upstream::inward;
use crate::{cookie, docs, headers, keys, page, status};

/// Long-polling holds a request open for as long as nothing happens, a ping at the latest.
const POLL_DEADLINE: Duration = Duration::from_mins(2);

/// What makes two calls one.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The public router: `sockets` speaks Socket.IO at `/socket.io/` and under the game's prefix.
pub(crate) fn public(app: App, sockets: Router, door: &Door, limits: &Arc<Limits>) -> Router {
    let calls = Router::new()
        .route("/", get(page::home))
        .route("/page.css", get(page::style))
        .route("/icon.svg", get(page::icon))
        .route("/assets/{file}", get(page::asset))
        .route("/.well-known/jwks.json", get(keys::jwks))
        .route("/gateway/status", get(status::status))
        .route("/gateway/openapi.json", get(docs::document))
        .route("/gateway/asyncapi.json", get(docs::asyncapi::serve))
        .route("/gateway/docs", get(docs::folder))
        .route("/gateway/docs/", get(docs::index))
        .route("/gateway/docs/{*file}", get(docs::file))
        .route("/gateway/user/v1/auth/cookie/login", post(cookie::log_in))
        .route("/gateway/user/v1/auth/cookie/refresh", post(cookie::refresh))
        .route("/gateway/user/v1/auth/cookie/logout", post(cookie::log_out))
        .route("/gateway/user/v1/{*rest}", any(user))
        .route("/gateway/game/v1/{*rest}", any(game))
        .with_state(Arc::new(app));
    let behind = |router: Router, door: Door| {
        router.layer(from_fn_with_state(Front { door, limits: Arc::clone(limits) }, pass))
    };
    let sockets = behind(sockets, door.clone().with_deadline(POLL_DEADLINE));
    behind(calls, door.clone()).merge(sockets)
}

/// What stands in front of every route.
#[derive(Clone)]
struct Front {
    door: Door,
    limits: Arc<Limits>,
}

/// One layer for all of it: axum copies for each call what is below a layer, layer by layer.
async fn pass(State(front): State<Front>, request: Request, next: Next) -> Response {
    let Front { door, limits } = &front;
    let next = |request| headers::preflight(request, |request| next.run(request));
    let next = |request| limit(limits, request, next);
    headers::on_every_answer(request, |request| door.pass(request, next)).await
}

/// `/gateway/user/v1/…`: identity and wallet.
async fn user(State(app): State<Arc<App>>, request: Request) -> Response {
    app.user.call(inward(request)).await
}

/// `/gateway/game/v1/…`: lobbies and rounds.
async fn game(State(app): State<Arc<App>>, request: Request) -> Response {
    app.game.call(inward(request)).await
}

/// Calls that an idempotency key makes one, however often they come.
const KEYED: [(Method, &str); 3] = [
    (Method::PUT, "/user/v1/balance"),
    (Method::POST, "/user/v1/balance"),
    (Method::POST, "/game/v1/lobby"),
];

/// Whether a role may be sent a call again that it may have carried out: reads may, and calls
/// with a key where keys are kept. The path is the role's own.
#[must_use]
pub fn is_repeatable(call: &Parts) -> bool {
    // No route of ours changes anything when it is read.
    if [Method::GET, Method::HEAD].contains(&call.method) {
        return true;
    }
    let is_keyed = call.headers.contains_key(IDEMPOTENCY_KEY);
    is_keyed
        && KEYED.iter().any(|(method, path)| *method == call.method && *path == call.uri.path())
}

#[cfg(test)]
mod tests;
