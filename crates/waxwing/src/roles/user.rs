//! Players and money as a process of their own: any number of them share one database.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use clients::{sign_ins_routes, wallet_routes};
use cluster::Bus;
use contracts::Wallet;
use platform::http::Door;
use platform::shutdown::Shutdown;
use tokens::{Signer, Verifier};

use super::apart::sign_ins::Book;
use super::apart::{self, Ground, LEAVE, STREAMS_END};
use crate::config::Config;
use crate::keys::{AUDIENCE, ISSUER, Role, TokenKeys};
use crate::schemas;

/// How long other processes have to learn of a new key before it signs, in milliseconds.
const KEYS_SETTLE_MS: u64 = 5_000;

/// Runs until told to stop; what is being answered is answered.
///
/// # Errors
/// What is missing, or keeps a part from starting.
pub fn run(config: Config) -> anyhow::Result<()> {
    super::run(config, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let url = apart::database(config.postgres.user.as_ref(), "user")?;
    let ground = Ground::open(&config, Role::User).await?;
    let token_keys = TokenKeys::read(ground.keys.clone(), &*ground.clock)?;
    let signer = Arc::new(Signer::new(token_keys.signing(), ISSUER, AUDIENCE));
    let verifier = Arc::new(Verifier::new(token_keys.trusted(), ISSUER, AUDIENCE));
    let (games, all) = (ground.access(&[Role::Game])?, ground.access(&Role::CALLERS)?);
    let gateways = ground.access(&[Role::Gateway])?;
    let listener = apart::listener(config.internal.listen).await?;
    let bound = listener.local_addr()?;
    let sessions = config.postgres.sessions;
    let Some(pool) = ground.pool(&url, schemas::USER_POSTGRES, sessions).await? else {
        return ground.close().await;
    };

    let (clock, believed) = (Arc::clone(&ground.clock), Arc::clone(&verifier));
    tokio::spawn(token_keys.watch_with(clock, Arc::clone(&signer), believed, KEYS_SETTLE_MS));
    let players: Arc<dyn identity::store::Store> =
        Arc::new(identity::store::PostgresStore::new(pool.clone()));
    let clock = Arc::clone(&ground.clock);
    let book = Book::open(Arc::clone(&players), Arc::clone(&verifier), clock).await;
    let book = book.context("sign-outs cannot be read")?;
    tokio::spawn(Arc::clone(&book).keep());
    let money = wallet::store::PostgresStore::new(pool, Arc::clone(&ground.clock));
    let (identity, wallet) =
        services(&config, &ground, (players, Arc::new(money)), (signer, verifier)).await?;
    let contract: Arc<dyn Wallet> = Arc::new(wallet.clone());
    let public = Router::new().merge(identity::router(identity)).merge(wallet::router(wallet));
    let public = Door::new(&*ground.random, &ground.registry).before(gateways.guard_public(public));
    // Of routers that are merged the last says what is not found: the one before which a gateway
    // stands.
    let router = wallet_routes(contract, games).merge(sign_ins_routes(book, all)).merge(public);

    let door = Shutdown::new();
    let mut server = apart::serve(listener, router, &door);
    if ground.all_there(&["waxwing"]).await {
        let announcement = ground.announce(&config, bound).await?;
        tokio::select! {
            biased;
            () = ground.shutdown.draining() => {}
            ended = &mut server => return Err(apart::fell(ended, "the internal listener")),
        }
        ground.ready.fail("draining");
        drop(announcement);
        // Whoever has not heard of it yet is still answered.
        tokio::select! {
            () = ground.shutdown.stopping() => {}
            () = tokio::time::sleep(LEAVE) => {}
        }
    }
    door.drain();
    if ground.shutdown.is_stopping() {
        tokio::time::sleep(STREAMS_END).await;
        door.stop();
    }
    server.await.context("the internal listener")?;
    ground.close().await
}

type Stores = (Arc<dyn identity::store::Store>, Arc<dyn wallet::store::Store>);

async fn services(
    config: &Config,
    ground: &Ground,
    (players, money): Stores,
    (signer, verifier): (Arc<Signer>, Arc<Verifier>),
) -> anyhow::Result<(identity::Service, wallet::Service)> {
    let bus = Arc::clone(&ground.bus) as Arc<dyn Bus>;
    let identity = identity::Service::start(
        config.identity.clone(),
        identity::Deps {
            store: players,
            clock: Arc::clone(&ground.clock),
            random: Arc::clone(&ground.random),
            signer,
            verifier: Arc::clone(&verifier),
            bus: Arc::clone(&bus),
            registry: ground.registry.clone(),
        },
    );
    let wallet = wallet::Service::start(
        config.wallet.clone(),
        wallet::Deps {
            store: money,
            spawner: Arc::clone(&ground.spawner),
            clock: Arc::clone(&ground.clock),
            random: Arc::clone(&ground.random),
            verifier,
            bus,
            registry: ground.registry.clone(),
        },
    );
    let identity = identity.await.context("identity cannot start")?;
    Ok((identity, wallet.await.context("the wallet cannot start")?))
}
