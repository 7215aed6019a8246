//! Who gets a socket: so many a process, so many a network.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Extensions, StatusCode, header};
use platform::http::{Full, Network, PeerAddress, Place, Places};
use protocol::{Code, Problem};

use crate::metrics::{Metrics, Reason};
use crate::{Config, Hub};

/// The client's address as a request extension. The gateway sets it where it trusts a proxy;
/// otherwise it is the address of the connection, as `platform::http::serve` notes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// The client's address, as far as the request tells.
    pub(crate) fn of(extensions: &Extensions) -> Option<IpAddr> {
        let connection = || extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
        extensions.get::<Self>().map(|peer| peer.0).or_else(connection)
    }
}

/// Gives out places. One connection's place rides in the extensions of the request that opened
/// the connection, which the library keeps exactly as long as the connection.
#[derive(Clone)]
pub(crate) struct Admission {
    places: Places,
    metrics: Metrics,
}

impl Admission {
    /// Every transport of a hub gives out the same places.
    pub(crate) fn new(hub: &Hub, config: &Config) -> Self {
        Self { places: hub.places(config), metrics: hub.metrics().clone() }
    }

    /// A place, or the answer that there is none.
    pub(crate) fn admit(&self, peer: Option<IpAddr>) -> Result<Arc<Place>, Box<Response>> {
        self.place(peer).map_err(|status| Box::new(refuse(&self.metrics, status)))
    }

    /// A place, or why there is none.
    fn place(&self, peer: Option<IpAddr>) -> Result<Arc<Place>, StatusCode> {
        self.places.take(peer.map(Network::of)).map(Arc::new).map_err(|full| match full {
            Full::Everywhere => StatusCode::SERVICE_UNAVAILABLE,
            Full::ForNetwork => StatusCode::TOO_MANY_REQUESTS,
        })
    }
}

/// Gives a place to a request that opens a connection; one that names its session has it already.
pub(crate) async fn admit(
    State(admission): State<Admission>,
    mut request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let opens = !query.split('&').any(|pair| pair.starts_with("sid="));
    if opens {
        match admission.admit(Peer::of(request.extensions())) {
            Ok(place) => drop(request.extensions_mut().insert(place)),
            Err(refusal) => return *refusal,
        }
    }
    next.run(request).await
}

fn refuse(metrics: &Metrics, status: StatusCode) -> Response {
    let problem = Problem::new(Code::RateLimited, "Too many connections");
    metrics.connections_refused.get_or_create(&Reason { reason: problem.code.as_str() }).inc();
    let body = problem.body_as(status, "Too many connections");
    let headers =
        [(header::RETRY_AFTER, "5"), (header::CONTENT_TYPE, protocol::problem::CONTENT_TYPE)];
    (status, headers, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::Admission;
    use crate::{Config, Hub, Metrics};

    #[test]
    fn places_are_counted_by_network() {
        let config = Config { sockets_max: 3, sockets_per_address_max: 2, ..Config::default() };
        let hub = Hub::new(Metrics::default());
        let admission = Admission::new(&hub, &config);
        let place = |address: &str| admission.place(address.parse().ok());
        let anns = [place("2001:db8::1").unwrap(), place("2001:db8::2").unwrap()];
        let refused = place("2001:db8::3").err();
        assert_eq!(refused, Some(StatusCode::TOO_MANY_REQUESTS), "it is one household");
        let _bobs = place("10.0.0.2").unwrap();
        assert_eq!(place("10.0.0.2").err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        drop(anns);
        assert!(place("2001:db8::3").is_ok());
    }

    #[test]
    fn transports_of_one_hub_count_together() {
        let config = Config { sockets_max: 2, ..Config::default() };
        let hub = Hub::new(Metrics::default());
        let (socket_io, plain) = (Admission::new(&hub, &config), Admission::new(&hub, &config));
        let _first = socket_io.place(None).unwrap();
        let _second = plain.place(None).unwrap();
        assert_eq!(socket_io.place(None).err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(plain.place(None).err(), Some(StatusCode::SERVICE_UNAVAILABLE));
    }
}
