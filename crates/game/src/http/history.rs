//! What was played: a lobby's rounds, one round for the verifier, a player's own bets.
//!
//! The crash point is told from `crashed` on, the seed from `settled` or `interrupted` on: the
//! store has neither before.

use axum::extract::State;
use engine::BetState;
use fairness::hex;
use kernel::{Amount, RoundId};
use platform::http::{ApiError, Json, Path, Query};
use protocol::history::{Page, RoundLine};
use protocol::rounds::{BetState as ShownState, Phase, RoundBet, RoundExport};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};
use protocol::{Code, ProblemBody};

use super::lobbies::lobby_id;
use super::store_problem;
use crate::seeds::{anchored, commitment_view, kind};
use crate::service::Service;
use crate::store::{BetRecord, ChainRecord, LobbyRecord, RoundRecord, RoundState};

/// A lobby's rounds, newest first.
#[utoipa::path(
    get, path = "/game/v1/lobby/{lobby_id}/rounds", tag = "game",
    params(
        ("lobby_id" = u64, Path, description = "Which lobby"),
        ("before" = Option<u64>, Query, maximum = 4_294_967_295_u64,
         description = "Only rounds older than this one"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
         description = "At most so many lines; 50 if absent"),
    ),
    responses(
        (status = OK, body = Vec<RoundLine>),
        (status = NOT_FOUND, description = "unknown_lobby", body = ProblemBody),
    )
)]
pub(crate) async fn rounds(
    State(service): State<Service>,
    Path(lobby): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<RoundLine>>, ApiError> {
    let lobby = lobby_id(&lobby)?;
    let before = page.before.as_deref().map(str::parse).transpose();
    let before =
        before.map_err(|_| ApiError::new(Code::Malformed, "before is a round's number"))?;
    let store = &service.inner.store;
    let found = store.lobby(lobby).await.map_err(|error| store_problem(&error))?;
    found.ok_or(Code::UnknownLobby)?;
    let rounds = store.rounds(lobby, before, page.lines()?).await;
    let rounds = rounds.map_err(|error| store_problem(&error))?;
    Ok(Json(rounds.iter().map(|record| line(&service, record)).collect()))
}

/// One round, as `waxwing verify --round` reads it.
#[utoipa::path(
    get, path = "/game/v1/lobby/{lobby_id}/rounds/{round}", tag = "game",
    params(
        ("lobby_id" = u64, Path, description = "Which lobby"),
        ("round" = u32, Path, description = "Which of its rounds"),
    ),
    responses(
        (status = OK, body = RoundExport),
        (status = NOT_FOUND, description = "unknown_lobby, not_found", body = ProblemBody),
    )
)]
pub(crate) async fn round(
    State(service): State<Service>,
    Path((lobby, number)): Path<(String, u32)>,
) -> Result<Json<RoundExport>, ApiError> {
    let lobby = lobby_id(&lobby)?;
    let store = &service.inner.store;
    let record = store.lobby(lobby).await.map_err(|error| store_problem(&error))?;
    let record = record.ok_or(Code::UnknownLobby)?;
    let found = store.round(RoundId::new(lobby, number)).await;
    let found = found.map_err(|error| store_problem(&error))?;
    let (round, bets) = found.ok_or(Code::NotFound)?;
    let chain = store.chain(lobby, round.chain).await.map_err(|error| store_problem(&error))?;
    let chain = chain.ok_or(Code::NotFound)?;
    let phase = phase(&service, &round);
    Ok(Json(export(&record, &round, &chain, phase, &bets)))
}

/// A locked round whose climb is shown is running; the store does not tell them apart.
pub(super) fn phase(service: &Service, round: &RoundRecord) -> Phase {
    match round.state {
        RoundState::Open => Phase::Open,
        RoundState::Locked => {
            let live = service.inner.lobbies.awake(round.round.lobby);
            let runs = live.is_some_and(|live| live.is_running(round.round.number));
            if runs { Phase::Running } else { Phase::Locked }
        }
        RoundState::Crashed => Phase::Crashed,
        RoundState::Settled => Phase::Settled,
        RoundState::Voided => Phase::Voided,
        RoundState::Interrupted => Phase::Interrupted,
    }
}

fn line(service: &Service, record: &RoundRecord) -> RoundLine {
    RoundLine {
        round: record.round.number,
        state: phase(service, record),
        crash_point: record.crash_point.map(WireMultiplier),
        multiplier: record.multiplier.map(WireMultiplier),
        count: record.count,
        stake_sum: WireAmount(record.stake_sum),
        payout_sum: WireAmount(record.payout_sum),
        ended_at: record.ended_at,
    }
}

pub(super) fn export(
    lobby: &LobbyRecord,
    round: &RoundRecord,
    chain: &ChainRecord,
    state: Phase,
    bets: &[BetRecord],
) -> RoundExport {
    let over = matches!(state, Phase::Crashed | Phase::Settled | Phase::Interrupted);
    let locked = round.locked_at.is_some();
    // The accepted set once it is fixed; what a voided round had went back.
    let shown = bets.iter().filter(|bet| bet.in_round || !locked);
    RoundExport {
        lobby_id: WireLobbyId(lobby.lobby),
        round: round.round.number,
        state,
        seed_index: round.seed_index,
        house_edge_bps: chain.house_edge_bps,
        curve: lobby.rules.curve.into(),
        multiplier_max: WireMultiplier(lobby.rules.multiplier_max),
        commitment: commitment_view(chain),
        public_seed: chain.public_seed.clone(),
        public_seed_kind: kind(chain),
        anchored: anchored(chain),
        beacon_signature: chain.beacon_signature.map(|signature| hex::encode(&signature)),
        crash_point: round.crash_point.map(WireMultiplier),
        multiplier: round.multiplier.map(WireMultiplier),
        seed: round.seed.map(|seed| hex::encode(&seed)),
        interrupted_at: round
            .multiplier
            .filter(|_| round.state == RoundState::Interrupted)
            .map(WireMultiplier),
        would_have_paid: would_have_paid(round, bets).map(WireAmount),
        count: round.count,
        stake_sum: WireAmount(round.stake_sum),
        payout_sum: WireAmount(round.payout_sum),
        bets_hash: round.bets_hash.map(|hash| hex::encode(&hash)),
        bets: shown.map(|bet| round_bet(bet, over)).collect(),
        opened_at: round.opened_at,
        locked_at: round.locked_at,
        ended_at: round.ended_at,
    }
}

/// What a round that was interrupted would have paid, gross: whoever had cashed out as they did,
/// every cap up to the crash point at the cap, the others nothing. By comparing it with what was
/// paid anyone sees what an interruption was worth to the house.
pub(super) fn would_have_paid(round: &RoundRecord, bets: &[BetRecord]) -> Option<Amount> {
    let crash_point = round.crash_point.filter(|_| round.state == RoundState::Interrupted)?;
    let paid = bets.iter().filter(|bet| bet.in_round).map(|bet| match bet.state {
        // What an interruption itself pays has no instant in the climb.
        BetState::CashedOut { multiplier, stamped_ms, .. } if stamped_ms > 0 => {
            bet.stake.payout_at(multiplier)
        }
        _ if bet.cap <= crash_point => bet.stake.payout_at(bet.cap),
        _ => Amount::ZERO,
    });
    Some(paid.sum())
}

/// Targets are nobody's business before the crash.
fn round_bet(bet: &BetRecord, over: bool) -> RoundBet {
    RoundBet {
        user_id: WirePlayerId(bet.player),
        name: bet.name.clone(),
        bet_id: WireBetId(bet.bet),
        stake: WireStake(bet.stake),
        auto_cash_out: bet.auto_cash_out.filter(|_| over).map(WireMultiplier),
        state: shown_state(bet.state),
        multiplier: paid_at(bet.state),
        payout: bet.payout.map(WireAmount),
    }
}

pub(super) const fn paid_at(state: BetState) -> Option<WireMultiplier> {
    match state {
        BetState::CashedOut { multiplier, .. } => Some(WireMultiplier(multiplier)),
        _ => None,
    }
}

pub(super) const fn shown_state(state: BetState) -> ShownState {
    match state {
        BetState::Requested
        | BetState::Accepted
        | BetState::Cancelling
        | BetState::CashingOut { .. } => ShownState::Accepted,
        BetState::CashedOut { .. } => ShownState::CashedOut,
        BetState::Lost => ShownState::Lost,
        BetState::Cancelled => ShownState::Cancelled,
        BetState::Released => ShownState::Released,
    }
}
