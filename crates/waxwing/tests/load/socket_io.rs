//! Just enough Socket.IO v5 over Engine.IO v4 and a websocket for a crowd: connect (`40`), events
//! (`42[...]`), acknowledgements (`43`), pings. The official clients are tested elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::harness::time::within;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The connection has ended; whatever was not acknowledged may or may not have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// An event as it came.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    /// The first argument, null if there was none.
    pub(crate) data: Value,
}

/// A connection to the default namespace. Dropped, it closes.
pub(crate) struct Socket {
    outbound: mpsc::UnboundedSender<String>,
    events: mpsc::UnboundedReceiver<Event>,
    waiting: Arc<Mutex<Waiting>>,
}

/// Acknowledgements that have not come yet.
#[derive(Default)]
struct Waiting {
    next: u64,
    answers: HashMap<u64, oneshot::Sender<Value>>,
}

/// What a frame asks the driver to do.
enum Step {
    Reply(&'static str),
    Event(Event),
    Acknowledge(u64, Value),
    End,
    Nothing,
}

impl Socket {
    /// Connects to `base`, an `http://` origin.
    ///
    /// # Errors
    /// [`Gone`] if the server is not there or ends the connection first.
    pub(crate) async fn connect(base: &str) -> Result<Self, Gone> {
        Self::connect_at(base, "/socket.io/?", None).await
    }

    /// Connects at `path`, which ends where the query goes on, with `auth` in the handshake.
    ///
    /// # Errors
    /// As for [`Socket::connect`].
    pub(crate) async fn connect_at(
        base: &str,
        path: &str,
        auth: Option<Value>,
    ) -> Result<Self, Gone> {
        let address = base.strip_prefix("http://").expect("the server speaks plain HTTP");
        let url = format!("ws://{address}{path}EIO=4&transport=websocket");
        let connected = within("a websocket", connect_async(url)).await;
        let (mut stream, _) = connected.map_err(|_| Gone)?;
        let auth = auth.map(|auth| auth.to_string()).unwrap_or_default();
        within("the Socket.IO handshake", greet(&mut stream, &auth)).await?;
        let (outbound, commands) = mpsc::unbounded_channel();
        let (sender, events) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        tokio::spawn(drive(stream, commands, sender, Arc::clone(&waiting)));
        Ok(Self { outbound, events, waiting })
    }

    /// Connects and joins `lobby`.
    pub(crate) async fn join(base: &str, lobby: u64) -> Result<Self, Gone> {
        let socket = Self::connect(base).await?;
        let answer = socket.call("joinRoom", json!({ "lobby_id": lobby.to_string() })).await?;
        assert_eq!(answer, json!(format!("Joined room: {lobby}")));
        Ok(socket)
    }

    /// Sends an event and asks for its acknowledgement, which the caller may await later.
    pub(crate) fn ask(&self, name: &str, data: &Value) -> oneshot::Receiver<Value> {
        self.ask_text(name, &data.to_string())
    }

    /// The same for data that no JSON value holds.
    pub(crate) fn ask_text(&self, name: &str, data: &str) -> oneshot::Receiver<Value> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap();
        let id = waiting.next;
        waiting.next += 1;
        waiting.answers.insert(id, sender);
        // If the driver has ended, the receiver is told so when `waiting` is emptied or dropped.
        if self.outbound.send(format!("42{id}[{},{data}]", json!(name))).is_err() {
            waiting.answers.clear();
        }
        receiver
    }

    /// Sends an event and awaits its acknowledgement.
    ///
    /// # Errors
    /// [`Gone`]: the outcome is unknown.
    pub(crate) async fn call(&self, name: &str, data: Value) -> Result<Value, Gone> {
        within(name, self.ask(name, &data)).await.map_err(|_| Gone)
    }

    /// The next event; `None` if there is none within `limit`.
    ///
    /// # Errors
    /// [`Gone`]: the connection has ended and everything that came was handed out.
    pub(crate) async fn event(&mut self, limit: Duration) -> Result<Option<Event>, Gone> {
        match tokio::time::timeout(limit, self.events.recv()).await {
            Ok(Some(event)) => Ok(Some(event)),
            Ok(None) => Err(Gone),
            Err(_) => Ok(None),
        }
    }

    /// The next event named `name`; others before it are dropped.
    pub(crate) async fn until(&mut self, name: &str) -> Result<Value, Gone> {
        let found = async {
            while let Some(event) = self.events.recv().await {
                if event.name == name {
                    return Ok(event.data);
                }
            }
            Err(Gone)
        };
        within(name, found).await
    }
}

/// Engine.IO opens (`0`), we connect to the default namespace (`40`), the server agrees (`40`).
/// The first ping may come in between; a client that does not answer it is closed.
async fn greet(stream: &mut Stream, auth: &str) -> Result<(), Gone> {
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else { continue };
        if text == "2" {
            stream.send(Message::text("3")).await.map_err(|_| Gone)?;
        } else if text.starts_with('0') {
            stream.send(Message::text(format!("40{auth}"))).await.map_err(|_| Gone)?;
        } else if text.starts_with("40") {
            return Ok(());
        }
    }
    Err(Gone)
}

/// Moves frames until either side has had enough.
async fn drive(
    stream: Stream,
    mut commands: mpsc::UnboundedReceiver<String>,
    events: mpsc::UnboundedSender<Event>,
    waiting: Arc<Mutex<Waiting>>,
) {
    let (mut sink, mut source) = stream.split();
    loop {
        let reply = tokio::select! {
            command = commands.recv() => match command {
                Some(text) => Message::text(text),
                None => break,
            },
            frame = source.next() => match frame.map(|frame| frame.map(|message| step(&message))) {
                Some(Ok(Step::Reply(text))) => Message::text(text),
                Some(Ok(Step::Event(event))) => {
                    // A client that has dropped its events may still wait for an answer.
                    events.send(event).ok();
                    continue;
                }
                Some(Ok(Step::Acknowledge(id, value))) => {
                    let answer = waiting.lock().unwrap().answers.remove(&id);
                    answer.map(|answer| answer.send(value));
                    continue;
                }
                Some(Ok(Step::Nothing)) => continue,
                Some(Ok(Step::End) | Err(_)) | None => break,
            },
        };
        if sink.send(reply).await.is_err() {
            break;
        }
    }
    // First the door is closed, then those who wait are told: nobody can come in between.
    drop(commands);
    waiting.lock().unwrap().answers.clear();
}

/// Reads one frame.
fn step(message: &Message) -> Step {
    let Message::Text(text) = message else { return Step::Nothing };
    let text = text.as_str();
    if text == "2" {
        return Step::Reply("3");
    }
    if text == "1" || text.starts_with("41") || text.starts_with("44") {
        return Step::End;
    }
    let Some(packet) = text.strip_prefix('4') else { return Step::Nothing };
    let Some(start) = packet.find('[') else { return Step::Nothing };
    let (head, body) = packet.split_at(start);
    let arguments: Vec<Value> = serde_json::from_str(body).expect("a server sends JSON");
    let mut arguments = arguments.into_iter();
    let first = arguments.next().unwrap_or_default();
    match head.split_at(1) {
        ("2", _) => {
            let name = first.as_str().expect("an event has a name").to_owned();
            Step::Event(Event { name, data: arguments.next().unwrap_or_default() })
        }
        ("3", id) => Step::Acknowledge(id.parse().expect("an acknowledgement has an id"), first),
        _ => Step::Nothing,
    }
}
