//! Accepts connections, bounded in number, headers and time, until told to stop.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

use super::connection::{Connection, PeerAddress};
use crate::shutdown::Shutdown;

/// How long open requests are waited for once the server stops.
const LINGER: Duration = Duration::from_secs(15);
/// A pause after an accept failed for want of files or memory.
const RECOVER: Duration = Duration::from_millis(100);

/// What one server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections, sockets included; more wait in the kernel's queue.
    pub connections: usize,
    /// How long a client may take over a request's headers.
    pub header_timeout: Duration,
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
            header_timeout: Duration::from_secs(10),
            header_bytes: 16 * 1_024,
            headers: 64,
            streams: 128,
        }
    }
}

/// Serves `router` on `listener` until `shutdown` drains, then finishes open requests.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    serve_with(listener, router, Limits::default(), shutdown).await;
}

/// The same within other limits. Returns when every request is answered, 15 seconds after the
/// drain began, or when `shutdown` says now. Upgraded connections are not waited for.
pub async fn serve_with(listener: TcpListener, router: Router, limits: Limits, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let builder = Arc::new(builder(&limits));
    let server = Server { router, builder, patience: limits.header_timeout };
    let mut draining = pin!(shutdown.draining());
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut draining => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let connection = server.clone().connection(stream, peer, place, graceful.watcher());
                tokio::spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(RECOVER).await;
            }
        }
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = shutdown.stopping() => {}
        () = tokio::time::sleep(LINGER) => tracing::warn!("requests were cut off by the shutdown"),
    }
}

#[derive(Clone)]
struct Server {
    router: Router,
    builder: Arc<Builder<TokioExecutor>>,
    patience: Duration,
}

/// A place is taken first: a connection that could not be served stays with the kernel.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

impl Server {
    async fn connection(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        place: OwnedSemaphorePermit,
        watcher: Watcher,
    ) {
        let asked = Arc::new(AtomicBool::new(false));
        let (router, seen) = (self.router, Arc::clone(&asked));
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            seen.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(PeerAddress(peer));
            router.clone().oneshot(request)
        });
        let connection = Connection::new(stream, place);
        let serving = self.builder.serve_connection_with_upgrades(connection, service);
        let mut serving = pin!(watcher.watch(serving.into_owned()));
        // hyper's header timeout begins once it knows the HTTP version; before that it is ours.
        let ended = tokio::select! {
            ended = &mut serving => ended,
            () = tokio::time::sleep(self.patience) => {
                if !asked.load(Ordering::Relaxed) {
                    return;
                }
                serving.await
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
