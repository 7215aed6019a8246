//! A client of `waxwing.v1` over tokio-tungstenite, which checks what every client may rely on:
//! one answer a request, and numbers that count up by one.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::harness::Player;
use crate::harness::numbers::{text, whole};
use crate::harness::time::within;
use crate::load::socket_io::Gone;

/// Longer than hardly any round: one in a hundred climbs beyond 100x, for 77 seconds.
const LONGEST_ROUND: Duration = Duration::from_secs(150);

/// What carries a socket: TCP, or TLS on it.
pub(crate) trait Carrier: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Carrier for T {}

/// One plain socket.
pub(crate) struct Plain {
    stream: WebSocketStream<Box<dyn Carrier>>,
    next_id: u64,
    events: VecDeque<Value>,
    /// Epoch and number of the last event for everyone.
    last: Option<(u64, u64, u64)>,
}

/// A fresh bet's id.
pub(crate) fn bet_id(number: u64) -> String {
    format!("018f3c5e-0000-7000-8000-{number:012x}")
}

impl Plain {
    /// Connects to `base`, an `http://` origin.
    pub(crate) async fn connect(base: &str) -> Self {
        let address = base.strip_prefix("http://").expect("the server speaks plain HTTP");
        let stream = within("a connection", TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(Box::new(stream), address).await
    }

    /// Shakes hands over `stream` with the server at `address`.
    pub(crate) async fn over(stream: Box<dyn Carrier>, address: &str) -> Self {
        let url = format!("ws://{address}/gateway/game/v1/ws");
        let mut request = url.into_client_request().unwrap();
        let protocol = "waxwing.v1".parse().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        let (stream, response) =
            within("a websocket", client_async(request, stream)).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "waxwing.v1");
        Self { stream, next_id: 1, events: VecDeque::new(), last: None }
    }

    /// Connects, authenticates and joins; the socket and the snapshot it was told.
    pub(crate) async fn at_the_table(base: &str, player: &Player, lobby: u64) -> (Self, Value) {
        let mut socket = Self::connect(base).await;
        let known = socket.ask("authenticate", json!({ "token": player.token })).await;
        assert_eq!(whole(&known["user_id"]), player.id, "{known}");
        let snapshot = socket.join(lobby).await;
        (socket, snapshot)
    }

    /// Joins, again and again where a crowd is let in one after another; the snapshot.
    pub(crate) async fn join(&mut self, lobby: u64) -> Value {
        let mut joined = self.answer("join", json!({ "lobby_id": lobby })).await;
        while joined["code"] == "rate_limited" {
            tokio::time::sleep(Duration::from_millis(100)).await;
            joined = self.answer("join", json!({ "lobby_id": lobby })).await;
        }
        assert_eq!(whole(&joined["lobby_id"]), lobby, "{joined}");
        self.event("snapshot").await
    }

    /// The answer to a request, reply or refusal; events before it are kept.
    pub(crate) async fn answer(&mut self, kind: &str, fields: Value) -> Value {
        self.try_answer(kind, fields).await.expect("the server stays")
    }

    /// The same from a server that may die.
    ///
    /// # Errors
    /// [`Gone`]: whether it was done is unknown.
    pub(crate) async fn try_answer(&mut self, kind: &str, fields: Value) -> Result<Value, Gone> {
        let id = self.next_id;
        self.next_id += 1;
        let mut request = json!({ "type": kind, "id": id });
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.try_answer_to(&request.to_string(), id).await
    }

    /// The answer to a request as it is written, whose number is `id` or cannot be read.
    pub(crate) async fn answer_to(&mut self, request: &str, id: u64) -> Value {
        self.try_answer_to(request, id).await.expect("the server stays")
    }

    async fn try_answer_to(&mut self, request: &str, id: u64) -> Result<Value, Gone> {
        self.stream.send(Message::text(request)).await.map_err(|_| Gone)?;
        loop {
            let frame = self.frame().await?;
            if matches!(text(&frame["type"]), "reply" | "refused") {
                assert_eq!(whole(&frame["id"]), id, "{frame}");
                return Ok(frame);
            }
            self.events.push_back(frame);
        }
    }

    /// The reply to a request that must succeed.
    pub(crate) async fn ask(&mut self, kind: &str, fields: Value) -> Value {
        let answer = self.answer(kind, fields).await;
        assert_eq!(answer["type"], "reply", "{kind}: {answer}");
        answer
    }

    /// Asks and reads nothing; false once nobody listens.
    pub(crate) async fn shout(&mut self, kind: &str) -> bool {
        let request = json!({ "type": kind, "id": self.next_id });
        self.next_id += 1;
        self.stream.send(Message::text(request.to_string())).await.is_ok()
    }

    /// The code of a request that must be refused.
    pub(crate) async fn refused(&mut self, kind: &str, fields: Value) -> String {
        let answer = self.answer(kind, fields).await;
        assert_eq!(answer["type"], "refused", "{kind}: {answer}");
        assert!(!text(&answer["detail"]).is_empty(), "{answer}");
        text(&answer["code"]).to_owned()
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        self.try_next().await.expect("the server stays")
    }

    /// The same from a server that may die.
    ///
    /// # Errors
    /// [`Gone`]: there are no more.
    pub(crate) async fn try_next(&mut self) -> Result<Value, Gone> {
        match self.events.pop_front() {
            Some(event) => Ok(event),
            None => self.frame().await,
        }
    }

    /// The next event called `kind`; those before it are dropped.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        let wanted = async {
            loop {
                let event = self.next().await;
                if event["type"] == kind {
                    return event;
                }
            }
        };
        let found = tokio::time::timeout(LONGEST_ROUND, wanted).await;
        found.unwrap_or_else(|_| panic!("no {kind} in {LONGEST_ROUND:?}"))
    }

    /// The code and word the server closes with; what comes before is dropped.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            match within("the end", self.stream.next()).await {
                Some(Ok(Message::Close(Some(close)))) => {
                    return (close.code.into(), close.reason.to_string());
                }
                Some(Ok(_)) => {}
                end => panic!("no close frame but {end:?}"),
            }
        }
    }

    /// Is cut off without a word, as by a dying battery.
    pub(crate) fn vanish(self) {
        drop(self.stream);
    }

    async fn frame(&mut self) -> Result<Value, Gone> {
        loop {
            match within("a frame", self.stream.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.check(&frame, &text);
                    return Ok(frame);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                end => {
                    println!("a socket has ended: {end:?}");
                    return Err(Gone);
                }
            }
        }
    }

    /// Every event of a lobby begins with its head, and no number is left out or comes twice.
    fn check(&mut self, frame: &Value, json: &str) {
        let kind = text(&frame["type"]);
        if matches!(kind, "reply" | "refused") || frame["lobby_id"].is_null() {
            return;
        }
        let (lobby, round) = (whole(&frame["lobby_id"]), whole(&frame["round"]));
        let (epoch, seq) = (whole(&frame["epoch"]), whole(&frame["seq"]));
        let head = format!(
            r#"{{"type":"{kind}","lobby_id":{lobby},"epoch":{epoch},"seq":{seq},"round":{round},"#
        );
        assert!(json.starts_with(&head), "{json}");
        match kind {
            "bet_result" | "balance" => return,
            // An owner that was replaced shows nothing any more.
            "snapshot" => {
                let same = self.last.filter(|(last_lobby, ..)| *last_lobby == lobby);
                assert!(same.is_none_or(|(_, last_epoch, _)| epoch >= last_epoch), "{json}");
            }
            _ => {
                let last = self.last.expect("a snapshot comes first");
                assert_eq!((lobby, epoch, seq), (last.0, last.1, last.2 + 1), "{json}");
            }
        }
        self.last = Some((lobby, epoch, seq));
    }
}

/// How long until betting closes, as `event` says.
pub(crate) fn closes_in(event: &Value) -> Option<Duration> {
    (!event["closes_in_ms"].is_null()).then(|| Duration::from_millis(whole(&event["closes_in_ms"])))
}
