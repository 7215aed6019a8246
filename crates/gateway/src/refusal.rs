//! Why the owner of a lobby refused, as the codes and sentences that clients get.

use contracts::{PlayError, PlayRefusal};
use protocol::{Code, Problem};
use tokens::TokenError;

/// The problem that a failed call to the owner stands for; the sentences are the contract's.
pub(crate) fn problem(error: &PlayError) -> Problem {
    let code = match error {
        PlayError::Refused(PlayRefusal::ExposureFull { fits: Some(fits) }) => {
            let detail = format!("The house cannot cover this bet now; {fits} would fit");
            return Problem::new(Code::ExposureFull, detail);
        }
        PlayError::Refused(refusal) => code_of(*refusal),
        PlayError::Unavailable => {
            return Problem::new(Code::NotOwner, "The lobby does not answer, try again");
        }
    };
    Problem::new(code, error.to_string())
}

/// A cash-out's problem: before the climb the original knows no bet that could be cashed out.
pub(crate) fn cash_out_problem(error: &PlayError) -> Problem {
    let before_the_climb =
        matches!(error, PlayError::Refused(PlayRefusal::NoOpenBet | PlayRefusal::WrongRound));
    if before_the_climb { no_open_bet() } else { problem(error) }
}

/// The original's answer to a cash-out without a bet.
pub(crate) fn no_open_bet() -> Problem {
    Problem::new(Code::NoOpenBet, PlayRefusal::NoOpenBet.to_string())
}

/// The original's answer to a lobby that nobody has.
pub(crate) fn unknown_lobby() -> Problem {
    Problem::new(Code::UnknownLobby, PlayRefusal::UnknownLobby.to_string())
}

/// The original's answer to a token that proves nothing.
pub(crate) fn invalid_token(error: Option<TokenError>) -> Problem {
    let code = match error {
        Some(TokenError::Expired) => Code::TokenExpired,
        _ => Code::Unauthenticated,
    };
    Problem::new(code, "Invalid token")
}

const fn code_of(refusal: PlayRefusal) -> Code {
    match refusal {
        PlayRefusal::UnknownLobby => Code::UnknownLobby,
        PlayRefusal::BettingClosed => Code::BettingClosed,
        PlayRefusal::WrongRound => Code::WrongRound,
        PlayRefusal::BelowMin { .. } => Code::BelowMin,
        PlayRefusal::AboveMax { .. } => Code::AboveMax,
        PlayRefusal::InvalidTarget => Code::InvalidTarget,
        PlayRefusal::BetLimit { .. } => Code::BetLimit,
        PlayRefusal::InsufficientFunds => Code::InsufficientFunds,
        PlayRefusal::ExposureFull { .. } => Code::ExposureFull,
        PlayRefusal::BetIdReused => Code::BetIdReused,
        PlayRefusal::NoOpenBet => Code::NoOpenBet,
        PlayRefusal::TooEarly => Code::TooEarly,
        PlayRefusal::TooLate => Code::TooLate,
        PlayRefusal::AlreadyCashedOut => Code::AlreadyCashedOut,
        PlayRefusal::Overloaded => Code::RateLimited,
        PlayRefusal::NotOwner => Code::NotOwner,
        PlayRefusal::Draining => Code::Draining,
        PlayRefusal::SeedsExhausted => Code::SeedsExhausted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_sentences_stand() {
        let of = |refusal: PlayRefusal| problem(&refusal.into());
        let closed = of(PlayRefusal::BettingClosed);
        assert_eq!(closed.detail, "Cannot place a bet. The game is already in progress.");
        assert_eq!(of(PlayRefusal::UnknownLobby), unknown_lobby());
        assert_eq!(unknown_lobby().detail, "Lobby does not exist");
        assert_eq!(no_open_bet().detail, "No active bet found to withdraw");
        assert_eq!(cash_out_problem(&PlayRefusal::NoOpenBet.into()), no_open_bet());
        assert_eq!(invalid_token(None).detail, "Invalid token");
        assert_eq!(invalid_token(Some(TokenError::Expired)).code, Code::TokenExpired);
    }

    #[test]
    fn a_full_house_says_what_would_fit() {
        let fits = kernel::Stake::from_steps(1_250);
        let told = problem(&PlayRefusal::ExposureFull { fits }.into());
        assert_eq!(told.code, Code::ExposureFull);
        assert_eq!(told.detail, "The house cannot cover this bet now; 12.5 would fit");
        assert_eq!(problem(&PlayError::Unavailable).code, Code::NotOwner);
    }
}
