//! What answers for the wallet: reads the bodies, asks the real one, writes what it said.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use contracts::{Refusal, ResolveAnswer, Wallet, WalletError};
use platform::http::{ApiError, Json};
use protocol::Code;
use protocol::internal::wallet::{
    Answers, Batch, CloseBody, ClosedBody, FenceBody, FencedBody, GivenBack, Held, ReleaseBody,
    ReserveBody, ResolveBody, Resolved,
};
use protocol::internal::{Failure, Reply};

use super::wire;
use crate::Access;
use crate::routes::wallet as routes;

type Wallets = State<Arc<dyn Wallet>>;
type Answered<T> = Json<Reply<T>>;

/// The routes by which other processes reach `wallet`.
pub fn wallet_routes(wallet: Arc<dyn Wallet>, access: Access) -> Router {
    let routes = Router::new()
        .route(routes::FENCE, post(fence))
        .route(routes::RESERVE, post(reserve))
        .route(routes::RELEASE, post(release))
        .route(routes::RESOLVE, post(resolve))
        .route(routes::CLOSE, post(close));
    access.guard(routes).with_state(wallet)
}

async fn fence(State(wallet): Wallets, Json(body): Json<FenceBody>) -> Answered<FencedBody> {
    let fenced = wallet.fence(wire::fence(body)).await;
    reply(fenced.map(|fenced| wire::fenced_body(&fenced)))
}

async fn reserve(
    State(wallet): Wallets,
    Json(Batch { holds }): Json<Batch<ReserveBody>>,
) -> Result<Answered<Answers<Held>>, ApiError> {
    let holds: Option<Vec<_>> = holds.iter().map(wire::reserve).collect();
    let holds = holds.ok_or_else(|| ApiError::new(Code::Malformed, "A stake is more than zero"))?;
    let answers = wallet.reserve(&holds).await;
    Ok(reply_each(answers, |available| Held { available_units: available.units() }))
}

async fn release(
    State(wallet): Wallets,
    Json(Batch { holds }): Json<Batch<ReleaseBody>>,
) -> Answered<Answers<GivenBack>> {
    let holds: Vec<_> = holds.iter().map(wire::release).collect();
    reply_each(wallet.release(&holds).await, |()| GivenBack {})
}

async fn resolve(
    State(wallet): Wallets,
    Json(Batch { holds }): Json<Batch<ResolveBody>>,
) -> Answered<Answers<Resolved>> {
    let holds: Vec<_> = holds.iter().map(wire::resolve).collect();
    reply_each(wallet.resolve(&holds).await, |answer| match answer {
        ResolveAnswer::Done => Resolved::Done,
        ResolveAnswer::Conflict => Resolved::Conflict,
    })
}

async fn close(State(wallet): Wallets, Json(body): Json<CloseBody>) -> Answered<ClosedBody> {
    let closed = wallet.close(wire::close(body)).await;
    reply(closed.map(|closed| ClosedBody {
        house_balance_units: closed.house_balance.units(),
        agreed: closed.agreed,
    }))
}

fn reply_each<A, T>(
    answers: Result<Vec<Result<A, Refusal>>, WalletError>,
    write: fn(A) -> T,
) -> Answered<Answers<T>> {
    reply(answers.map(|answers| {
        let answers = answers.into_iter();
        let answers = answers.map(|answer| answer.map(write).map_err(wire::refusal_body));
        Answers { answers: answers.collect() }
    }))
}

fn reply<T>(answer: Result<T, WalletError>) -> Answered<T> {
    Json(match answer {
        Ok(answer) => Reply::Answered(answer),
        Err(WalletError::Unavailable) => Reply::Failed(Failure::Unavailable),
        Err(WalletError::Failed) => Reply::Failed(Failure::Failed),
        Err(WalletError::Fenced) => Reply::Failed(Failure::Fenced),
    })
}
