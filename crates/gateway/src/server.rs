//! The public listener: bound first, so that the port is known before anything is wired to it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use cluster::Bus;
use contracts::Play;
use platform::clock::Clock;
use platform::config::InvalidConfig;
use platform::http::{Door, Tls, Workers};
use platform::metrics::Registry;
use platform::random::Random;
use platform::shutdown::Shutdown;
use realtime::{CloseCode, Hub, SessionHandler};
use tokens::Verifier;
use tokio::net::TcpListener;

use crate::balances::Balances;
use crate::feed::{self, Feeds};
use crate::limits::{Limits, Players};
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::play::Owners;
use crate::sockets::{Proof, Sockets};
use crate::state::App;
use crate::upstream::{InProcess, Upstream};
use crate::{Config, docs, headers, routes};

/// What the gateway stands in front of, and what it is made of.
pub struct Deps {
    /// Identity and wallet: `/user/v1/…`.
    pub user: Router,
    /// Lobbies and rounds: `/game/v1/…`.
    pub game: Router,
    /// The owners of the lobbies.
    pub play: Arc<dyn Play>,
    /// Their pictures.
    pub bus: Arc<dyn Bus>,
    /// Trusts the keys that sign players' tokens.
    pub verifier: Arc<Verifier>,
    /// Time; the clock of the process that plays the lobbies, for stamps.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Where metrics are shown.
    pub registry: Registry,
    /// The currency of every balance.
    pub currency: String,
    /// The documents of the roles, merged.
    pub openapi: utoipa::openapi::OpenApi,
}

/// The public address, taken. What needs to know it is made next, then a [`Server`] of both.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Tls>,
    workers: Option<Workers>,
    local_addr: SocketAddr,
}

/// The gateway, ready to serve.
pub struct Server {
    listener: Listener,
    router: Router,
    hub: Hub,
    limits: platform::http::Limits,
}

/// Why there is no public door.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The certificate or its key cannot be served.
    #[error(transparent)]
    Tls(InvalidConfig),
    /// The address cannot be had.
    #[error("cannot listen on {0}")]
    Address(SocketAddr, #[source] io::Error),
}

impl Listener {
    /// Binds `config.listen`, with the certificate that `config.tls` names, if any.
    ///
    /// # Errors
    /// [`StartError`]; what is wrong with the certificate is told by its field.
    pub async fn bind(config: &Config, registry: &Registry) -> Result<Self, StartError> {
        let tls = config.tls.files().map(|(certificate, key)| {
            let opened = Tls::open(certificate, key, registry);
            opened.map_err(|invalid| StartError::Tls(invalid.within("gateway.tls")))
        });
        let tls = tls.transpose()?;
        let refused = |error| StartError::Address(config.listen, error);
        let tcp = TcpListener::bind(config.listen).await.map_err(refused)?;
        let local_addr = tcp.local_addr().map_err(refused)?;
        Ok(Self { tcp, tls, workers: None, local_addr })
    }

    /// Serves players' connections on `workers`, in place of the runtime that the server is on.
    #[must_use]
    pub fn on(self, workers: Workers) -> Self {
        Self { workers: Some(workers), ..self }
    }

    /// The address bound, its port never 0.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }
}

impl Server {
    /// Puts the gateway behind a port already bound.
    ///
    /// # Errors
    /// If the OpenAPI document cannot be written.
    pub fn new(listener: Listener, config: &Config, deps: Deps) -> io::Result<Self> {
        let (router, hub) = assemble(config, deps)?;
        Ok(Self { listener, router, hub, limits: config.connection_limits() })
    }

    /// The address bound, its port never 0.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr
    }

    /// Serves until `shutdown` drains; then sockets are told and closed, and open requests get
    /// their answers, for 15 seconds at most.
    pub async fn serve(self, shutdown: Shutdown) {
        let Self { listener, router, hub, limits } = self;
        platform::http::warn_if_files_are_few(limits.connections);
        let told = async {
            shutdown.draining().await;
            hub.close_all(CloseCode::Restart);
        };
        let Listener { tcp, tls, workers, .. } = listener;
        let watched = tls.clone().map(|tls| tokio::spawn(tls.watch()));
        let listener = platform::http::Listener::from(tcp).secured(tls).on(workers);
        let served = platform::http::serve_with(listener, router, limits, shutdown.clone());
        tokio::join!(told, served);
        if let Some(watch) = watched {
            watch.abort();
        }
    }
}

/// The public router, and the hub of its sockets.
pub(crate) fn assemble(config: &Config, deps: Deps) -> io::Result<(Router, Hub)> {
    let Deps { user, game, play, bus, verifier, clock, random, registry, .. } = deps;
    let (currency, openapi) = (deps.currency, deps.openapi);
    let metrics = Metrics::register(&registry);
    let socket_metrics = realtime::Metrics::default();
    socket_metrics.register(&registry);

    let hub = Hub::open(socket_metrics, config.sockets.delivery)?;
    let owners = Owners::new(play, Arc::clone(&clock), config.play_patience_ms);
    let quiet = Duration::from_millis(config.feed_quiet_ms);
    // From before the first socket on.
    let notices = bus.notices();
    let user: Arc<dyn Upstream> = Arc::new(InProcess::new(user, "user"));
    let game: Arc<dyn Upstream> = Arc::new(InProcess::new(game, "game"));
    let feeds = Feeds::new(feed::Parts {
        hub: hub.clone(),
        bus,
        owners: owners.clone(),
        game: Arc::clone(&game),
        metrics: metrics.clone(),
        quiet,
        visit_ms: config.feed_visit_ms,
    });
    let balances = Balances::new(hub.clone(), Arc::clone(&user));
    let listener = Notices {
        hub: hub.clone(),
        feeds: feeds.clone(),
        balances: balances.clone(),
        verifier: Arc::clone(&verifier),
        currency,
        metrics: metrics.clone(),
    };
    tokio::spawn(listener.listen(notices));
    let proof = Proof::new(Arc::clone(&verifier), Arc::clone(&clock));
    let door = Door::new(&*random, &registry).drawing_traces();
    let players = Players::new(Arc::clone(&verifier), Arc::clone(&clock));
    let limits = Arc::new(Limits::new(config, &*random, players, metrics.clone()));
    let handler = Sockets {
        hub: hub.clone(),
        feeds,
        owners,
        proof,
        balances,
        clock: Arc::clone(&clock),
        random,
        metrics,
    };
    let handler: Arc<dyn SessionHandler> = Arc::new(handler);
    let socket_io =
        realtime::socket_io(Arc::clone(&handler), &hub, &config.sockets, Arc::clone(&clock));
    let plain = realtime::plain(handler, &hub, &config.sockets, clock);

    let app = App {
        user,
        game,
        openapi: serde_json::to_vec(&docs::merge(openapi)).map_err(io::Error::other)?.into(),
        verifier,
    };
    let router = routes::public(app, socket_io.merge(plain), &door, &limits);
    let is_secured = config.tls.files().is_some();
    Ok((if is_secured { router.layer(from_fn(headers::over_tls)) } else { router }, hub))
}
