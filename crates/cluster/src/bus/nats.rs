//! The bus between processes, over core NATS: fire and forget, in order from each publisher.
//!
//! While NATS is away pictures go nowhere and nobody waits; once it is back every listener learns
//! that it may have missed some. Subjects: `waxwing.lobby.{id}` and `waxwing.notices`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use kernel::{LobbyId, Sealed};
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use platform::metrics::Registry;
use tokio::sync::{broadcast, mpsc};

use super::{Bus, Delivery, KEPT, Subscription};
use crate::metrics::Metrics;

/// Pictures of this process that wait for the connection; past them the newest are lost.
const WAITING_MAX: usize = 8_192;

/// How soon a lost connection is tried again, each time: everybody is back within a second, so the
/// first one to be does not take the others for gone.
const RECONNECT: Duration = Duration::from_millis(500);

/// NATS cannot be used as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("NATS cannot be used: {0}")]
pub struct NatsError(String);

impl NatsError {
    pub(crate) fn new(reason: &dyn fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// The bus of many processes. Clones share it.
#[derive(Clone)]
pub struct NatsBus {
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<(Topic, Bytes)>,
}

struct Shared {
    client: Client,
    /// Who listens in this process, a subscription of NATS for each topic.
    listeners: Mutex<BTreeMap<Topic, broadcast::Sender<Delivery>>>,
}

/// What a picture or notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Lobby(LobbyId),
    Notices,
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lobby(lobby) => write!(formatter, "waxwing.lobby.{lobby}"),
            Self::Notices => formatter.write_str("waxwing.notices"),
        }
    }
}

impl NatsBus {
    /// A bus on the server at `url` (`nats://user:password@host:port`), whether or not it is there
    /// yet. Its numbers are shown in `registry`. Call it in a runtime.
    ///
    /// # Errors
    /// [`NatsError`]: the address is none.
    pub async fn connect(url: &Sealed<String>, registry: &Registry) -> Result<Self, NatsError> {
        let (told, events) = mpsc::unbounded_channel();
        let (address, options) = with_password(url)?;
        let options =
            options.name("waxwing").retry_on_initial_connect().event_callback(move |event| {
                let told = told.clone();
                async move {
                    let _the_bus_is_gone = told.send(event);
                }
            });
        let options = options.reconnect_delay_callback(|_| RECONNECT);
        // The library's error may show the address it was given.
        let refused = |error: async_nats::ConnectError| NatsError::new(&error.kind());
        let client = options.connect(address).await.map_err(refused)?;
        let metrics = Metrics::register(registry);
        let shared = Arc::new(Shared { client, listeners: Mutex::default() });
        let (outgoing, queue) = mpsc::channel(WAITING_MAX);
        tokio::spawn(send(shared.client.clone(), queue));
        tokio::spawn(watch(Arc::downgrade(&shared), events, metrics));
        Ok(Self { shared, outgoing })
    }

    /// Whether NATS is there now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared.client.connection_state() == State::Connected
    }

    /// The connection, for what else goes over it.
    pub(crate) fn client(&self) -> Client {
        self.shared.client.clone()
    }

    /// Never waits: what does not fit into the queue is lost, and all of it while NATS is away.
    fn send(&self, topic: Topic, payload: Bytes) {
        if self.is_connected() {
            let _lost = self.outgoing.try_send((topic, payload));
        }
    }

    fn listen(&self, topic: Topic) -> Subscription {
        let mut listeners = self.shared.listeners.lock();
        if let Some(sender) = listeners.get(&topic) {
            return Subscription { pictures: sender.subscribe() };
        }
        let (sender, pictures) = broadcast::channel(KEPT);
        listeners.insert(topic, sender.clone());
        tokio::spawn(forward(Arc::clone(&self.shared), topic, sender));
        Subscription { pictures }
    }
}

impl Bus for NatsBus {
    fn publish(&self, lobby: LobbyId, picture: Bytes) {
        self.send(Topic::Lobby(lobby), picture);
    }

    fn subscribe(&self, lobby: LobbyId) -> Subscription {
        self.listen(Topic::Lobby(lobby))
    }

    fn notify(&self, notice: Bytes) {
        self.send(Topic::Notices, notice);
    }

    fn notices(&self) -> Subscription {
        self.listen(Topic::Notices)
    }
}

impl fmt::Debug for NatsBus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NatsBus").field("connected", &self.is_connected()).finish()
    }
}

impl Shared {
    /// Ends a topic that nobody hears; whether it did.
    fn forget(&self, topic: Topic, sender: &broadcast::Sender<Delivery>) -> bool {
        let mut listeners = self.listeners.lock();
        let is_unheard = sender.receiver_count() == 0;
        if is_unheard {
            listeners.remove(&topic);
        }
        is_unheard
    }
}

/// The address in `url` and the options that sign in there as it says: the library reads user and
/// password of an address and sends neither.
fn with_password(url: &Sealed<String>) -> Result<(ServerAddr, ConnectOptions), NatsError> {
    // The parser's error may show what it read.
    let malformed = || NatsError::new(&"its address is not a nats:// URL");
    let address: ServerAddr = url.expose().parse().map_err(|_| malformed())?;
    let options = ConnectOptions::new();
    let Some(user) = address.username() else { return Ok((address, options)) };
    let text = |escaped: &str| {
        let bytes = percent_decode_str(escaped).decode_utf8().map_err(|_| malformed())?;
        Ok(bytes.into_owned())
    };
    let (user, password) = (text(user)?, text(address.password().unwrap_or_default())?);
    Ok((address, options.user_and_password(user, password)))
}

/// Sends what is queued. What would come late comes never: pictures are of now.
async fn send(client: Client, mut queue: mpsc::Receiver<(Topic, Bytes)>) {
    while let Some((topic, payload)) = queue.recv().await {
        if client.connection_state() != State::Connected {
            continue;
        }
        if let Err(error) = client.publish(topic.to_string(), payload).await {
            tracing::warn!(%error, %topic, "a picture was not sent");
        }
    }
}

/// Hands a topic's pictures to its listeners until there are none.
async fn forward(shared: Arc<Shared>, topic: Topic, sender: broadcast::Sender<Delivery>) {
    let subscribed = shared.client.subscribe(topic.to_string()).await;
    let Ok(mut messages) = subscribed else {
        // Only a client that was closed refuses; its listeners end with it.
        shared.listeners.lock().remove(&topic);
        return;
    };
    tokio::spawn(announce(shared.client.clone(), sender.clone()));
    loop {
        tokio::select! {
            message = messages.next() => {
                let Some(message) = message else { return };
                let _nobody_listens = sender.send(Delivery::Picture(message.payload));
            }
            () = sender.closed() => {
                if shared.forget(topic, &sender) {
                    return;
                }
            }
        }
    }
}

/// What was sent before a subscription was in force was missed.
async fn announce(client: Client, sender: broadcast::Sender<Delivery>) {
    if round_trip(&client).await.is_some() {
        let _nobody_listens = sender.send(Delivery::Lagged);
    }
}

/// Follows the connection: after each interruption all listeners may have missed something.
async fn watch(shared: Weak<Shared>, mut events: mpsc::UnboundedReceiver<Event>, metrics: Metrics) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Disconnected => {
                metrics.connected.set(0);
                tracing::warn!("NATS is away: pictures are lost until it is back");
            }
            Event::Connected => {
                metrics.connected.set(1);
                metrics.connects.inc();
                tracing::info!("NATS is there");
                let Some(client) = shared.upgrade().map(|shared| shared.client.clone()) else {
                    return;
                };
                if round_trip(&client).await.is_some() {
                    lag_all(&shared);
                }
            }
            Event::SlowConsumer(_) => lag_all(&shared),
            event => tracing::warn!(%event, "NATS"),
        }
    }
}

/// Every listener may have missed something.
fn lag_all(shared: &Weak<Shared>) {
    let Some(shared) = shared.upgrade() else { return };
    for sender in shared.listeners.lock().values() {
        let _nobody_listens = sender.send(Delivery::Lagged);
    }
}

/// Ends once the server has done all that this client had sent before; none if it was closed.
async fn round_trip(client: &Client) -> Option<()> {
    let inbox = client.new_inbox();
    let mut echo: Subscriber = client.subscribe(inbox.clone()).await.ok()?;
    client.publish(inbox, Bytes::new()).await.ok()?;
    echo.next().await.map(drop)
}

#[cfg(test)]
mod tests;
