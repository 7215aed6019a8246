//! Opening, joining, finding and looking at lobbies.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use engine::Mode;
use kernel::{CurveKind, LobbyId};
use platform::http::idempotency::KeptAnswer;
use platform::http::{ApiError, AuthenticatedPlayer, Json, KeyedJson, Path};
use protocol::auth::ServiceStatus;
use protocol::idempotency::IdempotencyHeader;
use protocol::lobby::{
    LobbyLine, LobbyMode, LobbyOpened, LobbyView, OpenLobby, Visibility as Asked,
};
use protocol::wire::{WireAmount, WireLobbyId, WireStake};
use protocol::{Code, ProblemBody};

use super::{play_problem, store_problem};
use crate::pictures::open_bets::Crowd;
use crate::service::Service;
use crate::store::{KeyedOpening, LobbyRecord, NewLobby, Opened, Opening, Visibility};

/// The most lobbies one list shows.
const LISTED: u32 = 200;
/// Where the plain WebSocket lives below the origin.
const NATIVE_PATH: &str = "/gateway/game/v1/ws";

/// Joins a lobby if it exists, or makes one under the next free number.
#[utoipa::path(
    post, path = "/game/v1/lobby", tag = "game", security(("token" = [])),
    request_body = OpenLobby,
    params(IdempotencyHeader),
    responses(
        (status = OK, body = LobbyOpened),
        (status = BAD_REQUEST, description = "A wish that cannot be", body = ProblemBody),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
        (status = CONFLICT, description = "lobby_limit, idempotency_running", body = ProblemBody),
        (status = UNPROCESSABLE_ENTITY, description = "idempotency_mismatch", body = ProblemBody),
    )
)]
pub(crate) async fn open(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
    KeyedJson { idempotent, body }: KeyedJson<OpenLobby>,
) -> Result<KeptAnswer, ApiError> {
    let origin = service.inner.config.origin().to_owned();
    let join = body.lobby_id.map(|WireLobbyId(lobby)| lobby);
    let turn = service.inner.running.begin(player, idempotent.as_ref())?;
    // Most who come only join; without a key that is not worth a transaction.
    if let Some(lobby) = join
        && idempotent.is_none()
        && service.is_open(lobby).await.map_err(|error| store_problem(&error))?
    {
        service.inner.lobbies.visited(lobby);
        return Ok(KeptAnswer::ok(&opened(&origin, lobby)));
    }
    let new = NewLobby { owner: Some(player), ..wished(&service, body)? };
    let keyed = |call| KeyedOpening { player, call, origin: origin.clone() };
    let opening = Opening { join, new, limits: service.limits(), call: idempotent.map(keyed) };
    // Goes on if the caller leaves: the turn ends with the work.
    let spawner = Arc::clone(&service.inner.spawner);
    let work = spawner.run(async move {
        let outcome = service.open_lobby(opening).await;
        drop(turn);
        outcome
    });
    let outcome = work.await.map_err(|error| ApiError::internal(&error))?;
    answer(outcome.map_err(|error| store_problem(&error))?, &origin)
}

fn answer(outcome: Opened, origin: &str) -> Result<KeptAnswer, ApiError> {
    let lobby = match outcome {
        Opened::Joined(lobby) => lobby,
        Opened::Made(record) => record.lobby,
        Opened::Kept(answer) => return Ok(answer),
        Opened::Mismatch => return Err(Code::IdempotencyMismatch.into()),
        Opened::TooMany => {
            let detail = "You have as many lobbies as a player may have";
            return Err(ApiError::new(Code::LobbyLimit, detail));
        }
        Opened::TooManyContinuous => {
            let detail = "You have a lobby that plays without a pause; a player may have one";
            return Err(ApiError::new(Code::LobbyLimit, detail));
        }
    };
    Ok(KeptAnswer::ok(&opened(origin, lobby)))
}

/// A lobby as it stands, and where its sockets live.
#[utoipa::path(
    get, path = "/game/v1/lobby/{lobby_id}", tag = "game",
    params(("lobby_id" = u64, Path, description = "Which lobby")),
    responses(
        (status = OK, body = LobbyView),
        (status = NOT_FOUND, description = "unknown_lobby", body = ProblemBody),
    )
)]
pub(crate) async fn view(
    State(service): State<Service>,
    Path(lobby): Path<String>,
) -> Result<Json<LobbyView>, ApiError> {
    let lobby = lobby_id(&lobby)?;
    let snapshot = service.look(lobby, None).await.map_err(|error| play_problem(&error))?;
    let websocket_url = service.inner.config.origin().to_owned();
    Ok(Json(LobbyView { websocket_url, snapshot }))
}

/// Lobbies open to join: the busiest of those being played, then the newest.
#[utoipa::path(
    get, path = "/game/v1/lobbies", tag = "game",
    responses((status = OK, body = Vec<LobbyLine>))
)]
pub(crate) async fn list(State(service): State<Service>) -> Result<Json<Vec<LobbyLine>>, ApiError> {
    let lobbies = service.inner.store.public_lobbies(LISTED).await;
    let lobbies = lobbies.map_err(|error| store_problem(&error))?;
    let awake = service.inner.lobbies.all_awake();
    let awake = awake.iter().filter(|live| live.record.rules.visibility == Visibility::Public);
    let mut lines: Vec<LobbyLine> = awake.map(|live| line(&live.record, live.crowd())).collect();
    let played: BTreeSet<LobbyId> = lines.iter().map(|line| line.lobby_id.0).collect();
    let resting = lobbies.iter().filter(|record| !played.contains(&record.lobby));
    lines.extend(resting.map(|record| line(record, Crowd::default())));
    lines.sort_by_key(|line| (Reverse(line.bets), Reverse(line.lobby_id)));
    lines.truncate(LISTED as usize);
    Ok(Json(lines))
}

/// A lobby in the list, with who is in its round.
pub(crate) fn line(record: &LobbyRecord, crowd: Crowd) -> LobbyLine {
    LobbyLine {
        lobby_id: WireLobbyId(record.lobby),
        name: record.rules.name.clone(),
        mode: match record.rules.mode {
            Mode::Continuous => LobbyMode::Continuous,
            Mode::OnFirstBet => LobbyMode::OnFirstBet,
        },
        curve: record.rules.curve.into(),
        bets: crowd.bets,
        players: crowd.players,
        stake_sum: WireAmount(crowd.stake_sum()),
        stake_min: WireStake(record.rules.stake_min),
        stake_max: WireStake(record.rules.stake_max),
    }
}

/// Says that the game answers.
#[utoipa::path(
    get, path = "/game/v1/status", tag = "game",
    responses((status = OK, body = ServiceStatus))
)]
pub(crate) async fn status() -> Json<ServiceStatus> {
    Json(ServiceStatus::game())
}

/// A number that names no lobby is not found, whatever it looks like.
pub(super) fn lobby_id(text: &str) -> Result<LobbyId, ApiError> {
    text.parse().map_err(|_| ApiError::new(Code::UnknownLobby, "Lobby does not exist"))
}

/// Where the lobby's sockets live below `origin`.
pub(crate) fn opened(origin: &str, lobby: LobbyId) -> LobbyOpened {
    let native = origin.replacen("http", "ws", 1);
    LobbyOpened {
        lobby_id: WireLobbyId(lobby),
        websocket_url: origin.to_owned(),
        native_url: format!("{native}{NATIVE_PATH}"),
    }
}

/// The lobby that its maker asks for.
fn wished(service: &Service, wishes: OpenLobby) -> Result<NewLobby, ApiError> {
    let curve = wishes.curve.map_or(CurveKind::Exponential, Into::into);
    let mut new = NewLobby { curve, ..service.lobby_defaults(curve) };
    if let Some(name) = wishes.name {
        let length = name.chars().count();
        let blank = name.trim() != name;
        if !(1..=40).contains(&length) || name.chars().any(char::is_control) || blank {
            let rule = "must be 1 to 40 characters, none of them a control, none around it a space";
            return Err(malformed("name", rule));
        }
        new.name = name;
    }
    if let Some(betting_ms) = wishes.betting_ms {
        if !(3_000..=60_000).contains(&betting_ms) {
            return Err(malformed("betting_ms", "must be 3000 to 60000"));
        }
        new.betting_ms = betting_ms;
    }
    match wishes.mode {
        Some(LobbyMode::Continuous) => new.mode = Mode::Continuous,
        Some(LobbyMode::OnFirstBet) | None => {}
    }
    if wishes.visibility == Some(Asked::Private) {
        new.visibility = Visibility::Private;
    }
    if let Some(stake_min) = wishes.stake_min {
        new.stake_min = stake_min.0;
    }
    if let Some(stake_max) = wishes.stake_max {
        new.stake_max = stake_max.0.min(new.stake_max);
    }
    if new.stake_min > new.stake_max {
        return Err(malformed("stake_min", "must not be above the highest stake"));
    }
    Ok(new)
}

fn malformed(field: &str, reason: &str) -> ApiError {
    ApiError::new(Code::Malformed, format!("{field} {reason}"))
}
