//! Servers of others that stand on axum.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Serves `router` on a free port, small frames at once.
pub(crate) fn serve(runtime: &Runtime, router: Router) -> io::Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // A connection that is gone already shows it when it is read.
        let _gone_already = stream.set_nodelay(true);
    });
    runtime.spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}
