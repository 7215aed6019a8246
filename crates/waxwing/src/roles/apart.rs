//! What every process of a deployment of many stands on: keys, NATS, and who else is there.

pub(super) mod advertise;
pub(super) mod checks;
pub(super) mod sign_ins;
mod signatures;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use axum::Router;
use clients::{Access, Channel, ChannelConfig};
use cluster::{Announcement, Balancer, Endpoint, NatsBus, NatsDirectory, Process};
use kernel::Sealed;
use platform::clock::{Clock, SystemClock};
use platform::config::Redacted;
use platform::data_dir::KeyDir;
use platform::health::{Check, Health};
use platform::http::Limits;
use platform::metrics::Registry;
use platform::postgres::{Pool, Schema, StoreError};
use platform::random::{Random, SystemRandom, array};
use platform::shutdown::Shutdown;
use platform::tasks::{Spawner, TokioSpawner};
use tokens::{ServiceSigner, ServiceVerifier, Verifier, VerifyingKey};
use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinHandle};
use tracing::info;

use crate::cli::print;
use crate::config::Config;
use crate::discovery::{self, Processes};
use crate::internal;
use crate::keys::{self, AUDIENCE, ISSUER, Role};

use signatures::RoleKeys;

/// How long a call to another role may take in all, and its connection, in milliseconds.
const CALL_MS: (u64, u64) = (2_000, 500);
/// How soon a database or a name that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(500);
/// How soon keys of services are read again.
const KEYS: Duration = Duration::from_secs(2);
/// How soon what a process needs is looked for again.
const LOOK: Duration = Duration::from_millis(50);
/// How long a process that leaves may still be called, by whoever has not heard of it.
pub(super) const LEAVE: Duration = Duration::from_millis(2_600);
/// How long streams that never end by themselves are waited for.
pub(super) const STREAMS_END: Duration = Duration::from_millis(500);
/// Calls of contracts at once on the one connection between two processes.
const STREAMS: u32 = 8_192;
/// Connections to one process: a gateway has one for each call that it hands on, 4,096 at most.
const CONNECTIONS: usize = 32_768;
/// Headers of a call and their bytes: those that a client may send, and those the gateway adds.
const HEADERS: (usize, usize) = (100, 32 * 1_024);

/// What all roles share.
pub(super) struct Ground {
    pub(super) role: Role,
    pub(super) instance: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) spawner: Arc<dyn Spawner>,
    pub(super) registry: Registry,
    pub(super) health: Health,
    pub(super) shutdown: Shutdown,
    pub(super) ready: Check,
    pub(super) keys: KeyDir,
    pub(super) bus: Arc<NatsBus>,
    /// Who answers for the user role, and who for the game.
    pub(super) users: Balancer,
    pub(super) games: Balancer,
    directory: NatsDirectory,
    ops: Ops,
}

/// What answers operators, for as long as the process lives.
struct Ops {
    bound: SocketAddr,
    stage: Shutdown,
    server: JoinHandle<()>,
}

/// The address of a database that the role cannot do without.
pub(super) fn database(url: Option<&Redacted>, name: &str) -> anyhow::Result<Sealed<String>> {
    let url = url.with_context(|| {
        let variable = format!("WAXWING_POSTGRES__{}", name.to_ascii_uppercase());
        format!("postgres.{name} is not set: give the address of the {name} database ({variable})")
    })?;
    Ok(Sealed::new(url.expose().to_owned()))
}

impl Ground {
    /// Opens the ops listener, and begins to look for the others.
    pub(super) async fn open(config: &Config, role: Role) -> anyhow::Result<Self> {
        let nats = config.internal.nats.as_ref().context(
            "internal.nats is not set: give the address of NATS (WAXWING_INTERNAL__NATS), by \
             which processes find each other",
        )?;
        let keys = KeyDir::existing(&config.data).with_context(|| {
            format!("no keys in {}; `waxwing keys make` makes them", config.data.display())
        })?;
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let (registry, health) = (Registry::new(), Health::new());
        let ready = health.check("waxwing");
        let processes = Processes::default();
        let ops = Ops::open(config, &health, &registry, &processes).await?;
        let nats = Sealed::new(nats.expose().to_owned());
        let bus = Arc::new(NatsBus::connect(&nats, &registry).await?);
        let signatures = RoleKeys::open(&keys, role)?;
        let directory = NatsDirectory::new(&bus, Arc::clone(&clock), signatures);
        let balancer = || Balancer::new(Arc::clone(&clock), Arc::clone(&random));
        let (users, games) = (balancer(), balancer());
        let mut instance = format!("{}-", role.name());
        instance.extend(array::<6>(&*random).iter().map(|byte| format!("{byte:02x}")));
        platform::traces::start(&config.telemetry.otlp, role.name(), &instance, &registry);
        let ground = Self {
            role,
            instance,
            clock,
            random,
            spawner: Arc::new(TokioSpawner),
            registry,
            health,
            shutdown,
            ready,
            keys,
            bus,
            users,
            games,
            directory,
            ops,
        };
        ground.look_for_others(processes);
        Ok(ground)
    }

    fn look_for_others(&self, processes: Processes) {
        let directory = self.directory.clone();
        let (users, games) = (self.users.clone(), self.games.clone());
        let known = move |all: Vec<Process>| {
            for (role, balancer) in [(Role::User, &users), (Role::Game, &games)] {
                let of_role = all.iter().filter(|process| process.role == role.name());
                let endpoints: Vec<Endpoint> =
                    of_role.map(|process| process.endpoint.clone()).collect();
                balancer.know(&endpoints);
            }
            processes.know(all);
        };
        tokio::spawn(async move { directory.follow(known).await });
        checks::reached(&self.health, "nats", Arc::clone(&self.bus));
    }

    /// The way to the instances that `balancer` knows, which answer for `role`.
    pub(super) fn channel(&self, role: Role, balancer: &Balancer) -> anyhow::Result<Channel> {
        let signer = ServiceSigner::new(keys::service_key(&self.keys, self.role)?, &*self.instance);
        let (timeout_ms, connect_ms) = CALL_MS;
        let config = ChannelConfig { role: role.name(), timeout_ms, connect_ms };
        Ok(Channel::new(config, balancer.clone(), signer, Arc::clone(&self.clock)))
    }

    /// Lets processes of `callers` call this one. Their public keys are read again and again, so
    /// that a new one is believed here before anybody signs with it.
    pub(super) fn access(&self, callers: &'static [Role]) -> anyhow::Result<Access> {
        let trusted = trusted(&self.keys, callers)?;
        let verifier = ServiceVerifier::new(trusted, self.role.name());
        let (keys, believes) = (self.keys.clone(), verifier.clone());
        let read = move || self::trusted(&keys, callers);
        tokio::spawn(keep_reading(read, move |keys| believes.trust(keys)));
        Ok(Access::new(verifier, Arc::clone(&self.clock)))
    }

    /// Believes what the user role says of players' tokens; nothing until it was asked.
    pub(super) fn verifier(&self, users: Channel) -> Arc<Verifier> {
        let verifier = Arc::new(Verifier::new(Vec::new(), ISSUER, AUDIENCE));
        let source = Arc::new(clients::HttpSignIns::new(users));
        let check = self.health.check("tokens");
        let (clock, believes) = (Arc::clone(&self.clock), Arc::clone(&verifier));
        tokio::spawn(sign_ins::follow(source, believes, clock, check));
        verifier
    }

    /// Fails the check `name` for as long as nobody whom `balancer` knows is there.
    pub(super) fn needs(&self, name: &'static str, balancer: &Balancer) {
        checks::somebody(&self.health, name, balancer.clone());
    }

    /// The database at `url`, waited for until it answers; none if the process shall end first.
    pub(super) async fn pool(
        &self,
        url: &Sealed<String>,
        schemas: &[Schema],
        sessions: usize,
    ) -> anyhow::Result<Option<Pool>> {
        let check = self.health.check("database");
        let shown = self.registry.register_answers(self.role.name());
        loop {
            match Pool::open(url, schemas, sessions).await {
                Ok(pool) => {
                    checks::answers(check, shown, pool.clone());
                    return Ok(Some(pool));
                }
                Err(StoreError::Unavailable) => check.fail("the database does not answer"),
                Err(error) => return Err(error).context("the database"),
            }
            tokio::select! {
                () = self.shutdown.draining() => return Ok(None),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Waits until every check but the process' own holds; whether it does.
    pub(super) async fn all_there(&self, but: &[&str]) -> bool {
        loop {
            let checks = self.health.checks();
            let mut others = checks.iter().filter(|(name, _)| !but.contains(*name));
            if others.all(|(_, reason)| reason.is_none()) {
                return true;
            }
            tokio::select! {
                () = self.shutdown.draining() => return false,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Tells everybody that this process takes calls at `bound`, and whoever started it.
    pub(super) async fn announce(
        &self,
        config: &Config,
        bound: SocketAddr,
    ) -> anyhow::Result<Announcement> {
        let host = self.host(&config.internal, bound).await?;
        let at_ops = self.ops.bound;
        let ops = format!("{}:{}", self.host(&config.internal, at_ops).await?, at_ops.port());
        let scheme = match self.role {
            Role::Gateway => config.gateway.scheme(),
            Role::User | Role::Game => "http",
        };
        let address = format!("{scheme}://{host}:{}", bound.port());
        let endpoint = Endpoint { instance: self.instance.clone(), address };
        let role = self.role.name().to_owned();
        let process = Process { role, endpoint, ops };
        let announcement = self.directory.announce(&process).await?;
        self.ready.pass();
        print(format_args!("ops http://{at_ops}"))?;
        print(format_args!("ready {scheme}://{bound}"))?;
        info!(instance = self.instance, address = process.endpoint.address, "ready");
        Ok(announcement)
    }

    /// The host that others are told for what is bound to `bound`. While NATS has no name here
    /// nobody could be told anyway.
    async fn host(&self, config: &internal::Config, bound: SocketAddr) -> anyhow::Result<String> {
        loop {
            match advertise::towards_nats(config, bound).await {
                Ok(Some(own)) => return Ok(advertise::in_url(own)),
                Ok(None) => return advertise::host(config, bound),
                Err(error) => tracing::warn!(%error, "how this machine reaches NATS is not known"),
            }
            tokio::select! {
                () = self.shutdown.draining() => return advertise::host(config, bound),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Closes the ops listener, last of all.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.ops.stage.drain();
        self.ops.server.await.context("the ops listener")?;
        info!("stopped");
        Ok(())
    }
}

fn trusted(keys: &KeyDir, callers: &[Role]) -> anyhow::Result<Vec<VerifyingKey>> {
    let mut trusted = Vec::new();
    for caller in callers {
        trusted.extend(keys::trusted(keys, *caller)?);
    }
    Ok(trusted)
}

/// Hands what is read of keys of services to `take`, again and again.
async fn keep_reading<K>(read: impl Fn() -> anyhow::Result<K>, take: impl Fn(K)) {
    let mut is_read = true;
    loop {
        tokio::time::sleep(KEYS).await;
        let found = read();
        let was_read = std::mem::replace(&mut is_read, found.is_ok());
        match found {
            Ok(keys) => take(keys),
            // Those that were read before are still believed.
            Err(error) if was_read => tracing::error!(%error, "keys of services cannot be read"),
            Err(_) => {}
        }
    }
}

impl Ops {
    async fn open(
        config: &Config,
        health: &Health,
        registry: &Registry,
        processes: &Processes,
    ) -> anyhow::Result<Self> {
        let listener = listener(config.ops).await?;
        let bound = listener.local_addr()?;
        let stage = Shutdown::new();
        let router = platform::ops::router(health.clone(), registry.clone());
        let router = router.merge(discovery::router(processes.clone()));
        let server = tokio::spawn(platform::http::serve(listener, router, stage.clone()));
        Ok(Self { bound, stage, server })
    }
}

/// A listener, or the sentence that says which cannot be had.
pub(super) async fn listener(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// What it means that `what` ended though nobody told it to.
pub(super) fn fell(ended: Result<(), JoinError>, what: &str) -> anyhow::Error {
    match ended {
        Ok(()) => anyhow!("{what} ended by itself"),
        Err(error) => anyhow::Error::new(error).context(format!("{what} ended by itself")),
    }
}

/// Serves calls of other processes, which all come from few addresses.
pub(super) fn serve(listener: TcpListener, router: Router, door: &Shutdown) -> JoinHandle<()> {
    platform::http::warn_if_files_are_few(CONNECTIONS);
    let (headers, header_bytes) = HEADERS;
    let limits = Limits {
        connections: CONNECTIONS,
        connections_per_network: u32::MAX,
        headers,
        header_bytes,
        streams: STREAMS,
        ..Limits::default()
    };
    tokio::spawn(platform::http::serve_with(listener, router, limits, door.clone()))
}
