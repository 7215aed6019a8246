//! Handlers: a player's balance and statement.

use axum::extract::State;
use kernel::{Amount, RoundId};
use ledger::{FundsChange, FundsRefusal, Kind};
use platform::http::{ApiError, AuthenticatedPlayer, Json, Query};
use protocol::wallet::{
    AddToBalance, Balance, BalanceUpdated, RoundName, SetBalance, TransferKind, TransferLine,
    TransfersQuery,
};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId};
use protocol::{Code, ProblemBody};

use crate::service::{FundsError, Service};
use crate::store::{Line, StoreError};

/// Lines of a statement unless asked otherwise, and at most.
const LINES: u32 = 50;
const LINES_MAX: u32 = 500;

/// What you can stake now, and what stands on open bets.
#[utoipa::path(
    get,
    path = "/user/v1/balance",
    tag = "wallet",
    security(("token" = [])),
    responses(
        (status = OK, body = Balance),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
    )
)]
pub(crate) async fn balance(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
) -> Result<Json<Balance>, ApiError> {
    let balance = service.balance(player).await.map_err(|error| store_problem(&error))?;
    Ok(Json(Balance {
        balance: WireAmount(balance.available),
        held: WireAmount(balance.held),
        currency: service.currency().to_owned(),
    }))
}

/// Adds to what you can stake; a negative number takes out.
#[utoipa::path(
    put,
    path = "/user/v1/balance",
    tag = "wallet",
    security(("token" = [])),
    request_body = AddToBalance,
    responses(
        (status = OK, body = BalanceUpdated),
        (status = BAD_REQUEST, description = "invalid_amount, too_precise, above_max, malformed",
         body = ProblemBody),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
        (status = FORBIDDEN, description = "Players do not move money here", body = ProblemBody),
        (status = CONFLICT, description = "insufficient_funds", body = ProblemBody),
    )
)]
pub(crate) async fn add_to_balance(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
    SelfService: SelfService,
    Json(AddToBalance { ammount }): Json<AddToBalance>,
) -> Result<Json<BalanceUpdated>, ApiError> {
    service.change_funds(player, FundsChange::Add(ammount.0)).await?;
    Ok(updated())
}

/// Sets what you can stake; what stands on open bets stays as it is.
#[utoipa::path(
    post,
    path = "/user/v1/balance",
    tag = "wallet",
    security(("token" = [])),
    request_body = SetBalance,
    responses(
        (status = OK, body = BalanceUpdated),
        (status = BAD_REQUEST, description = "invalid_amount, too_precise, above_max, malformed",
         body = ProblemBody),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
        (status = FORBIDDEN, description = "Players do not move money here", body = ProblemBody),
    )
)]
pub(crate) async fn set_balance(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
    SelfService: SelfService,
    Json(SetBalance { ammount }): Json<SetBalance>,
) -> Result<Json<BalanceUpdated>, ApiError> {
    if ammount.0.is_negative() {
        return Err(ApiError::new(Code::InvalidAmount, "A balance cannot be negative"));
    }
    service.change_funds(player, FundsChange::Set(ammount.0)).await?;
    Ok(updated())
}

/// Your statement, oldest first; go on after the last `transfer_id` you have.
#[utoipa::path(
    get,
    path = "/user/v1/transfers",
    tag = "wallet",
    security(("token" = [])),
    params(TransfersQuery),
    responses(
        (status = OK, body = Vec<TransferLine>),
        (status = BAD_REQUEST, description = "malformed", body = ProblemBody),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
    )
)]
pub(crate) async fn transfers(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
    Query(query): Query<TransfersQuery>,
) -> Result<Json<Vec<TransferLine>>, ApiError> {
    let limit = query.limit.unwrap_or(LINES);
    if !(1..=LINES_MAX).contains(&limit) {
        let detail = format!("`limit` is 1 to {LINES_MAX}");
        return Err(ApiError::new(Code::Malformed, detail));
    }
    let lines = service.statement(player, query.after, limit).await;
    let lines = lines.map_err(|error| store_problem(&error))?;
    Ok(Json(lines.iter().filter_map(told).collect()))
}

/// Passes where players may move money between themselves and the cashier.
pub(crate) struct SelfService;

impl axum::extract::FromRequestParts<Service> for SelfService {
    type Rejection = ApiError;

    async fn from_request_parts(
        _: &mut axum::http::request::Parts,
        service: &Service,
    ) -> Result<Self, ApiError> {
        if service.self_service() {
            Ok(Self)
        } else {
            Err(ApiError::new(Code::Forbidden, "Balances are not changed by players here"))
        }
    }
}

fn updated() -> Json<BalanceUpdated> {
    Json(BalanceUpdated { message: "Balance updated".to_owned() })
}

/// A transfer as its player sees it; none for those that moved another account only.
fn told(line: &Line) -> Option<TransferLine> {
    let transfer = &line.transfer;
    let (kind, sign) = match transfer.kind {
        Kind::TopUp => (TransferKind::TopUp, 1),
        Kind::TakeOut => (TransferKind::TakeOut, -1),
        Kind::Stake => (TransferKind::Stake, -1),
        Kind::Payout => (TransferKind::Payout, 1),
        Kind::Release => (TransferKind::Release, 1),
        Kind::Funding | Kind::Collect => return None,
    };
    let round = transfer.lobby.zip(transfer.round);
    let round = round.map(|(lobby, number)| RoundId::new(lobby, number));
    Some(TransferLine {
        transfer_id: line.seq,
        at: line.at_ms,
        kind,
        amount: WireAmount(Amount::from_units(sign * transfer.amount.units())),
        balance: WireAmount(transfer.balance?),
        round: round.map(|id| RoundName { lobby_id: WireLobbyId(id.lobby), round: id.number }),
        bet_id: round.map(|_| WireBetId(kernel::BetId::from_bytes(transfer.reference))),
    })
}

fn store_problem(error: &StoreError) -> ApiError {
    match error {
        StoreError::Unavailable => Code::WalletUnavailable.into(),
        StoreError::Failed(_) => ApiError::internal(error),
    }
}

impl From<FundsError> for ApiError {
    fn from(error: FundsError) -> Self {
        let refusal = match error {
            FundsError::Store(error) => return store_problem(&error),
            FundsError::Refused(refusal) => refusal,
        };
        let code = match refusal {
            FundsRefusal::InsufficientFunds => Code::InsufficientFunds,
            FundsRefusal::AboveDay { .. } | FundsRefusal::AboveBalance { .. } => Code::AboveMax,
            FundsRefusal::IdReused => Code::IdempotencyMismatch,
        };
        let mut detail = refusal.to_string();
        if let Some(first) = detail.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::new(code, detail)
    }
}

#[cfg(test)]
mod tests;
