//! Handlers: a player's balance, and what moves it.

mod statement;

use axum::extract::State;
use kernel::PlayerId;
use ledger::{FundsChange, FundsRefusal};
use platform::http::idempotency::KeptAnswer;
use platform::http::{ApiError, AuthenticatedPlayer, Idempotent, Json, KeyedJson};
use protocol::idempotency::IdempotencyHeader;
use protocol::wallet::{AddToBalance, Balance, BalanceUpdated, SetBalance};
use protocol::wire::WireAmount;
use protocol::{Code, ProblemBody};

use crate::service::{Done, FundsError, Service};
use crate::store::{Keyed, StoreError};

pub(crate) use statement::{__path_transfers, transfers};

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
    params(IdempotencyHeader),
    request_body = AddToBalance,
    responses(
        (status = OK, body = BalanceUpdated),
        (status = BAD_REQUEST, description = "invalid_amount, too_precise, above_max, malformed",
         body = ProblemBody),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
        (status = FORBIDDEN, description = "Players do not move money here", body = ProblemBody),
        (status = CONFLICT, description = "insufficient_funds, idempotency_running",
         body = ProblemBody),
        (status = UNPROCESSABLE_ENTITY, description = "idempotency_mismatch", body = ProblemBody),
    )
)]
pub(crate) async fn add_to_balance(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
    SelfService: SelfService,
    KeyedJson { idempotent, body }: KeyedJson<AddToBalance>,
) -> Result<KeptAnswer, ApiError> {
    move_money(service, player, FundsChange::Add(body.ammount.0), idempotent).await
}

/// Sets what you can stake; what stands on open bets stays as it is.
#[utoipa::path(
    post,
    path = "/user/v1/balance",
    tag = "wallet",
    security(("token" = [])),
    params(IdempotencyHeader),
    request_body = SetBalance,
    responses(
        (status = OK, body = BalanceUpdated),
        (status = BAD_REQUEST, description = "invalid_amount, too_precise, above_max, malformed",
         body = ProblemBody),
        (status = UNAUTHORIZED, description = "No token, or not a valid one", body = ProblemBody),
        (status = FORBIDDEN, description = "Players do not move money here", body = ProblemBody),
        (status = CONFLICT, description = "idempotency_running", body = ProblemBody),
        (status = UNPROCESSABLE_ENTITY, description = "idempotency_mismatch", body = ProblemBody),
    )
)]
pub(crate) async fn set_balance(
    State(service): State<Service>,
    AuthenticatedPlayer { player, .. }: AuthenticatedPlayer,
    SelfService: SelfService,
    KeyedJson { idempotent, body }: KeyedJson<SetBalance>,
) -> Result<KeptAnswer, ApiError> {
    if body.ammount.0.is_negative() {
        return Err(ApiError::new(Code::InvalidAmount, "A balance cannot be negative"));
    }
    move_money(service, player, FundsChange::Set(body.ammount.0), idempotent).await
}

/// Both ways to move money, once a key: a repeat is answered as the first was.
async fn move_money(
    service: Service,
    player: PlayerId,
    change: FundsChange,
    idempotent: Option<Idempotent>,
) -> Result<KeptAnswer, ApiError> {
    let turn = service.running().begin(player, idempotent.as_ref())?;
    let answer = KeptAnswer::ok(&BalanceUpdated { message: "Balance updated".to_owned() });
    let keyed = idempotent.map(|call| Keyed { call, answer: answer.clone() });
    // A task of its own: whoever hangs up meanwhile does not give the key free too early.
    let spawner = service.spawner();
    let moving = spawner.run(async move {
        let done = service.change_funds(player, change, keyed).await;
        drop(turn);
        done
    });
    match moving.await {
        Ok(Ok(Done::Now(_))) => Ok(answer),
        Ok(Ok(Done::Before(first))) => Ok(first),
        Ok(Err(refused)) => Err(refused.into()),
        Err(error) => Err(ApiError::internal(&error)),
    }
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
            FundsError::Mismatch => return Code::IdempotencyMismatch.into(),
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
