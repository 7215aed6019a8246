//! A client of `waxwing.v1` on a real port: our handshake takes over a real stream.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Router;
use futures_util::{SinkExt as _, StreamExt as _};
use platform::shutdown::Shutdown;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct PlainClient {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: u64,
    events: VecDeque<String>,
}

impl PlainClient {
    /// Serves `router` and connects to it.
    pub(crate) async fn connect(router: &Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/gateway/game/v1/ws", listener.local_addr().unwrap());
        tokio::spawn(platform::http::serve(listener, router.clone(), Shutdown::new()));
        let mut request = url.into_client_request().unwrap();
        let protocol = protocol::plain::SUBPROTOCOL.parse().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        let (stream, _) = connect_async(request).await.unwrap();
        Self { stream, next_id: 1, events: VecDeque::new() }
    }

    /// Sends a request and waits for its answer; events before it are kept.
    pub(crate) async fn ask(&mut self, kind: &str, fields: Value) -> Value {
        serde_json::from_str(&self.ask_text(kind, fields).await).unwrap()
    }

    /// Sends a request; answers its number.
    pub(crate) async fn send(&mut self, kind: &str, fields: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let mut request = json!({ "type": kind, "id": id });
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.stream.send(Message::text(request.to_string())).await.unwrap();
        id
    }

    /// Asks, its answer as it came.
    pub(crate) async fn ask_text(&mut self, kind: &str, fields: Value) -> String {
        let id = self.send(kind, fields).await;
        loop {
            let text = self.frame().await.expect("an answer");
            let frame: Value = serde_json::from_str(&text).unwrap();
            match frame["type"].as_str() {
                Some("reply" | "refused") => {
                    assert_eq!(frame["id"], json!(id), "{text}");
                    return text;
                }
                _ => self.events.push_back(text),
            }
        }
    }

    /// The code that the request is refused with.
    pub(crate) async fn refused(&mut self, kind: &str, fields: Value) -> String {
        let refused = self.ask(kind, fields).await;
        assert_eq!(refused["type"], "refused", "{refused}");
        refused["code"].as_str().unwrap().to_owned()
    }

    /// The next event as it came.
    pub(crate) async fn event_text(&mut self) -> String {
        match self.events.pop_front() {
            Some(text) => text,
            None => self.frame().await.expect("an event"),
        }
    }

    /// The next event called `kind`; those before it are dropped.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        loop {
            let event: Value = serde_json::from_str(&self.event_text().await).unwrap();
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// Whether nothing comes for a moment.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        let heard = tokio::time::timeout(Duration::from_millis(150), self.stream.next()).await;
        self.events.is_empty() && heard.is_err()
    }

    /// The code the server closes with; events before it are dropped.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("in time") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                end => panic!("no close frame but {end:?}"),
            }
        }
    }

    /// Says goodbye.
    pub(crate) async fn leave(mut self) {
        self.stream.close(None).await.unwrap();
        while let Ok(Some(Ok(_))) = tokio::time::timeout(PATIENCE, self.stream.next()).await {}
    }

    /// The next text; none if the socket ends.
    async fn frame(&mut self) -> Option<String> {
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("in time")? {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                _ => return None,
            }
        }
    }
}
