//! Game nodes that say what they are told to, each behind a listener of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cluster::{Balancer, Endpoint};
use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, Play, PlayError, Returned,
};
use kernel::{LobbyId, PlayerId};
use parking_lot::Mutex;
use platform::clock::{Clock, ManualClock, SystemClock};
use platform::random::SeededRandom;
use platform::shutdown::Shutdown;
use tokens::{ServiceSigner, ServiceVerifier, SigningKey};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::{Access, Channel, ChannelConfig, HttpPlay, play_routes};

/// What a node says to each verb.
#[derive(Clone)]
pub(super) struct Says {
    pub(super) place_bet: Result<Accepted, PlayError>,
    pub(super) cancel_bet: Result<Returned, PlayError>,
    pub(super) cash_out: Result<Vec<CashedOut>, PlayError>,
    pub(super) snapshot: Result<Bytes, PlayError>,
    /// It hears, and never says anything.
    pub(super) is_silent: bool,
}

impl Default for Says {
    fn default() -> Self {
        Self {
            place_bet: Err(PlayError::Unavailable),
            cancel_bet: Err(PlayError::Unavailable),
            cash_out: Err(PlayError::Unavailable),
            snapshot: Err(PlayError::Unavailable),
            is_silent: false,
        }
    }
}

/// What a node was asked.
#[derive(Clone, Default)]
pub(super) struct Heard {
    pub(super) bets: Vec<BetRequest>,
    pub(super) cancels: Vec<CancelRequest>,
    pub(super) cash_outs: Vec<CashOutRequest>,
    pub(super) looks: Vec<(LobbyId, Option<PlayerId>)>,
}

#[derive(Default)]
struct Scripted {
    says: Mutex<Says>,
    heard: Mutex<Heard>,
}

impl Scripted {
    async fn say<T>(&self, answer: fn(&Says) -> Result<T, PlayError>) -> Result<T, PlayError> {
        let (is_silent, answer) = {
            let says = self.says.lock();
            (says.is_silent, answer(&says))
        };
        if is_silent { std::future::pending().await } else { answer }
    }
}

#[async_trait]
impl Play for Scripted {
    async fn place_bet(&self, bet: BetRequest) -> Result<Accepted, PlayError> {
        self.heard.lock().bets.push(bet);
        self.say(|says| says.place_bet.clone()).await
    }

    async fn cancel_bet(&self, cancel: CancelRequest) -> Result<Returned, PlayError> {
        self.heard.lock().cancels.push(cancel);
        self.say(|says| says.cancel_bet.clone()).await
    }

    async fn cash_out(&self, cash_out: CashOutRequest) -> Result<Vec<CashedOut>, PlayError> {
        self.heard.lock().cash_outs.push(cash_out);
        self.say(|says| says.cash_out.clone()).await
    }

    async fn snapshot(&self, lobby: LobbyId, player: Option<PlayerId>) -> Result<Bytes, PlayError> {
        self.heard.lock().looks.push((lobby, player));
        self.say(|says| says.snapshot.clone()).await
    }
}

/// One node.
pub(super) struct Node {
    pub(super) clock: ManualClock,
    play: Arc<Scripted>,
    address: SocketAddr,
    /// Its own, so that it can die with everything it has open.
    runtime: Option<Runtime>,
}

impl Node {
    fn start(play: Arc<Scripted>, at: &str) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind(at).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let clock = ManualClock::new();
        let verifier = ServiceVerifier::new(vec![key(1).verifying_key()], "game");
        let access = Access::new(verifier, Arc::new(SystemClock::new()));
        let owner = Arc::clone(&play) as Arc<dyn Play>;
        let router = play_routes(owner, Arc::new(clock.clone()), access);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            platform::http::serve(listener, router, Shutdown::new()).await;
        });
        Self { clock, play, address, runtime: Some(runtime) }
    }

    pub(super) fn says(&self, says: Says) {
        *self.play.says.lock() = says;
    }

    pub(super) fn heard(&self) -> Heard {
        self.play.heard.lock().clone()
    }
}

impl Drop for Node {
    /// At once, whatever is open.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// All nodes, and whoever plays at them.
pub(super) struct Nodes {
    pub(super) afar: HttpPlay,
    nodes: Vec<Node>,
}

impl Nodes {
    pub(super) fn start(count: usize) -> Self {
        let nodes: Vec<_> =
            (0..count).map(|_| Node::start(Arc::default(), "127.0.0.1:0")).collect();
        Self { afar: afar(&nodes, key(1)), nodes }
    }

    pub(super) fn at(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// How many bets were asked for, over all nodes.
    pub(super) fn asked(&self) -> usize {
        self.nodes.iter().map(|node| node.heard().bets.len()).sum()
    }

    /// Whoever signs with a key nobody trusts.
    pub(super) fn stranger(&self) -> HttpPlay {
        afar(&self.nodes, key(2))
    }

    /// The last node dies.
    pub(super) fn kill_last(&mut self) {
        self.nodes.pop();
    }

    /// The last node dies and comes back where it was.
    pub(super) async fn restart_last(&mut self) {
        let old = self.nodes.pop().unwrap();
        let (play, address) = (Arc::clone(&old.play), old.address.to_string());
        drop(old);
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        self.nodes.push(Node::start(play, &address));
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::generate([seed; 32])
}

fn afar(nodes: &[Node], key: SigningKey) -> HttpPlay {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let balancer = Balancer::new(Arc::clone(&clock), Arc::new(SeededRandom::new(1)));
    let endpoints = nodes.iter().enumerate().map(|(number, node)| Endpoint {
        instance: format!("game-{number}"),
        address: format!("http://{}", node.address),
    });
    balancer.know(&endpoints.collect::<Vec<_>>());
    let config = ChannelConfig { role: "game", timeout_ms: 1_000, connect_ms: 500 };
    let signer = ServiceSigner::new(key, "gateway-1");
    HttpPlay::new(Channel::new(config, balancer.clone(), signer, clock), balancer)
}
