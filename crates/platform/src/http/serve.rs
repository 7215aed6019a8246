//! Accepts connections, bounded in number, headers and time, until told to stop.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::TryFutureExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::server::TlsStream;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::activity::{Activity, Answer};
use super::connection::{Connection, PeerAddress, Seat};
use super::places::{Full, Network, Place, Places};
use super::tls::Tls;
use super::workers::Workers;
use crate::shutdown::Shutdown;

/// How long open requests are waited for once the server stops, and an idle client once it was
/// told that its connection ends.
const LINGER: Duration = Duration::from_secs(15);
/// A pause after an accept failed for want of files or memory.
const RECOVER: Duration = Duration::from_millis(100);

/// What one server takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections, sockets included; more wait in the kernel's queue.
    pub connections: usize,
    /// Open connections from one network; more are closed at once. A quarter of all, so that no
    /// single client, nor three, can take every place.
    pub connections_per_network: u32,
    /// Peers that bring the connections of many clients, as our own proxies do: their connections
    /// count among all alone.
    pub proxies: Vec<IpAddr>,
    /// TLS handshakes under way; more are closed at once. Each may take as long as headers may.
    pub handshakes: u32,
    /// The same from one network.
    pub handshakes_per_network: u32,
    /// How long a client may take over a request's headers.
    pub header_timeout: Duration,
    /// How long a connection may stay without an open request; it ends within twice that.
    pub idle_timeout: Duration,
    /// How long what was sent to a client may stay unacknowledged or untaken (Linux only).
    pub unread_timeout: Duration,
    /// Bytes of a request's headers together.
    pub header_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_network: 4_096,
            proxies: Vec::new(),
            handshakes: 4_096,
            handshakes_per_network: 1_024,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            unread_timeout: Duration::from_secs(30),
            header_bytes: 16 * 1_024,
            headers: 64,
            streams: 128,
        }
    }
}

/// An address that is listened at, and how.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Tls>,
    workers: Option<Workers>,
}

impl From<TcpListener> for Listener {
    /// Without TLS; connections are served by the runtime that they are accepted on.
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None, workers: None }
    }
}

impl Listener {
    /// Over TLS, if there is any. HTTP/2 and HTTP/1.1 are offered; who speaks no TLS where it is
    /// spoken is closed.
    #[must_use]
    pub fn secured(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// Connections are served by `workers`, if there are any.
    #[must_use]
    pub fn on(self, workers: Option<Workers>) -> Self {
        Self { workers, ..self }
    }
}

/// Serves `router` on `listener` until `shutdown` drains, then finishes open requests.
pub async fn serve(listener: impl Into<Listener>, router: Router, shutdown: Shutdown) {
    serve_with(listener, router, Limits::default(), shutdown).await;
}

/// The same within other limits. Returns when every request is answered, 15 seconds after the
/// drain began, or when `shutdown` says now. Upgraded connections are not waited for.
pub async fn serve_with(
    listener: impl Into<Listener>,
    router: Router,
    limits: Limits,
    shutdown: Shutdown,
) {
    let Listener { tcp: listener, tls, workers } = listener.into();
    let places = Arc::new(Semaphore::new(limits.connections));
    let by_network = Places::new(u32::MAX, limits.connections_per_network);
    let handshakes = Places::new(limits.handshakes, limits.handshakes_per_network);
    let builder = builder(&limits);
    let server = Arc::new(Server { router, builder, limits, by_network, tls, handshakes });
    let open = TaskTracker::new();
    let mut draining = pin!(shutdown.draining());
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut draining => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, among_all)) => match server.place(peer.ip()) {
                Ok(in_network) => {
                    server.prepare(&stream);
                    let seat = Seat::new(among_all, in_network);
                    let (server, shutdown) = (Arc::clone(&server), shutdown.clone());
                    let serve = |stream| server.accepted((stream, seat), peer, shutdown);
                    spread(workers.as_ref(), &open, stream, serve);
                }
                Err(full) => tracing::debug!(?full, "a connection was closed at once"),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(RECOVER).await;
            }
        }
    }
    drop(listener);
    open.close();
    tokio::select! {
        () = open.wait() => {}
        () = shutdown.stopping() => {}
        () = tokio::time::sleep(LINGER) => tracing::warn!("requests were cut off by the shutdown"),
    }
}

/// Serves what was accepted on one of the workers, or here.
fn spread<F>(
    workers: Option<&Workers>,
    open: &TaskTracker,
    stream: TcpStream,
    serve: impl FnOnce(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(workers) = workers else { return drop(open.spawn(serve(stream))) };
    if let Err(error) = workers.serve(open, stream, serve) {
        tracing::warn!(%error, "a connection was not served");
    }
}

struct Server {
    router: Router,
    builder: Builder<TokioExecutor>,
    limits: Limits,
    by_network: Places,
    tls: Option<Tls>,
    handshakes: Places,
}

/// A place is taken first: a connection that could not be served stays with the kernel.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

impl Server {
    /// A place among the connections of the peer's network; a proxy needs none.
    fn place(&self, peer: IpAddr) -> Result<Option<Place>, Full> {
        self.network(peer).map(|network| self.by_network.take(Some(network))).transpose()
    }

    /// Whose share of the places a peer uses up: its network's; a proxy's are nobody's.
    fn network(&self, peer: IpAddr) -> Option<Network> {
        let is_proxy = self.limits.proxies.contains(&peer.to_canonical());
        (!is_proxy).then(|| Network::of(peer))
    }

    async fn accepted(
        self: Arc<Self>,
        (stream, seat): (TcpStream, Seat),
        peer: SocketAddr,
        shutdown: Shutdown,
    ) {
        let connection = match &self.tls {
            None => Connection::plain(stream, seat),
            Some(tls) => {
                let secured = tokio::select! {
                    biased;
                    () = shutdown.draining() => return,
                    secured = self.secure(tls, stream, peer.ip()) => secured,
                };
                let Some(secured) = secured else { return };
                Connection::secured(secured, seat)
            }
        };
        self.connection(connection, peer, shutdown).await;
    }

    /// TLS on `stream`; none if the client does not get that far.
    async fn secure(
        &self,
        tls: &Tls,
        stream: TcpStream,
        peer: IpAddr,
    ) -> Option<TlsStream<TcpStream>> {
        let Ok(_place) = self.handshakes.take(self.network(peer)) else {
            tls.crowded();
            return None;
        };
        tls.shake_hands(stream, self.limits.header_timeout).await
    }

    /// Small messages go out at once, and a client that takes nothing does not stay for ever. A
    /// connection that is gone already shows it when it is read.
    fn prepare(&self, stream: &TcpStream) {
        let _gone_already = stream.set_nodelay(true);
        #[cfg(target_os = "linux")]
        {
            let socket = socket2::SockRef::from(stream);
            let _gone_already = socket.set_tcp_user_timeout(Some(self.limits.unread_timeout));
        }
    }

    async fn connection(self: Arc<Self>, stream: Connection, peer: SocketAddr, shutdown: Shutdown) {
        let activity = Activity::default();
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let open = activity.begin();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(PeerAddress(peer));
            let answer = self.router.clone().oneshot(request);
            answer.map_ok(|response| response.map(|body| Answer::new(body, open)))
        });
        let mut serving = pin!(self.builder.serve_connection_with_upgrades(stream, service));
        let Limits { header_timeout, idle_timeout, .. } = self.limits;
        let ended = tokio::select! {
            ended = &mut serving => ended,
            () = shutdown.draining() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
            // hyper's header timeout begins once it knows the HTTP version; before that it is
            // ours. It never ends an idle HTTP/2 connection, whose pings are answered.
            () = activity.ceases(header_timeout, idle_timeout) => {
                if !activity.has_begun() {
                    return;
                }
                serving.as_mut().graceful_shutdown();
                let Ok(ended) = tokio::time::timeout(LINGER, serving).await else { return };
                ended
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers)
        .max_buf_size(limits.header_bytes)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(32)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}
