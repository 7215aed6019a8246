//! Every role in one process. The services meet through the same traits as when they are apart.

mod doors;

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
use platform::sqlite::{Reader, Writer};
use platform::tasks::{Spawner, TokioSpawner};
use tokens::{Signer, Verifier};
use tokio::net::TcpListener;
use tracing::info;

use self::doors::Doors;
use crate::cli::print;
use crate::config::Config;
use crate::keys::{self, TokenKeys};
use crate::schemas;

/// Who signs players' tokens, and for whom.
const ISSUER: &str = "waxwing";
const AUDIENCE: &str = "waxwing-players";
/// Connections that read each database.
const READERS: usize = 2;
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
    platform::telemetry::init(&config.telemetry)?;
    platform::failpoint::announce()?;
    platform::planted::announce()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::new();
    shutdown.on_signals()?;
    let ground = Ground::open(&config)?;
    let ready = ground.health.check("waxwing");
    // Ports first: nothing runs behind an address that cannot be had.
    let listener = gateway::Listener::bind(&config.gateway)
        .await
        .with_context(|| format!("cannot listen on {}", config.gateway.listen))?;
    let ops = TcpListener::bind(config.ops)
        .await
        .with_context(|| format!("cannot listen on {}", config.ops))?;
    let (public_address, ops_address) = (listener.local_addr(), ops.local_addr()?);

    // The gateway and what answers operators outlive the lobbies.
    let stage = shutdown.stage();
    let operation = platform::ops::router(ground.health.clone(), ground.registry.clone());
    let ops_server = tokio::spawn(platform::http::serve(ops, operation, stage.clone()));

    // A key that is replaced while the process runs counts within seconds; it ends with it.
    let (signer, verifier) = (Arc::clone(&ground.signer), Arc::clone(&ground.verifier));
    let watch = ground.token_keys.clone().watch(Arc::clone(&ground.clock), signer, verifier);
    tokio::spawn(watch);
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::new());
    let (identity, wallet) = user_role(&config, &ground, &bus).await?;
    let mut game_config = config.game.clone();
    game_config.public_url.get_or_insert_with(|| config.gateway.origin(public_address));
    let game = game_role(game_config, &ground, &wallet, &bus, &shutdown).await?;

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
    print(format_args!("docs http://{public_address}/gateway/docs/"))?;
    print(format_args!("ready http://{public_address}"))?;
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

/// Identity and wallet, on the file they share.
async fn user_role(
    config: &Config,
    ground: &Ground,
    bus: &Arc<dyn Bus>,
) -> anyhow::Result<(identity::Service, wallet::Service)> {
    let writer = ground.writer("user", schemas::USER)?;
    let reader = ground.reader("user")?;
    let identity = identity::Service::start(
        config.identity.clone(),
        identity::Deps {
            store: Arc::new(identity::store::SqliteStore::new(writer.clone(), reader.clone())),
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
            store: Arc::new(wallet::store::SqliteStore::new(
                writer,
                reader,
                Arc::clone(&ground.clock),
            )),
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

/// The lobbies, on a file of their own.
async fn game_role(
    config: game::Config,
    ground: &Ground,
    wallet: &wallet::Service,
    bus: &Arc<dyn Bus>,
    shutdown: &Shutdown,
) -> anyhow::Result<game::Service> {
    let writer = ground.writer("game", schemas::GAME)?;
    let deps = game::Deps {
        store: Arc::new(game::store::SqliteStore::new(writer, ground.reader("game")?)),
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
        Ok(Self {
            clock,
            random: Arc::new(SystemRandom),
            spawner: Arc::new(TokioSpawner),
            registry: Registry::new(),
            health: Health::new(),
            data_dir,
            seed_key,
            commitment_key,
            token_keys,
            verifier: Arc::new(verifier),
            signer,
        })
    }

    /// The writer of `NAME.db`, its numbers shown.
    fn writer(&self, name: &str, schemas: &[platform::sqlite::Schema]) -> anyhow::Result<Writer> {
        let writer = Writer::open(self.database(name), schemas)
            .with_context(|| format!("cannot open {name}.db"))?;
        self.registry.register_writer(name, writer.metrics());
        Ok(writer)
    }

    fn reader(&self, name: &str) -> anyhow::Result<Reader> {
        Reader::open(self.database(name), READERS).with_context(|| format!("cannot read {name}.db"))
    }

    fn database(&self, name: &str) -> std::path::PathBuf {
        self.data_dir.file(&format!("{name}.db"))
    }
}

/// A key kept outside the databases, made at the first start.
fn key(data_dir: &DataDir, name: &str) -> anyhow::Result<Key> {
    let secret = data_dir.secret(name, keys::BYTES, &SystemRandom)?;
    Ok(kernel::Sealed::new(secret.expose().as_slice().try_into()?))
}
