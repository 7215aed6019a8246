//! Clients by hand: Engine.IO packets over a WebSocket and over plain HTTP.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::game::Game;

const PATIENCE: Duration = Duration::from_secs(5);

/// A client that speaks the websocket transport.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects at `path` with `auth` as the handshake's payload.
    pub(crate) async fn open(game: &Game, path: &str, auth: &str) -> Self {
        let mut socket = Self::engine(game, path, 4).await;
        socket.send(&format!("40{auth}")).await;
        let connected = socket.next().await;
        assert!(connected.starts_with(r#"40{"sid":""#), "{connected}");
        socket
    }

    /// Connects as clients of the protocol before did: without asking.
    pub(crate) async fn open_eio3(game: &Game) -> Self {
        let mut socket = Self::engine(game, "/socket.io/", 3).await;
        assert_eq!(socket.next().await, "40");
        socket
    }

    /// Connects and joins a lobby.
    pub(crate) async fn joined(game: &Game, lobby: u64) -> Self {
        let mut socket = Self::open(game, "/socket.io/", "").await;
        socket.next().await;
        socket.send(&format!(r#"42["joinRoom",{{"lobby_id":{lobby}}}]"#)).await;
        assert_eq!(socket.next().await, format!(r#"42["Joined room: {lobby}"]"#));
        assert!(socket.next().await.starts_with(r#"42["joined""#));
        socket
    }

    async fn engine(game: &Game, path: &str, version: u8) -> Self {
        let mark = if path.contains('?') { '&' } else { '?' };
        let query = format!("EIO={version}&transport=websocket");
        let url = format!("ws://{}{path}{mark}{query}", game.address);
        let (stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut socket = Self(stream);
        let open = socket.next().await;
        assert!(open.starts_with(r#"0{"sid":""#), "{open}");
        assert!(open.contains(r#""maxPayload":65536"#), "{open}");
        socket
    }

    pub(crate) async fn send(&mut self, packet: &str) {
        self.0.send(Message::text(packet)).await.unwrap();
    }

    /// The next packet that is not a ping.
    pub(crate) async fn next(&mut self) -> String {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await;
            let text = message.unwrap().unwrap().unwrap().into_text().unwrap().to_string();
            if text != "2" {
                return text;
            }
        }
    }

    /// A ping is nothing: the first one comes soon after the connection, whenever there is time.
    pub(crate) async fn hears_nothing(&mut self) {
        let message = tokio::time::timeout(Duration::from_millis(100), self.next()).await;
        assert!(message.is_err(), "{message:?}");
    }

    /// Reads until the server disconnects the session.
    pub(crate) async fn hears_a_disconnect(&mut self) {
        while self.next().await != "41" {}
    }

    /// Reads until the connection ends.
    pub(crate) async fn ends(&mut self) {
        let ends = async { while let Some(Ok(_)) = self.0.next().await {} };
        tokio::time::timeout(PATIENCE, ends).await.unwrap();
    }
}

/// A client that speaks the long-polling transport.
pub(crate) struct Polling {
    client: reqwest::Client,
    url: String,
    received: VecDeque<String>,
}

impl Polling {
    pub(crate) async fn open(game: &Game, path: &str) -> Self {
        let client = reqwest::Client::new();
        let url = format!("http://{}{path}?EIO=4&transport=polling", game.address);
        let mut socket = Self { client, url, received: VecDeque::new() };
        let open = socket.next().await;
        let (_, rest) = open.split_once(r#"{"sid":""#).unwrap();
        let (sid, _) = rest.split_once('"').unwrap();
        socket.url = format!("{}&sid={sid}", socket.url);
        socket.send("40").await;
        assert!(socket.next().await.starts_with(r#"40{"sid":""#));
        socket
    }

    pub(crate) async fn send(&self, packet: &str) {
        let request = self.client.post(&self.url).body(packet.to_owned());
        let answer = request.header("content-type", "text/plain;charset=UTF-8").send().await;
        assert_eq!(answer.unwrap().text().await.unwrap(), "ok");
    }

    pub(crate) async fn next(&mut self) -> String {
        loop {
            match self.received.pop_front() {
                Some(packet) if packet == "2" => {}
                Some(packet) => return packet,
                None => self.poll().await,
            }
        }
    }

    async fn poll(&mut self) {
        let request = self.client.get(&self.url).send();
        let answer = tokio::time::timeout(PATIENCE, request).await.unwrap().unwrap();
        let body = answer.text().await.unwrap();
        self.received.extend(body.split('\u{1e}').map(str::to_owned));
    }
}
