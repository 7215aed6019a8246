//! The public door as a process of its own. It owns nothing: any gateway serves any lobby.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use clients::{HttpPlay, proxy};
use cluster::Bus;
use contracts::Play;
use kernel::LobbyId;
use platform::shutdown::Shutdown;
use serde_json::{Map, Value};
use tower::ServiceExt as _;

use super::apart::{self, Ground};
use crate::config::Config;
use crate::keys::Role;

/// Runs until told to stop; what is being answered is answered.
///
/// # Errors
/// What is missing, or keeps a part from starting.
pub fn run(config: Config) -> anyhow::Result<()> {
    apart::run(config, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let ground = Ground::open(&config, Role::Gateway).await?;
    let users = ground.channel(Role::User, &ground.users)?;
    let games = ground.channel(Role::Game, &ground.games)?;
    let listener = gateway::Listener::bind(&config.gateway)
        .await
        .with_context(|| format!("cannot listen on {}", config.gateway.listen))?;
    let bound = listener.local_addr();
    ground.needs("user", &ground.users);
    ground.needs("game", &ground.games);
    let verifier = ground.verifier(users.clone());

    let play: Arc<dyn Play> = Arc::new(HttpPlay::new(games.clone(), ground.games.clone()));
    let user = proxy(users, ground.users.clone(), gateway::is_repeatable);
    let game = proxy(games, ground.games.clone(), gateway::is_repeatable);
    let origin = config.game.public_url.clone();
    let origin = origin.unwrap_or_else(|| config.gateway.origin(bound));
    let mut openapi = identity::openapi();
    openapi.merge(wallet::openapi());
    openapi.merge(game::openapi());
    let deps = gateway::Deps {
        user,
        game: with_views(game, Arc::clone(&play), origin),
        play,
        bus: Arc::clone(&ground.bus) as Arc<dyn Bus>,
        verifier,
        clock: Arc::clone(&ground.clock),
        random: Arc::clone(&ground.random),
        registry: ground.registry.clone(),
        currency: config.wallet.currency.clone(),
        openapi,
    };
    let gateway = gateway::Server::new(listener, &config.gateway, deps)?;
    let door = Shutdown::new();
    let mut server = tokio::spawn(gateway.serve(door.clone()));
    if ground.all_there(&["waxwing"]).await {
        let announcement = ground.announce(&config, bound).await?;
        tokio::select! {
            biased;
            () = ground.shutdown.draining() => {}
            ended = &mut server => return ended.context("the public listener ended by itself"),
        }
        ground.ready.fail("draining");
        drop(announcement);
    }
    door.drain();
    tokio::select! {
        ended = &mut server => ended.context("the public listener")?,
        () = ground.shutdown.stopping() => door.stop(),
    }
    ground.close().await
}

/// What a lobby is looked at with.
#[derive(Clone)]
struct Views {
    play: Arc<dyn Play>,
    origin: String,
    game: Router,
}

/// `game`, but how a lobby stands is asked of the node that plays it, which alone knows.
fn with_views(game: Router, play: Arc<dyn Play>, origin: String) -> Router {
    let views = Views { play, origin, game: game.clone() };
    let view = Router::new().route("/game/v1/lobby/{lobby}", get(view)).with_state(views);
    view.fallback_service(game)
}

async fn view(State(views): State<Views>, request: Request) -> Response {
    let lobby = request.uri().path().rsplit('/').next().and_then(|text| text.parse().ok());
    if let Some(lobby) = lobby
        && let Some(seen) = views.see(lobby).await
    {
        return axum::Json(seen).into_response();
    }
    // Any node says why it cannot be seen.
    match views.game.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

impl Views {
    async fn see(&self, lobby: LobbyId) -> Option<Map<String, Value>> {
        let json = self.play.snapshot(lobby, None).await.ok()?;
        let snapshot: Map<String, Value> = serde_json::from_slice(&json).ok()?;
        let mut seen = Map::new();
        seen.insert("websocket_url".to_owned(), self.origin.clone().into());
        seen.extend(snapshot);
        Some(seen)
    }
}
