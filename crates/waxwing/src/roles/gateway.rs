//! The public door as a process of its own. It owns nothing: any gateway serves any lobby.

use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::uri::Scheme;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use clients::{Forwarding, HttpLobbies, HttpPlay, proxy};
use cluster::Bus;
use contracts::{Play, PlayError, PlayRefusal};
use kernel::LobbyId;
use platform::http::{ApiError, Workers};
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
    super::run(config, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let ground = Ground::open(&config, Role::Gateway).await?;
    let users = ground.channel(Role::User, &ground.users)?;
    let games = ground.channel(Role::Game, &ground.games)?;
    // Held to the end of this function: what ends on them ends before they do.
    let workers = Workers::start(available_parallelism()?.get()).context("threads")?;
    let listener = gateway::Listener::bind(&config.gateway, &ground.registry).await?;
    let listener = listener.on(workers.clone());
    let bound = listener.local_addr();
    ground.needs("user", &ground.users);
    ground.needs("game", &ground.games);
    let verifier = ground.verifier(users.clone());

    let origin = config.gateway.origin(bound);
    let is_secured = origin.starts_with("https:") || config.gateway.tls.files().is_some();
    let scheme = if is_secured { Scheme::HTTPS } else { Scheme::HTTP };
    let forwarding = Forwarding { repeatable: gateway::is_repeatable, scheme };
    let nodes = (games.clone(), ground.games.clone());
    let views = Views {
        play: Arc::new(HttpPlay::new(nodes.0.clone(), nodes.1.clone())),
        lobbies: HttpLobbies::new(nodes.0, nodes.1, Arc::clone(&ground.clock)),
        origin: config.game.public_url.clone().unwrap_or(origin),
        game: proxy(games, ground.games.clone(), forwarding.clone()),
    };
    let user = proxy(users, ground.users.clone(), forwarding);
    let mut openapi = identity::openapi();
    openapi.merge(wallet::openapi());
    openapi.merge(game::openapi());
    let deps = gateway::Deps {
        user,
        play: Arc::clone(&views.play),
        game: views.router(),
        bus: Arc::clone(&ground.bus) as Arc<dyn Bus>,
        verifier,
        clock: Arc::clone(&ground.clock),
        random: Arc::clone(&ground.random),
        registry: ground.registry.clone(),
        currency: config.wallet.currency.clone(),
        openapi,
    };
    let gateway = gateway::Server::new(listener, &config.gateway, deps)?;
    // Who knocks before keys and roles are known waits at the door: any answer would be wrong.
    if !ground.all_there(&["waxwing"]).await {
        return ground.close().await;
    }
    let door = Shutdown::new();
    let mut server = tokio::spawn(gateway.serve(door.clone()));
    let announcement = ground.announce(&config, bound).await?;
    tokio::select! {
        biased;
        () = ground.shutdown.draining() => {}
        ended = &mut server => return Err(apart::fell(ended, "the public listener")),
    }
    ground.ready.fail("draining");
    drop(announcement);
    door.drain();
    tokio::select! {
        ended = &mut server => ended.context("the public listener")?,
        () = ground.shutdown.stopping() => door.stop(),
    }
    ground.close().await
}

/// What lobbies are looked at with.
#[derive(Clone)]
struct Views {
    play: Arc<dyn Play>,
    lobbies: HttpLobbies,
    origin: String,
    game: Router,
}

async fn list(State(views): State<Views>, request: Request) -> Response {
    match views.lobbies.list().await {
        Some(list) => ([(CONTENT_TYPE, "application/json")], list).into_response(),
        None => views.ask_any(request).await,
    }
}

async fn view(State(views): State<Views>, request: Request) -> Response {
    let lobby = request.uri().path().rsplit('/').next().and_then(|text| text.parse().ok());
    let Some(lobby) = lobby else { return views.ask_any(request).await };
    match views.see(lobby).await {
        Ok(seen) => axum::Json(seen).into_response(),
        // What is not played may have been, and any node knows.
        Err(PlayError::Refused(PlayRefusal::UnknownLobby)) => views.ask_any(request).await,
        // That it is on its way from one node to the next says nothing against any of them.
        Err(_) => ApiError::unavailable().into_response(),
    }
}

impl Views {
    /// The game, but what one node alone knows is asked of that node, and what all know of all.
    fn router(self) -> Router {
        let game = self.game.clone();
        Router::new()
            .route("/game/v1/lobby/{lobby}", get(view))
            .route("/game/v1/lobbies", get(list))
            .with_state(self)
            .fallback_service(game)
    }

    /// Any node says why there is no answer.
    async fn ask_any(self, request: Request) -> Response {
        match self.game.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    async fn see(&self, lobby: LobbyId) -> Result<Map<String, Value>, PlayError> {
        let json = self.play.snapshot(lobby, None).await?;
        let snapshot = serde_json::from_slice::<Map<String, Value>>(&json);
        let snapshot = snapshot.map_err(|error| {
            tracing::error!(%error, lobby.id = %lobby, "a snapshot cannot be read");
            PlayError::Unavailable
        })?;
        let mut seen = Map::new();
        seen.insert("websocket_url".to_owned(), self.origin.clone().into());
        seen.extend(snapshot);
        Ok(seen)
    }
}
