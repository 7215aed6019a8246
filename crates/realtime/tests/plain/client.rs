//! Clients: one by tokio-tungstenite, one that writes the bytes by hand.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const PATIENCE: Duration = Duration::from_secs(20);

/// A foreign client.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::shake(address, &[]).await.unwrap()
    }

    /// Connects with these headers changed, or says how it was refused.
    pub(crate) async fn shake(
        address: SocketAddr,
        changed: &[(&'static str, &str)],
    ) -> Result<Self, Box<Response<Option<Vec<u8>>>>> {
        let url = format!("ws://{address}/gateway/game/v1/ws");
        let mut request = url.into_client_request().unwrap();
        let good = [("sec-websocket-protocol", "waxwing.v1")];
        for (name, value) in good.iter().chain(changed) {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, answer)) => {
                assert_eq!(answer.headers()["sec-websocket-protocol"], "waxwing.v1");
                assert!(!answer.headers().contains_key("sec-websocket-extensions"));
                Ok(Self(socket))
            }
            Err(Error::Http(response)) => Err(response),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects and joins a lobby.
    pub(crate) async fn joined(address: SocketAddr, lobby: u64) -> Self {
        let mut socket = Self::open(address).await;
        socket.send(&format!(r#"{{"type":"join","id":1,"lobby_id":{lobby}}}"#)).await;
        assert_eq!(socket.next().await, r#"{"type":"reply","id":1}"#);
        assert_eq!(socket.next().await, r#"{"type":"snapshot"}"#);
        socket
    }

    pub(crate) async fn send(&mut self, json: &str) {
        self.0.send(Message::text(json)).await.unwrap();
    }

    pub(crate) async fn send_any(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(crate) async fn message(&mut self) -> Option<Message> {
        let message = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
        message.map(|message| message.unwrap_or_else(|error| panic!("{error}")))
    }

    /// The next text.
    pub(crate) async fn next(&mut self) -> String {
        loop {
            match self.message().await {
                Some(Message::Text(text)) => return text.to_string(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn hears_nothing(&mut self) {
        let message = tokio::time::timeout(Duration::from_millis(100), self.0.next()).await;
        assert!(message.is_err(), "{message:?}");
    }

    /// Reads until the server closes: its code and reason. The connection must end, too.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        let close = loop {
            match self.message().await {
                Some(Message::Close(Some(CloseFrame { code, reason }))) => {
                    break (code.into(), reason.to_string());
                }
                Some(Message::Close(None)) | None => panic!("closed without a code"),
                Some(_) => {}
            }
        };
        let end = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
        assert!(end.is_none(), "{end:?}");
        close
    }
}

/// A client that writes bytes, well formed or not.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// Shakes hands and nothing more.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    /// The same with hardly any room for what it does not read.
    pub(crate) async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        Self::over(socket.connect(address).await.unwrap()).await
    }

    async fn over(stream: TcpStream) -> Self {
        let mut socket = Self(stream);
        socket.send(&handshake()).await;
        socket.is_let_in().await;
        socket
    }

    /// Reads the answer to a handshake.
    pub(crate) async fn is_let_in(&mut self) {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(self.0.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    }

    /// What a half-open one leaves out.
    pub(crate) fn rest_of_handshake(bytes: usize) -> Vec<u8> {
        handshake().split_off(bytes)
    }

    /// Connects and sends the first bytes of a handshake.
    pub(crate) async fn half_open(address: SocketAddr, bytes: usize) -> Self {
        let mut socket = Self(TcpStream::connect(address).await.unwrap());
        socket.send(&handshake()[..bytes]).await;
        socket
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Sends as much as is taken.
    pub(crate) async fn flood(&mut self, bytes: &[u8]) {
        while let Ok(Ok(())) =
            tokio::time::timeout(Duration::from_millis(500), self.0.write_all(bytes)).await
        {
        }
    }

    /// One byte at a time.
    pub(crate) async fn send_slowly(&mut self, bytes: &[u8]) {
        self.0.set_nodelay(true).unwrap();
        for byte in bytes {
            self.send(&[*byte]).await;
            tokio::task::yield_now().await;
        }
    }

    /// The next frame: its first byte and its payload.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        let frame = async {
            let first = self.0.read_u8().await?;
            let length = match self.0.read_u8().await? {
                126 => usize::from(self.0.read_u16().await?),
                127 => usize::try_from(self.0.read_u64().await?).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await?;
            Ok::<_, std::io::Error>((first, payload))
        };
        tokio::time::timeout(PATIENCE, frame).await.unwrap().unwrap()
    }

    /// The next text.
    pub(crate) async fn text(&mut self) -> String {
        let (first, payload) = self.frame().await;
        assert_eq!(first, 0x81);
        String::from_utf8(payload).unwrap()
    }

    /// Reads frames until the close: its code and reason. The stream must end behind it.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            let (first, payload) = self.frame().await;
            if first == 0x88 {
                let (code, reason) = payload.split_first_chunk::<2>().unwrap();
                let reason = String::from_utf8(reason.to_vec()).unwrap();
                self.ends().await;
                return (u16::from_be_bytes(*code), reason);
            }
        }
    }

    /// Reads to the end of the stream.
    pub(crate) async fn ends(&mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _reset = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.unwrap();
    }
}

fn handshake() -> Vec<u8> {
    let lines = [
        "GET /gateway/game/v1/ws HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: waxwing.v1",
        "\r\n",
    ];
    lines.join("\r\n").into_bytes()
}

/// A frame as a client sends it, masked.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ ..126) => bytes.push(0x80 | u8::try_from(short).unwrap()),
        Ok(middle) => {
            bytes.push(0xfe);
            bytes.extend(middle.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0xff);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}
