//! Handlers, and how refusals of play go out over HTTP.

pub(crate) mod bets;
pub(crate) mod chains;
pub(crate) mod history;
pub(crate) mod lobbies;

use contracts::{PlayError, PlayRefusal};
use platform::http::ApiError;
use protocol::Code;

use crate::store::StoreError;

/// Why a lobby could not be looked at.
fn play_problem(error: &PlayError) -> ApiError {
    let PlayError::Refused(refusal) = error else {
        return ApiError::new(Code::NotOwner, "The lobby is being taken over; try again");
    };
    let code = match refusal {
        PlayRefusal::UnknownLobby => Code::UnknownLobby,
        PlayRefusal::NotOwner => Code::NotOwner,
        PlayRefusal::Draining => Code::Draining,
        PlayRefusal::SeedsExhausted => Code::SeedsExhausted,
        PlayRefusal::Overloaded => return ApiError::overloaded(),
        _ => Code::Internal,
    };
    ApiError::new(code, refusal.to_string())
}

/// What a failing store looks like from outside.
fn store_problem(error: &StoreError) -> ApiError {
    match error {
        StoreError::Unavailable => ApiError::unavailable(),
        StoreError::NotOwner => Code::NotOwner.into(),
        StoreError::Failed(_) => ApiError::internal(error),
    }
}

#[cfg(test)]
mod tests;
