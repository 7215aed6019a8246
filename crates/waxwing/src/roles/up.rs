//! Every role in one process. The services meet through the same traits as when they are apart.

mod doors;

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use cluster::{Bus, MemoryBus};
use platform::clock::{Clock, SystemClock};
use platform::data_dir::DataDir;
use platform::health::Health;
use platform::http::idempotency;
use platform::metrics::Registry;
use platform::random::{Random, SystemRandom};
use platform::shutdown::Shutdown;
use platform::sqlite::{Reader, Writer};
use tokens::{Signer, SigningKey, Verifier};
use tokio::net::TcpListener;
use tracing::info;

use self::doors::Doors;
use crate::cli::print;
use crate::config::Config;

/// Who signs players' tokens, and for whom.
const ISSUER: &str = "waxwing";
const AUDIENCE: &str = "waxwing-players";
/// Connections that read each database.
const READERS: usize = 2;
/// Bytes of every key we make.
const KEY_BYTES: usize = 32;

/// What all roles share.
struct Ground {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    registry: Registry,
    health: Health,
    data_dir: DataDir,
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
    let writer = ground.writer("user", &[identity::SCHEMA, wallet::SCHEMA, idempotency::SCHEMA])?;
    let reader = ground.reader("user")?;
    let identity = identity::Service::start(
        config.identity.clone(),
        identity::Deps {
            writer: writer.clone(),
            reader: reader.clone(),
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
            writer,
            reader,
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
    let deps = game::Deps {
        writer: ground.writer("game", &[game::SCHEMA, idempotency::SCHEMA])?,
        reader: ground.reader("game")?,
        wallet: Arc::new(wallet.clone()),
        bus: Arc::clone(bus),
        clock: Arc::clone(&ground.clock),
        random: Arc::clone(&ground.random),
        verifier: Arc::clone(&ground.verifier),
        registry: ground.registry.clone(),
        seed_key: key(&ground.data_dir, "seeds")?,
        commitment_key: key(&ground.data_dir, "commitments")?,
        shutdown: shutdown.clone(),
        health: ground.health.clone(),
    };
    game::Service::start(config, deps).await.context("the game cannot start")
}

impl Ground {
    /// Takes the data directory, and makes the keys of tokens at the first start.
    fn open(config: &Config) -> anyhow::Result<Self> {
        let data_dir = DataDir::open(&config.data)?;
        let signing_key = SigningKey::generate(*key(&data_dir, "tokens")?.expose());
        let signer = Arc::new(Signer::new(signing_key, ISSUER, AUDIENCE));
        Ok(Self {
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            registry: Registry::new(),
            health: Health::new(),
            data_dir,
            verifier: Arc::new(signer.verifier()),
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
fn key(data_dir: &DataDir, name: &str) -> anyhow::Result<kernel::Sealed<[u8; KEY_BYTES]>> {
    let secret = data_dir.secret(name, KEY_BYTES, &SystemRandom)?;
    Ok(kernel::Sealed::new(secret.expose().as_slice().try_into()?))
}
