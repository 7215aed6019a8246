//! Which failpoints a notice passes: tests die right before or after something was told.

use engine::Notice;
use platform::failpoint;

/// Nobody has heard of it yet.
pub(super) fn before_told(notice: &Notice) {
    match notice {
        Notice::BetAccepted(_) => failpoint::reach("bet.before_told"),
        Notice::RoundStarted { .. } => failpoint::reach("start.before_told"),
        Notice::CashedOut(_) => failpoint::reach("cash_out.before_told"),
        Notice::Crashed { .. } => failpoint::reach("crash.before_told"),
        Notice::Settled { .. } => failpoint::reach("settle.before_told"),
        _ => {}
    }
}

/// It is on its way to whom it concerns.
pub(super) fn after_told(notice: &Notice) {
    match notice {
        Notice::BetAccepted(_) => failpoint::reach("bet.after_told"),
        Notice::RoundStarted { .. } => failpoint::reach("start.after_told"),
        Notice::CashedOut(_) => failpoint::reach("cash_out.after_told"),
        _ => {}
    }
}
