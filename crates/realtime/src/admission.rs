//! Who gets a socket: so many a process, so many an address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Extensions, StatusCode, header};
use parking_lot::Mutex;
use platform::http::PeerAddress;
use protocol::{Code, Problem};

use crate::Config;
use crate::metrics::{Metrics, Reason};

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

/// Counts seats.
#[derive(Clone)]
pub(crate) struct Admission {
    taken: Arc<Mutex<Taken>>,
    total_max: u32,
    per_address_max: u32,
    metrics: Metrics,
}

#[derive(Default)]
struct Taken {
    total: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// One connection's place. It rides in the extensions of the request that opened the connection,
/// which the library keeps exactly as long as the connection.
pub(crate) struct Seat {
    taken: Arc<Mutex<Taken>>,
    peer: Option<IpAddr>,
}

impl Admission {
    pub(crate) fn new(config: &Config, metrics: Metrics) -> Self {
        Self {
            taken: Arc::default(),
            total_max: config.sockets_max,
            per_address_max: config.sockets_per_address_max,
            metrics,
        }
    }

    /// A seat, or why there is none.
    pub(crate) fn seat(&self, peer: Option<IpAddr>) -> Result<Arc<Seat>, StatusCode> {
        let mut taken = self.taken.lock();
        if taken.total >= self.total_max {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        if let Some(peer) = peer {
            let count = taken.by_address.entry(peer).or_default();
            if *count >= self.per_address_max {
                return Err(StatusCode::TOO_MANY_REQUESTS);
            }
            *count += 1;
        }
        taken.total += 1;
        Ok(Arc::new(Seat { taken: Arc::clone(&self.taken), peer }))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        taken.total -= 1;
        let Some(peer) = self.peer else { return };
        if let Some(count) = taken.by_address.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&peer);
            }
        }
    }
}

/// Seats a request that opens a connection; one that names its session has a seat already.
pub(crate) async fn admit(
    State(admission): State<Admission>,
    mut request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let opens = !query.split('&').any(|pair| pair.starts_with("sid="));
    if opens {
        match admission.seat(Peer::of(request.extensions())) {
            Ok(seat) => drop(request.extensions_mut().insert(seat)),
            Err(status) => return refuse(&admission.metrics, status),
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
    use crate::{Config, Metrics};

    #[test]
    fn seats_are_counted_by_address_and_given_back() {
        let config = Config { sockets_max: 3, sockets_per_address_max: 2, ..Config::default() };
        let admission = Admission::new(&config, Metrics::default());
        let (ann, bob) = ("10.0.0.1".parse().ok(), "10.0.0.2".parse().ok());
        let seats = [admission.seat(ann).unwrap(), admission.seat(ann).unwrap()];
        assert_eq!(admission.seat(ann).err(), Some(StatusCode::TOO_MANY_REQUESTS));
        let _bobs = admission.seat(bob).unwrap();
        assert_eq!(admission.seat(bob).err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        drop(seats);
        assert!(admission.seat(ann).is_ok());
        assert_eq!(admission.taken.lock().by_address.len(), 1);
    }
}
