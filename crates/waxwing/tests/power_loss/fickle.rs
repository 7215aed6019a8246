//! Players of our own protocol who take most of their bets back and put money in between.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use kernel::Stake;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::notes::Notes;
use crate::harness::time::{PATIENCE, within};
use crate::harness::{Player, Random};
use crate::load::book::{Book, Placed};
use crate::load::socket_io::Gone;

/// One such player at one lobby.
pub(crate) struct Fickle {
    pub(crate) player: Player,
    pub(crate) lobby: u64,
    pub(crate) book: Arc<Book>,
    pub(crate) notes: Arc<Notes>,
    pub(crate) random: Random,
}

/// A plain socket that may end at any instant.
struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: u64,
    /// The round of the last event.
    round: u64,
}

impl Fickle {
    /// Plays at `base` until the server is gone; says how often it bet.
    pub(crate) async fn play(mut self, base: String) -> u32 {
        let mut bets = 0;
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        let Ok(mut socket) = Socket::open(&base, &self.player, self.lobby).await else { return 0 };
        loop {
            if self.top_up(&client, &base).await.is_err()
                || self.bet_and_repent(&mut socket).await.is_err()
            {
                return bets;
            }
            bets += 1;
        }
    }

    /// Puts money in; what was not answered before comes first, under its old key.
    async fn top_up(&self, client: &reqwest::Client, base: &str) -> Result<(), Gone> {
        let next = self.notes.next_top_up(self.player.id);
        let request = client
            .put(format!("{base}/gateway/user/v1/balance"))
            .bearer_auth(&self.player.token)
            .header("idempotency-key", next.key())
            .header("content-type", "application/json")
            .body(json!({ "ammount": next.text() }).to_string());
        let status = request.send().await.map_err(|_| Gone)?.status().as_u16();
        match status {
            200 => self.notes.topped_up(&next),
            503 => {}
            other => panic!("{next:?} was answered {other}"),
        }
        Ok(())
    }

    async fn bet_and_repent(&mut self, socket: &mut Socket) -> Result<(), Gone> {
        let (bet_id, cents) = (self.random.bet_id(), self.random.between(1, 500));
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let (lobby, round) = (self.lobby, socket.round);
        let bet = json!({
            "lobby_id": lobby, "round": round, "bet_id": bet_id, "stake": amount,
        });
        let answer = socket.ask("place_bet", bet).await?;
        if answer["type"] != "reply" {
            return socket.listen(Duration::from_millis(self.random.between(20, 300))).await;
        }
        self.book.note(Placed {
            player: self.player.id,
            bet_id: bet_id.clone(),
            lobby,
            round,
            stake: Stake::parse(&amount).unwrap(),
            auto_cash_out: None,
        });
        if self.random.between(0, 3) == 0 {
            return Ok(());
        }
        socket.listen(Duration::from_millis(self.random.between(0, 150))).await?;
        let bet = json!({ "lobby_id": lobby, "round": round, "bet_id": bet_id });
        let answer = socket.ask("cancel_bet", bet).await?;
        if answer["type"] == "reply" {
            self.notes.cancelled(self.player.id, &bet_id);
        }
        Ok(())
    }
}

impl Socket {
    async fn open(base: &str, player: &Player, lobby: u64) -> Result<Self, Gone> {
        let address = base.strip_prefix("http://").expect("the server speaks plain HTTP");
        let url = format!("ws://{address}/gateway/game/v1/ws");
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", "waxwing.v1".parse().unwrap());
        let connected = within("a websocket", connect_async(request)).await;
        let (stream, _) = connected.map_err(|_| Gone)?;
        let mut socket = Self { stream, next_id: 1, round: 1 };
        let known = socket.ask("authenticate", json!({ "token": player.token })).await?;
        assert_eq!(known["type"], "reply", "{known}");
        let joined = socket.ask("join", json!({ "lobby_id": lobby })).await?;
        assert_eq!(joined["type"], "reply", "{joined}");
        Ok(socket)
    }

    /// The answer to a request, reply or refusal.
    async fn ask(&mut self, kind: &str, fields: Value) -> Result<Value, Gone> {
        let id = self.next_id;
        self.next_id += 1;
        let mut request = json!({ "type": kind, "id": id });
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.stream.send(Message::text(request.to_string())).await.map_err(|_| Gone)?;
        loop {
            let frame = within(kind, self.frame()).await?;
            if frame["id"] == id {
                return Ok(frame);
            }
        }
    }

    /// Takes events as they come for `time`.
    async fn listen(&mut self, time: Duration) -> Result<(), Gone> {
        let until = crate::harness::time::now() + time;
        loop {
            let left = until.saturating_duration_since(crate::harness::time::now());
            match tokio::time::timeout(left, self.frame()).await {
                Ok(Ok(_)) => {}
                Ok(Err(gone)) => return Err(gone),
                Err(_) => return Ok(()),
            }
        }
    }

    async fn frame(&mut self) -> Result<Value, Gone> {
        loop {
            let Some(Ok(message)) = self.stream.next().await else { return Err(Gone) };
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).expect("a server sends JSON");
            if let (false, Some(round)) = (frame["seq"].is_null(), frame["round"].as_u64()) {
                self.round = round;
            }
            return Ok(frame);
        }
    }
}
