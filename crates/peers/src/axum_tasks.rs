//! axum's own sockets, as its examples have them: a task and a receiver of a broadcast for each.

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::{control, text};

/// Texts that wait for a task at most.
const WAITING: usize = 64;

/// Serves until the input ends.
pub(crate) fn run() -> anyhow::Result<()> {
    let (sender, _) = broadcast::channel(WAITING);
    let router = Router::new().route("/", any(upgrade)).with_state(sender.clone());
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // A connection that is gone already shows it when it is read.
        let _gone_already = stream.set_nodelay(true);
    });
    runtime.spawn(async move { axum::serve(listener, router).await });
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
