//! The library socketioxide by itself, with the settings it comes with.

use axum::Router;
use socketioxide::SocketIo;
use socketioxide::extract::SocketRef;
use tokio::runtime::Runtime;

use crate::{by_axum, control, text};

/// Serves until the input ends.
pub(crate) fn run() -> anyhow::Result<()> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |_: SocketRef| {});
    let router = Router::new().layer(layer);
    let runtime = Runtime::new()?;
    let address = by_axum::serve(&runtime, router)?;
    let event = text::event();
    control::obey(address, || {
        // Whoever does not keep up loses it, and the crowd's count shows it.
        let _slow = runtime.block_on(io.emit(text::EVENT, &event));
        Ok(())
    })
}
