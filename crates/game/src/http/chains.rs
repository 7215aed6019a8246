//! What was promised to whom: a lobby's seed chains, and its rounds as one file for the verifier.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kernel::LobbyId;
use platform::http::{ApiError, Json, Path, Query};
use protocol::chains::{ChainView, ExportLine};
use protocol::history::Page;
use protocol::{Code, ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;

use super::history::export;
use super::lobbies::lobby_id;
use super::store_problem;
use crate::seeds::chain_view;
use crate::service::Service;
use crate::store::{ChainRecord, LobbyRecord};

/// Rounds on a page of the export if nobody says, and at most.
const ROUNDS: (u32, u32) = (200, 1_000);
/// Rounds read at once, so that no page holds more of them than it says.
const READ: u32 = 8;
/// A page of the export ends behind the round with which it grows past so many bytes.
const BYTES: usize = 4 << 20;

/// Which part of a lobby's rounds.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// Only rounds above this number; all if absent.
    #[serde(default)]
    #[param(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    after: Option<u32>,
    /// At most so many rounds, 1 to 1,000; 200 if absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
}

/// A lobby's seed chains, newest first: what was promised, and what became of it.
#[utoipa::path(
    get, path = "/game/v1/lobby/{lobby_id}/chains", tag = "game",
    params(
        ("lobby_id" = u64, Path, description = "Which lobby"),
        ("before" = Option<u64>, Query, maximum = 4_294_967_295_u64,
         description = "Only chains older than this one"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
         description = "At most so many chains; 50 if absent"),
    ),
    responses(
        (status = OK, body = Vec<ChainView>),
        (status = BAD_REQUEST, description = "malformed", body = ProblemBody),
        (status = NOT_FOUND, description = "unknown_lobby", body = ProblemBody),
    )
)]
pub(crate) async fn chains(
    State(service): State<Service>,
    Path(lobby): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<ChainView>>, ApiError> {
    let lobby = known(&service, &lobby).await?.lobby;
    let before = page.before.as_deref().map(str::parse).transpose();
    let before =
        before.map_err(|_| ApiError::new(Code::Malformed, "before is a chain's number"))?;
    let chains = service.inner.store.chains(lobby, before, page.lines()?).await;
    let chains = chains.map_err(|error| store_problem(&error))?;
    Ok(Json(chains.iter().map(chain_view).collect()))
}

/// A lobby's rounds that are over, oldest first, as `waxwing verify --rounds` reads them: JSON
/// Lines, its chains first. Go on with `after` = the last round of the page until none comes.
#[utoipa::path(
    get, path = "/game/v1/lobby/{lobby_id}/export", tag = "game",
    params(("lobby_id" = u64, Path, description = "Which lobby"), After),
    responses(
        (status = OK, body = ExportLine, content_type = "application/x-ndjson"),
        (status = BAD_REQUEST, description = "malformed", body = ProblemBody),
        (status = NOT_FOUND, description = "unknown_lobby", body = ProblemBody),
    )
)]
pub(crate) async fn export_rounds(
    State(service): State<Service>,
    Path(lobby): Path<String>,
    Query(page): Query<After>,
) -> Result<Response, ApiError> {
    let limit = page.limit.unwrap_or(ROUNDS.0);
    if !(1..=ROUNDS.1).contains(&limit) {
        let sentence = format!("`limit` is 1 to {}", ROUNDS.1);
        return Err(ApiError::new(Code::Malformed, sentence));
    }
    let record = known(&service, &lobby).await?;
    let text = page_text(&service, &record, page.after.unwrap_or(0), limit).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response())
}

async fn page_text(
    service: &Service,
    record: &LobbyRecord,
    after: u32,
    limit: u32,
) -> Result<String, ApiError> {
    let store = &service.inner.store;
    let (mut after, mut left) = (after, limit);
    let mut chains = all_chains(service, record.lobby).await?;
    let mut rounds = String::new();
    while left > 0 && rounds.len() <= BYTES {
        let read = store.finished(record.lobby, after, left.min(READ)).await;
        let read = read.map_err(|error| store_problem(&error))?;
        let Some((last, _)) = read.last() else { break };
        after = last.round.number;
        left = left.saturating_sub(u32::try_from(read.len()).unwrap_or(u32::MAX));
        if read.iter().any(|(round, _)| !chains.contains_key(&round.chain)) {
            // It was begun since: every chain of a round that is stored is stored, too.
            chains = all_chains(service, record.lobby).await?;
        }
        for (round, bets) in &read {
            let chain = chains.get(&round.chain).ok_or(Code::NotFound)?;
            let phase = super::history::phase(service, round);
            let round = export(record, round, chain, phase, bets);
            push(&mut rounds, &ExportLine::Round(Box::new(round)))?;
            if rounds.len() > BYTES {
                break;
            }
        }
    }
    let mut text = String::new();
    for chain in chains.values() {
        push(&mut text, &ExportLine::Chain(Box::new(chain_view(chain))))?;
    }
    Ok(text + &rounds)
}

/// By their numbers, the oldest first.
async fn all_chains(
    service: &Service,
    lobby: LobbyId,
) -> Result<BTreeMap<u32, ChainRecord>, ApiError> {
    let chains = service.inner.store.chains(lobby, None, u32::MAX).await;
    let chains = chains.map_err(|error| store_problem(&error))?;
    Ok(chains.into_iter().map(|chain| (chain.chain, chain)).collect())
}

async fn known(service: &Service, lobby: &str) -> Result<LobbyRecord, ApiError> {
    let lobby = lobby_id(lobby)?;
    let found = service.inner.store.lobby(lobby).await.map_err(|error| store_problem(&error))?;
    Ok(found.ok_or(Code::UnknownLobby)?)
}

fn push(text: &mut String, line: &ExportLine) -> Result<(), ApiError> {
    let json = serde_json::to_string(line).map_err(|error| ApiError::internal(&error))?;
    text.push_str(&json);
    text.push('\n');
    Ok(())
}
