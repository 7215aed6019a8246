//! A plain socket that outlives nothing: whatever goes wrong with it is told as [`Gone`].

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::asking::patient;
use crate::harness::time::now;
use crate::load::socket_io::Gone;

/// One plain socket.
pub(crate) struct Wire {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: u64,
    events: VecDeque<Value>,
}

impl Wire {
    /// Connects to `base`, an `http://` origin.
    ///
    /// # Errors
    /// [`Gone`]: nobody is there.
    pub(crate) async fn connect(base: &str) -> Result<Self, Gone> {
        let address = base.strip_prefix("http://").expect("the server speaks plain HTTP");
        let url = format!("ws://{address}/gateway/game/v1/ws");
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", "waxwing.v1".parse().unwrap());
        let (stream, _) = patient(connect_async(request)).await?.map_err(|_| Gone)?;
        Ok(Self { stream, next_id: 1, events: VecDeque::new() })
    }

    /// The answer to a request; events before it are kept.
    ///
    /// # Errors
    /// [`Gone`]: it may or may not have been done.
    pub(crate) async fn ask(&mut self, kind: &str, fields: Value) -> Result<Value, Gone> {
        patient(self.ask_at_length(kind, fields)).await?
    }

    /// Sends a request and does not wait.
    ///
    /// # Errors
    /// [`Gone`]: it may or may not have been sent.
    pub(crate) async fn send(&mut self, kind: &str, fields: Value) -> Result<u64, Gone> {
        let id = self.next_id;
        self.next_id += 1;
        let mut request = json!({ "type": kind, "id": id });
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.raw(Message::text(request.to_string())).await?;
        Ok(id)
    }

    /// Sends any frame.
    ///
    /// # Errors
    /// [`Gone`]: nobody is there any more.
    pub(crate) async fn raw(&mut self, frame: Message) -> Result<(), Gone> {
        patient(self.stream.send(frame)).await?.map_err(|_| Gone)
    }

    /// The next event; `None` if there is none within `limit`.
    ///
    /// # Errors
    /// [`Gone`]: there will be none.
    pub(crate) async fn event(&mut self, limit: Duration) -> Result<Option<Value>, Gone> {
        if let Some(event) = self.events.pop_front() {
            return Ok(Some(event));
        }
        let until = now() + limit;
        loop {
            let left = until.saturating_duration_since(now());
            match tokio::time::timeout(left, self.frame()).await {
                Err(_) => return Ok(None),
                // The answer to a request that nobody waits for any more.
                Ok(Ok(frame)) if is_answer(&frame) => {}
                Ok(frame) => return frame.map(Some),
            }
        }
    }

    async fn ask_at_length(&mut self, kind: &str, fields: Value) -> Result<Value, Gone> {
        let id = self.send(kind, fields).await?;
        loop {
            let frame = self.frame().await?;
            if !is_answer(&frame) {
                self.events.push_back(frame);
            } else if frame["id"] == id {
                return Ok(frame);
            }
        }
    }

    async fn frame(&mut self) -> Result<Value, Gone> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("a server sends JSON"));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return Err(Gone),
            }
        }
    }
}

fn is_answer(frame: &Value) -> bool {
    frame["type"] == "reply" || frame["type"] == "refused"
}
