//! A wallet that says what it is told to, and its twin over a real listener.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cluster::{Balancer, Endpoint};
use contracts::{
    Close, Closed, Fence, Fenced, Refusal, Release, Reserve, Resolve, ResolveAnswer, Wallet,
    WalletError,
};
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kernel::Amount;
use parking_lot::Mutex;
use platform::clock::{Clock, SystemClock};
use platform::random::SeededRandom;
use platform::shutdown::Shutdown;
use tokens::{ServiceSigner, ServiceVerifier, SigningKey};
use tokio::net::TcpListener;

use crate::{Access, Channel, ChannelConfig, HttpWallet, wallet_routes};

type Holds<T> = Option<Result<Vec<Result<T, Refusal>>, WalletError>>;

/// What the wallet says to each verb; to those without an answer it says nothing, ever.
#[derive(Clone, Default)]
pub(super) struct Script {
    pub(super) fence: Option<Result<Fenced, WalletError>>,
    pub(super) reserve: Holds<Amount>,
    pub(super) release: Holds<()>,
    pub(super) resolve: Holds<ResolveAnswer>,
    pub(super) close: Option<Result<Closed, WalletError>>,
}

/// What it was asked.
#[derive(Clone, Default)]
pub(super) struct Heard {
    pub(super) fence: Vec<Fence>,
    pub(super) reserve: Vec<Reserve>,
    pub(super) release: Vec<Release>,
    pub(super) resolve: Vec<Resolve>,
    pub(super) close: Vec<Close>,
}

#[derive(Default)]
struct Scripted {
    script: Mutex<Script>,
    heard: Mutex<Heard>,
}

/// The wallet's twin in another process, as far as anybody can tell.
pub(super) struct Twin {
    pub(super) afar: HttpWallet,
    wallet: Arc<Scripted>,
    address: String,
    shutdown: Shutdown,
    serving: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

async fn say<T>(answer: Option<T>) -> T {
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

#[async_trait]
impl Wallet for Scripted {
    async fn fence(&self, fence: Fence) -> Result<Fenced, WalletError> {
        self.heard.lock().fence.push(fence);
        let answer = self.script.lock().fence.clone();
        say(answer).await
    }

    async fn reserve(
        &self,
        holds: &[Reserve],
    ) -> Result<Vec<Result<Amount, Refusal>>, WalletError> {
        self.heard.lock().reserve.extend(holds);
        let answer = self.script.lock().reserve.clone();
        say(answer).await
    }

    async fn release(&self, holds: &[Release]) -> Result<Vec<Result<(), Refusal>>, WalletError> {
        self.heard.lock().release.extend(holds);
        let answer = self.script.lock().release.clone();
        say(answer).await
    }

    async fn resolve(
        &self,
        holds: &[Resolve],
    ) -> Result<Vec<Result<ResolveAnswer, Refusal>>, WalletError> {
        self.heard.lock().resolve.extend(holds);
        let answer = self.script.lock().resolve.clone();
        say(answer).await
    }

    async fn close(&self, close: Close) -> Result<Closed, WalletError> {
        self.heard.lock().close.push(close);
        let answer = self.script.lock().close.clone();
        say(answer).await
    }
}

impl Twin {
    pub(super) async fn start() -> Self {
        let wallet = Arc::new(Scripted::default());
        let verifier = ServiceVerifier::new(vec![key(1).verifying_key()], "user");
        let access = Access::new(verifier, Arc::new(SystemClock::new()));
        let router = wallet_routes(Arc::clone(&wallet) as Arc<dyn Wallet>, access);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(platform::http::serve(listener, router, shutdown.clone()));
        let afar = afar(&address, key(1), "user");
        Self { afar, wallet, address, shutdown, serving: Mutex::new(Some(serving)) }
    }

    /// What the wallet says from now on.
    pub(super) fn says(&self, script: Script) {
        *self.wallet.script.lock() = script;
    }

    pub(super) fn heard(&self) -> Heard {
        self.wallet.heard.lock().clone()
    }

    /// Whoever signs with a key nobody trusts.
    pub(super) fn stranger(&self) -> HttpWallet {
        afar(&self.address, key(2), "user")
    }

    /// A service of ours that means somebody else.
    pub(super) fn for_another_role(&self) -> HttpWallet {
        afar(&self.address, key(1), "game")
    }

    /// The status that a body of ours, truly signed, is answered with.
    pub(super) async fn post(&self, path: &str, body: &'static str) -> StatusCode {
        let now_s = SystemClock::new().unix_ms().div_euclid(1_000);
        let token = ServiceSigner::new(key(1), "test").token("user", now_s);
        let request = Request::post(format!("{}{path}", self.address))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Full::new(Bytes::from_static(body.as_bytes())))
            .unwrap();
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        client.request(request).await.unwrap().status()
    }

    pub(super) async fn stop(&self) {
        self.shutdown.stop();
        let serving = self.serving.lock().take();
        serving.unwrap().await.unwrap();
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::generate([seed; 32])
}

fn afar(address: &str, key: SigningKey, role: &'static str) -> HttpWallet {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let balancer = Balancer::new(Arc::clone(&clock), Arc::new(SeededRandom::new(1)));
    balancer.know(&[Endpoint { instance: "user-1".into(), address: address.into() }]);
    let config = ChannelConfig { role, timeout_ms: 1_000, connect_ms: 500 };
    HttpWallet::new(Channel::new(config, balancer, ServiceSigner::new(key, "game-1"), clock))
}
