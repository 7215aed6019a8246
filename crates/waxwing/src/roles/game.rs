//! Lobbies and rounds as a process of their own: any number of nodes share one database, each
//! lobby is played by one of them.

use std::sync::Arc;

use anyhow::Context as _;
use clients::{HttpWallet, play_routes};
use cluster::Bus;
use contracts::Play;
use platform::http::Door;
use platform::shutdown::Shutdown;

use super::apart::{self, Ground, STREAMS_END};
use crate::config::Config;
use crate::keys::{self, COMMITMENTS, Role, SEEDS};
use crate::schemas;

/// Runs until told to stop; returns once every lobby is handed over or stored.
///
/// # Errors
/// What is missing, or keeps a part from starting.
pub fn run(config: Config) -> anyhow::Result<()> {
    super::run(config, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let url = apart::database(config.postgres.game.as_ref(), "game")?;
    let ground = Ground::open(&config, Role::Game).await?;
    let seed_key = keys::secret(&ground.keys, SEEDS)?;
    let commitment_key = keys::secret(&ground.keys, COMMITMENTS)?;
    let users = ground.channel(Role::User, &ground.users)?;
    let gateways = ground.access(&[Role::Gateway])?;
    let listener = apart::listener(config.internal.listen).await?;
    let bound = listener.local_addr()?;
    ground.needs("user", &ground.users);
    let verifier = ground.verifier(users.clone());
    let sessions = config.postgres.sessions;
    let Some(pool) = ground.pool(&url, schemas::GAME_POSTGRES, sessions).await? else {
        return ground.close().await;
    };
    // The wallet is asked before the first lobby opens, and tokens are read from the first call.
    if !ground.all_there(&["waxwing"]).await {
        return ground.close().await;
    }
    let mut settings = config.game.clone();
    settings.public_url = settings.public_url.or_else(|| config.gateway.public_url.clone());
    let deps = game::Deps {
        store: Arc::new(game::store::PostgresStore::new(pool)),
        spawner: Arc::clone(&ground.spawner),
        wallet: Arc::new(HttpWallet::new(users)),
        bus: Arc::clone(&ground.bus) as Arc<dyn Bus>,
        clock: Arc::clone(&ground.clock),
        random: Arc::clone(&ground.random),
        verifier,
        registry: ground.registry.clone(),
        seed_key,
        commitment_key,
        shutdown: ground.shutdown.clone(),
        health: ground.health.clone(),
    };
    let game = game::Service::start(settings, deps).await.context("the game cannot start")?;
    let play: Arc<dyn Play> = Arc::new(game.clone());
    let public = gateways.clone().guard_public(game::router(game));
    let public = Door::new(&*ground.random, &ground.registry).before(public);
    // Of two routers that are merged the second says what is not found: the one before which a
    // gateway stands.
    let router = play_routes(play, Arc::clone(&ground.clock), gateways).merge(public);

    let door = Shutdown::new();
    let mut server = apart::serve(listener, router, &door);
    let announcement = ground.announce(&config, bound).await?;
    let fell = tokio::select! {
        biased;
        () = ground.shutdown.draining() => None,
        ended = &mut server => Some(ended),
    };
    ground.ready.fail("draining");
    if let Some(ended) = fell {
        // Nobody cashes out through a door that fell: open bets are paid by what is durable.
        ground.shutdown.stop();
        ground.shutdown.finished().await;
        return Err(apart::fell(ended, "the internal listener"));
    }
    // Until then players cash out here.
    ground.shutdown.finished().await;
    drop(announcement);
    door.drain();
    tokio::time::sleep(STREAMS_END).await;
    door.stop();
    server.await.context("the internal listener")?;
    ground.close().await
}
