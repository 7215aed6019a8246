//! The library socketioxide by itself, with the settings it comes with.

use axum::Router;
use axum::serve::ListenerExt as _;
use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::{control, text};

/// Serves until the input ends.
pub(crate) fn run() -> anyhow::Result<()> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |_: SocketRef| {});
    let router = Router::new().layer(layer);
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // A connection that is gone already shows it when it is read.
        let _gone_already = stream.set_nodelay(true);
    });
    runtime.spawn(async move { axum::serve(listener, router).await });
    let event = text::event();
    control::obey(address, || {
        // Whoever does not keep up loses it, and the crowd's count shows it.
        let _slow = runtime.block_on(io.emit(text::EVENT, &event));
        Ok(())
    })
}
