//! Where a request goes once it passed the door.

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::Uri;
use http::uri::PathAndQuery;
use platform::http::{ClientAddress, PeerAddress, RequestId};
use tower::ServiceExt as _;

/// What the public sees before the paths of the roles.
const PREFIX: &str = "/gateway";

/// A role as the gateway reaches it: in this process, later over HTTP.
#[async_trait]
pub(crate) trait Upstream: Send + Sync {
    /// The answer to `request`, whose path is the role's own.
    async fn call(&self, request: Request) -> Response;

    /// Names the instance that answers; no address.
    fn instance(&self) -> &str;
}

/// A role in this process: a call is a function call.
pub(crate) struct InProcess {
    router: Router,
    instance: &'static str,
}

impl InProcess {
    pub(crate) const fn new(router: Router, instance: &'static str) -> Self {
        Self { router, instance }
    }
}

#[async_trait]
impl Upstream for InProcess {
    async fn call(&self, request: Request) -> Response {
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn instance(&self) -> &str {
        self.instance
    }
}

/// `request` as the role knows it: the path without our prefix, and of what our router wrote into
/// the request only what roles may read. (The parameters of our route would count as theirs.)
pub(crate) fn inward(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let mut extensions = http::Extensions::new();
    if let Some(peer) = parts.extensions.get::<PeerAddress>() {
        extensions.insert(*peer);
    }
    if let Some(client) = parts.extensions.get::<ClientAddress>() {
        extensions.insert(*client);
    }
    if let Some(id) = parts.extensions.get::<RequestId>() {
        extensions.insert(id.clone());
    }
    parts.extensions = extensions;
    parts.uri = without_prefix(&parts.uri);
    Request::from_parts(parts, body)
}

fn without_prefix(uri: &Uri) -> Uri {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let path = path.strip_prefix(PREFIX).unwrap_or(path);
    path.parse().unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::without_prefix;

    #[test]
    fn the_prefix_goes_and_the_query_stays() {
        let uri = "http://any.example/gateway/game/v1/lobby/4?limit=5".parse().unwrap();
        assert_eq!(without_prefix(&uri), "/game/v1/lobby/4?limit=5");
        let uri = "/gateway/user/v1/%67ateway".parse().unwrap();
        assert_eq!(without_prefix(&uri), "/user/v1/%67ateway");
    }
}
