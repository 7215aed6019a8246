//! Every role in one process. The services meet through the same traits as when they are apart.

mod doors;
mod stores;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use cluster::{Bus, MemoryBus};
use platform::clock::{Clock, SystemClock};
use platform::data_dir::DataDir;
use platform::health::Health;
use platform::metrics::Registry;
use platform::random::{Random, SystemRandom};
use platform::shutdown::Shutdown;
use platform::tasks::{Spawner, TokioSpawner};
use tokens::{Signer, Verifier};
use tokio::net::TcpListener;
use tracing::info;

use self::doors::Doors;
use super::apart::advertise;
use crate::cli::print;
use crate::config::Config;
use crate::discovery::{self, Processes};
use crate::keys::{self, AUDIENCE, ISSUER, TokenKeys};

/// A key we make.
type Key = kernel::Sealed<[u8; keys::BYTES]>;

/// What all roles share.
struct Ground {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    spawner: Arc<dyn Spawner>,
    registry: Registry,
    health: Health,
    data_dir: DataDir,
    seed_key: Key,
    commitment_key: Key,
    token_keys: TokenKeys,
    signer: Arc<Signer>,
    verifier: Arc<Verifier>,
}

/// Runs until told to stop; returns once everything is stored and closed.
///
/// # Errors
/// Whatever keeps a part from starting, with the part's name.
pub fn run(config: Config) -> anyhow::Result<()> {
    super::run(config, serve)
}

/// The game names its own origin where it is given one, and the gateway's where it is not.
fn game_config(config: &Config, bound: SocketAddr) -> game::Config {
    let mut game = config.game.clone();
    game.public_url.get_or_insert_with(|| config.gateway.origin(bound));
    game
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::new();
    shutdown.on_signals()?;
    let ground = Ground::open(&config)?;
    let ready = ground.health.check("waxwing");
    // Ports first: nothing runs behind an address that cannot be had.
    let listener = gateway::Listener::bind(&config.gateway, &ground.registry).await?;
    let ops = TcpListener::bind(config.ops)
        .await
        .with_context(|| format!("cannot listen on {}", config.ops))?;
    let (public_address, ops_address) = (listener.local_addr(), ops.local_addr()?);

    // The gateway and what answers operators outlive the lobbies.
    let stage = shutdown.stage();
    let operation = platform::ops::router(ground.health.clone(), ground.registry.clone());
    let operation = operation.merge(discovery::router(alone(&config, public_address, ops_address)));
    let ops_server = tokio::spawn(platform::http::serve(ops, operation, stage.clone()));

    // A key that is replaced while the process runs counts within seconds; it ends with it.
    let (signer, verifier) = (Arc::clone(&ground.signer), Arc::clone(&ground.verifier));
    let watch = ground.token_keys.clone().watch(Arc::clone(&ground.clock), signer, verifier);
    tokio::spawn(watch);
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::new());
    let (identity, wallet) = user_role(&config, &ground, &bus).await?;
    let store = ground.game_store(&config.postgres).await?;
    let game_config = game_config(&config, public_address);
    let game = game_role((game_config, store), &ground, &wallet, &bus, &shutdown).await?;

    let mut openapi = identity::openapi();
    openapi.merge(wallet::openapi());
    openapi.merge(game::openapi());
    let gateway = gateway::Server::new(
        listener,
        &config.gateway,
        gateway::Deps {
            user: Router::new().merge(identity::router(identity)).merge(wallet::router(wallet)),
            game: game::router(game.clone()),
            play: Arc::new(game.clone()),
            bus,
            verifier: Arc::clone(&ground.verifier),
            clock: Arc::clone(&ground.clock),
            random: Arc::clone(&ground.random),
            registry: ground.registry.clone(),
            currency: config.wallet.currency.clone(),
            openapi,
        },
    )?;
    let gateway = tokio::spawn(gateway.serve(stage.clone()));

    ready.pass();
    print(format_args!("ops http://{ops_address}"))?;
    let scheme = config.gateway.scheme();
    print(format_args!("docs {scheme}://{public_address}/gateway/docs/"))?;
    print(format_args!("ready {scheme}://{public_address}"))?;
    info!(address = %public_address, data = %config.data.display(), "ready");

    let mut doors = Doors { stage, gateway, ops: ops_server };
    let stood = doors.stand(&shutdown).await;
    ready.fail("draining");
    shutdown.finished().await;
    stood?;
    doors.close().await?;
    info!("stopped");
    Ok(())
}

/// This process, as whoever watches a deployment finds it.
fn alone(config: &Config, public: SocketAddr, ops: SocketAddr) -> Processes {
    let told = |bound: SocketAddr| match advertise::host(&config.internal, bound) {
        Ok(host) => format!("{host}:{}", bound.port()),
        // The machine has no name that others reach: what is bound is all there is to say.
        Err(_) => bound.to_string(),
    };
    let address = format!("{}://{}", config.gateway.scheme(), told(public));
    Processes::alone(address, told(ops))
}

/// Identity and wallet, on the database they share.
async fn user_role(
    config: &Config,
    ground: &Ground,
    bus: &Arc<dyn Bus>,
) -> anyhow::Result<(identity::Service, wallet::Service)> {
    let stores = ground.user_stores(&config.postgres).await?;
    let identity = identity::Service::start(
        config.identity.clone(),
        identity::Deps {
            store: stores.identity,
            clock: Arc::clone(&ground.clock),
            random: Arc::clone(&ground.random),
            signer: Arc::clone(&ground.signer),
            verifier: Arc::clone(&ground.verifier),
            bus: Arc::clone(bus),
            registry: ground.registry.clone(),
        },
    )
    .await
    .context("identity cannot start")?;
    let wallet = wallet::Service::start(
        config.wallet.clone(),
        wallet::Deps {
            store: stores.wallet,
            spawner: Arc::clone(&ground.spawner),
            clock: Arc::clone(&ground.clock),
            random: Arc::clone(&ground.random),
            verifier: Arc::clone(&ground.verifier),
            bus: Arc::clone(bus),
            registry: ground.registry.clone(),
        },
    )
    .await
    .context("the wallet cannot start")?;
    Ok((identity, wallet))
}

/// The lobbies, on a database of their own.
async fn game_role(
    (config, store): (game::Config, Arc<dyn game::store::Store>),
    ground: &Ground,
    wallet: &wallet::Service,
    bus: &Arc<dyn Bus>,
    shutdown: &Shutdown,
) -> anyhow::Result<game::Service> {
    let deps = game::Deps {
        store,
        spawner: Arc::clone(&ground.spawner),
        wallet: Arc::new(wallet.clone()),
        bus: Arc::clone(bus),
        clock: Arc::clone(&ground.clock),
        random: Arc::clone(&ground.random),
        verifier: Arc::clone(&ground.verifier),
        registry: ground.registry.clone(),
        seed_key: ground.seed_key.clone(),
        commitment_key: ground.commitment_key.clone(),
        shutdown: shutdown.clone(),
        health: ground.health.clone(),
    };
    game::Service::start(config, deps).await.context("the game cannot start")
}

impl Ground {
    /// Takes the data directory, and makes every key at the first start, before any database.
    fn open(config: &Config) -> anyhow::Result<Self> {
        let data_dir = DataDir::open(&config.data)?;
        let (seed_key, commitment_key) = (key(&data_dir, "seeds")?, key(&data_dir, "commitments")?);
        key(&data_dir, keys::TOKENS)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let token_keys = TokenKeys::read(data_dir.keys()?, &*clock)?;
        let signer = Arc::new(Signer::new(token_keys.signing(), ISSUER, AUDIENCE));
        let verifier = Verifier::new(token_keys.trusted(), ISSUER, AUDIENCE);
        let registry = Registry::new();
        platform::traces::start(&config.telemetry.otlp, "up", "up", &registry);
        Ok(Self {
            clock,
            random: Arc::new(SystemRandom),
            spawner: Arc::new(TokioSpawner),
            registry,
            health: Health::new(),
            data_dir,
            seed_key,
            commitment_key,
            token_keys,
            verifier: Arc::new(verifier),
            signer,
        })
    }
}

/// A key kept outside the databases, made at the first start.
fn key(data_dir: &DataDir, name: &str) -> anyhow::Result<Key> {
    let secret = data_dir.secret(name, keys::BYTES, &SystemRandom)?;
    Ok(kernel::Sealed::new(secret.expose().as_slice().try_into()?))
}

#[cfg(test)]
mod tests;
