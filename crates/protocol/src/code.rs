//! The stable names of everything that can be refused. Clients decide by them, never by sentences.

use std::fmt;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Not an amount by the grammar, or not one that is possible here.
    InvalidAmount,
    /// More significant decimals than the thing has.
    TooPrecise,
    /// Below the lobby's least stake.
    BelowMin,
    /// Above the lobby's most, or above what the operator allows.
    AboveMax,
    /// An auto cash-out that is not a multiplier of at least 1.01x.
    InvalidTarget,
    /// The balance does not cover it.
    InsufficientFunds,
    /// The house has no room for what the bet could win.
    ExposureFull,
    /// The player has as many bets in the round as are allowed.
    BetLimit,
    /// No lobby has this number.
    UnknownLobby,
    /// Bets are not taken now.
    BettingClosed,
    /// Another round than the one now played.
    WrongRound,
    /// The player has no open bet that is meant.
    NoOpenBet,
    /// The climb has not reached 1.01x.
    TooEarly,
    /// The round ended first.
    TooLate,
    /// The bet is already cashed out.
    AlreadyCashedOut,
    /// The bet id stands for another bet.
    BetIdReused,
    /// No token, or not one of ours.
    Unauthenticated,
    /// A token of ours whose time is over.
    TokenExpired,
    /// Known, but not allowed.
    Forbidden,
    /// Too many requests.
    RateLimited,
    /// Not the JSON, the text or the field that is expected here.
    Malformed,
    /// A message type that does not exist.
    UnknownType,
    /// The body or frame is larger than is taken.
    TooLarge,
    /// The wallet did not answer.
    WalletUnavailable,
    /// The lobby is owned by another process, or by none for a moment.
    NotOwner,
    /// The process or the lobby is being stopped.
    Draining,
    /// The lobby's seed chain is used up.
    SeedsExhausted,
    /// The player has as many live lobbies as are allowed.
    LobbyLimit,
    /// The username is taken.
    UserExists,
    /// Username and password do not belong together.
    InvalidCredentials,
    /// Nothing is here.
    NotFound,
    /// The idempotency key was used for another body.
    IdempotencyMismatch,
    /// The first request with this idempotency key still runs.
    IdempotencyRunning,
    /// Our fault; the log says which.
    Internal,
}

impl Code {
    /// Every code, in the order of the contract.
    pub const ALL: [Self; 34] = [
        Self::InvalidAmount,
        Self::TooPrecise,
        Self::BelowMin,
        Self::AboveMax,
        Self::InvalidTarget,
        Self::InsufficientFunds,
        Self::ExposureFull,
        Self::BetLimit,
        Self::UnknownLobby,
        Self::BettingClosed,
        Self::WrongRound,
        Self::NoOpenBet,
        Self::TooEarly,
        Self::TooLate,
        Self::AlreadyCashedOut,
        Self::BetIdReused,
        Self::Unauthenticated,
        Self::TokenExpired,
        Self::Forbidden,
        Self::RateLimited,
        Self::Malformed,
        Self::UnknownType,
        Self::TooLarge,
        Self::WalletUnavailable,
        Self::NotOwner,
        Self::Draining,
        Self::SeedsExhausted,
        Self::LobbyLimit,
        Self::UserExists,
        Self::InvalidCredentials,
        Self::NotFound,
        Self::IdempotencyMismatch,
        Self::IdempotencyRunning,
        Self::Internal,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidAmount => "invalid_amount",
            Self::TooPrecise => "too_precise",
            Self::BelowMin => "below_min",
            Self::AboveMax => "above_max",
            Self::InvalidTarget => "invalid_target",
            Self::InsufficientFunds => "insufficient_funds",
            Self::ExposureFull => "exposure_full",
            Self::BetLimit => "bet_limit",
            Self::UnknownLobby => "unknown_lobby",
            Self::BettingClosed => "betting_closed",
            Self::WrongRound => "wrong_round",
            Self::NoOpenBet => "no_open_bet",
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::AlreadyCashedOut => "already_cashed_out",
            Self::BetIdReused => "bet_id_reused",
            Self::Unauthenticated => "unauthenticated",
            Self::TokenExpired => "token_expired",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::Malformed => "malformed",
            Self::UnknownType => "unknown_type",
            Self::TooLarge => "too_large",
            Self::WalletUnavailable => "wallet_unavailable",
            Self::NotOwner => "not_owner",
            Self::Draining => "draining",
            Self::SeedsExhausted => "seeds_exhausted",
            Self::LobbyLimit => "lobby_limit",
            Self::UserExists => "user_exists",
            Self::InvalidCredentials => "invalid_credentials",
            Self::NotFound => "not_found",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::IdempotencyRunning => "idempotency_running",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status it goes out under.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidAmount
            | Self::TooPrecise
            | Self::BelowMin
            | Self::AboveMax
            | Self::InvalidTarget
            | Self::Malformed
            | Self::UnknownType => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::TokenExpired | Self::InvalidCredentials => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::UnknownLobby | Self::NotFound => StatusCode::NOT_FOUND,
            Self::InsufficientFunds
            | Self::ExposureFull
            | Self::BetLimit
            | Self::BettingClosed
            | Self::WrongRound
            | Self::NoOpenBet
            | Self::TooEarly
            | Self::TooLate
            | Self::AlreadyCashedOut
            | Self::BetIdReused
            | Self::SeedsExhausted
            | Self::LobbyLimit
            | Self::UserExists
            | Self::IdempotencyRunning => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::IdempotencyMismatch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::WalletUnavailable | Self::NotOwner | Self::Draining => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// What kind of problem it is, the same words at every occurrence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidAmount => "Not a valid amount",
            Self::TooPrecise => "Too many decimals",
            Self::BelowMin => "Below the least stake",
            Self::AboveMax => "Above what is allowed",
            Self::InvalidTarget => "Not a valid auto cash-out",
            Self::InsufficientFunds => "Insufficient funds",
            Self::ExposureFull => "The house cannot cover the bet",
            Self::BetLimit => "Too many bets in this round",
            Self::UnknownLobby => "Lobby does not exist",
            Self::BettingClosed => "Betting is closed",
            Self::WrongRound => "Another round is played",
            Self::NoOpenBet => "No open bet",
            Self::TooEarly => "Too early to cash out",
            Self::TooLate => "Too late to cash out",
            Self::AlreadyCashedOut => "Already cashed out",
            Self::BetIdReused => "Bet id used before",
            Self::Unauthenticated => "Not signed in",
            Self::TokenExpired => "Token expired",
            Self::Forbidden => "Not allowed",
            Self::RateLimited => "Too many requests",
            Self::Malformed => "Malformed request",
            Self::UnknownType => "Unknown message type",
            Self::TooLarge => "Too large",
            Self::WalletUnavailable => "The wallet does not answer",
            Self::NotOwner => "The lobby is being taken over",
            Self::Draining => "Being stopped",
            Self::SeedsExhausted => "No seeds left",
            Self::LobbyLimit => "Too many lobbies",
            Self::UserExists => "User already exists",
            Self::InvalidCredentials => "Invalid credentials",
            Self::NotFound => "Not found",
            Self::IdempotencyMismatch => "Idempotency key used for another body",
            Self::IdempotencyRunning => "The first request still runs",
            Self::Internal => "Internal error",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|code| code.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests;
