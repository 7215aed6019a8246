//! A server with a role that answers every message in the simplest way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{BetId, LobbyId, Multiplier, PlayerId, Timestamp};
use parking_lot::Mutex;
use platform::clock::SystemClock;
use platform::shutdown::Shutdown;
use protocol::plain::Request;
use protocol::socket_io::{BetPlaced, ClientMessage, PlaceBet, ServerEvent};
use protocol::{Code, Problem};
use realtime::{Config, Hub, Metrics, Reply, Session, SessionHandler};
use serde_json::json;
use tokio::net::TcpListener;

/// A running server.
pub(crate) struct Game {
    pub(crate) address: SocketAddr,
    pub(crate) hub: Hub,
    pub(crate) metrics: Metrics,
    log: Arc<Mutex<Vec<String>>>,
    shutdown: Shutdown,
}

struct Role {
    hub: Hub,
    log: Arc<Mutex<Vec<String>>>,
}

impl Game {
    pub(crate) async fn start(config: Config) -> Self {
        config.validate().unwrap();
        let (metrics, log, shutdown) = (Metrics::default(), Arc::default(), Shutdown::new());
        let hub = Hub::new(metrics.clone());
        let role = Arc::new(Role { hub: hub.clone(), log: Arc::clone(&log) });
        let router = realtime::socket_io(role, &hub, &config, Arc::new(SystemClock::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(platform::http::serve(listener, router, shutdown.clone()));
        Self { address, hub, metrics, log, shutdown }
    }

    /// Sockets as the metric counts them.
    pub(crate) fn sockets(&self) -> i64 {
        let registry = platform::metrics::Registry::new();
        self.metrics.register(&registry);
        let text = registry.encode().unwrap();
        let line = text.lines().find(|line| line.contains(r#"sockets{dialect="socket_io"}"#));
        line.and_then(|line| line.rsplit(' ').next()).unwrap().parse().unwrap()
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
        tokio::time::timeout(Duration::from_secs(5), wait).await.unwrap();
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
        assert!(session.peer().is_some_and(|peer| peer.is_loopback()));
        if session.token().is_some_and(|token| token.expose() == "secret") {
            session.set_player(PlayerId::new(7).unwrap());
        }
        self.log.lock().push("connected".to_owned());
    }

    async fn message(&self, session: &Session, stamp: Timestamp, message: ClientMessage) -> Reply {
        assert!(stamp.as_ms() < 600_000);
        match message {
            ClientMessage::JoinRoom(join) => {
                let lobby = join.lobby.unwrap();
                self.hub.join(session, lobby);
                Reply::tell(vec![
                    ServerEvent::JoinedRoom(lobby.into()),
                    ServerEvent::Joined {
                        lobby: lobby.into(),
                        snapshot: json!({ "phase": "open" }),
                    },
                ])
            }
            ClientMessage::PlaceBet(bet) => Reply::tell(vec![placed(&bet)]),
            ClientMessage::Withdraw(withdraw) => {
                let token = withdraw.token.is_some_and(|token| token.expose() == "secret");
                if !token && session.player().is_none() {
                    return Reply::refuse(Problem::new(Code::Unauthenticated, "Invalid token"));
                }
                let player = PlayerId::new(7).unwrap().into();
                Reply::tell(vec![ServerEvent::WithdrawRequested(player)])
            }
        }
    }

    async fn ask(&self, _: &Session, _: Timestamp, _: Request) -> String {
        unreachable!("these speak Socket.IO")
    }

    async fn disconnected(&self, _: &Session) {
        self.log.lock().push("disconnected".to_owned());
    }
}

fn placed(bet: &PlaceBet) -> ServerEvent {
    ServerEvent::BetPlaced(BetPlaced {
        user_id: PlayerId::new(7).unwrap().into(),
        amount: bet.stake.into(),
        coefficient: bet.auto_cash_out.map(Into::into),
        bet_id: BetId::from_bytes([7; 16]).into(),
        lobby_id: bet.lobby.unwrap().into(),
        round: 1,
    })
}

pub(crate) fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

pub(crate) fn tick(text: &str) -> ServerEvent {
    ServerEvent::CoefficientUpdate(Multiplier::parse(text).unwrap().into())
}
