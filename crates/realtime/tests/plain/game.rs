//! A server with a role that answers every request in the simplest way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{LobbyId, PlayerId, Timestamp};
use parking_lot::Mutex;
use platform::clock::SystemClock;
use platform::http::Limits;
use platform::shutdown::Shutdown;
use protocol::plain::{Ask, Refused, Request};
use protocol::socket_io::ClientMessage;
use protocol::{Code, Problem};
use realtime::{
    Config, Dialect, Encoded, Hub, Importance, Metrics, Reply, Session, SessionHandler,
};
use tokio::net::TcpListener;

/// A running server.
pub(crate) struct Game {
    pub(crate) address: SocketAddr,
    pub(crate) hub: Hub,
    metrics: Metrics,
    log: Log,
    shutdown: Shutdown,
}

type Log = Arc<Mutex<Vec<String>>>;

struct Role {
    hub: Hub,
    log: Log,
}

impl Game {
    pub(crate) async fn start(config: Config) -> Self {
        Self::start_within(config, Limits::default()).await
    }

    pub(crate) async fn start_within(config: Config, limits: Limits) -> Self {
        config.validate().unwrap();
        let (metrics, log, shutdown) = (Metrics::default(), Log::default(), Shutdown::new());
        let hub = Hub::open(metrics.clone(), crate::DELIVERY).unwrap();
        let role = Arc::new(Role { hub: hub.clone(), log: Arc::clone(&log) });
        let router = realtime::plain(role, &hub, &config, Arc::new(SystemClock::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(platform::http::serve_with(listener, router, limits, shutdown.clone()));
        Self { address, hub, metrics, log, shutdown }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    pub(crate) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let wait = async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    }

    /// What a metric says, `closed_total{reason="slow"}` for one; 0 if it says nothing.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let registry = platform::metrics::Registry::new();
        self.metrics.register(&registry);
        let text = registry.encode().unwrap();
        let name = format!("waxwing_realtime_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Tells everyone in the lobby a JSON text.
    pub(crate) fn tell(&self, number: u64, json: &str, importance: Importance) -> usize {
        self.hub.broadcast(lobby(number), &Encoded::plain(json, importance))
    }
}

impl Drop for Game {
    fn drop(&mut self) {
        self.shutdown.stop();
    }
}

#[async_trait]
impl SessionHandler for Role {
    async fn connected(&self, session: &Session) {
        assert_eq!(session.dialect(), Dialect::Plain);
        assert!(session.peer().is_some_and(|peer| peer.is_loopback()));
        self.log.lock().push("connected".to_owned());
    }

    async fn message(&self, _: &Session, _: Timestamp, _: ClientMessage) -> Reply {
        unreachable!("nobody speaks Socket.IO here")
    }

    async fn ask(&self, session: &Session, stamp: Timestamp, request: Request) -> String {
        assert!(stamp.as_ms() < 600_000);
        let Request { id, ask } = request;
        let name = ask.name();
        match ask {
            Ask::Authenticate { token } if token.expose() != "secret" => {
                let problem = Problem::new(Code::Unauthenticated, "Invalid token");
                return Refused::new(Some(id), problem).json();
            }
            Ask::Authenticate { .. } => session.set_player(PlayerId::new(7).unwrap()),
            Ask::Join { lobby } => {
                self.hub.join(session, lobby);
                session.send_text(&format!(r#"{{"type":"reply","id":{id}}}"#));
                session.send_text(r#"{"type":"snapshot"}"#);
                return String::new();
            }
            Ask::Leave => self.hub.leave(session),
            // A wallet takes its time.
            Ask::PlaceBet { .. } => tokio::time::sleep(Duration::from_millis(100)).await,
            _ => {}
        }
        self.log.lock().push(format!("{name} {id}"));
        format!(r#"{{"type":"reply","id":{id}}}"#)
    }

    async fn disconnected(&self, _: &Session) {
        self.log.lock().push("disconnected".to_owned());
    }
}

pub(crate) fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}
