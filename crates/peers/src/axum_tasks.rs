//! axum's own sockets, as its examples have them: a task and a receiver of a broadcast for each.

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::{by_axum, control, text};

/// Texts that wait for a task at most.
const WAITING: usize = 64;

/// Serves until the input ends.
pub(crate) fn run() -> anyhow::Result<()> {
    let (sender, _) = broadcast::channel(WAITING);
    let router = Router::new().route("/", any(upgrade)).with_state(sender.clone());
    let runtime = Runtime::new()?;
    let address = by_axum::serve(&runtime, router)?;
    control::obey(address, || {
        // Nobody is there before anybody came.
        let _listeners = sender.send(Utf8Bytes::from_static(text::PLAIN));
        Ok(())
    })
}

async fn upgrade(State(sender): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| listen(socket, sender.subscribe()))
}

/// Passes on what is broadcast until the socket ends, or misses something.
async fn listen(mut socket: WebSocket, mut texts: Receiver<Utf8Bytes>) {
    loop {
        tokio::select! {
            text = texts.recv() => {
                let Ok(text) = text else { return };
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
            heard = socket.recv() => {
                if !matches!(heard, Some(Ok(_))) {
                    return;
                }
            }
        }
    }
}
