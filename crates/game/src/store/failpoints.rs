//! Which failpoints a batch passes on its way to the disk: tests die and stall there.

use platform::failpoint;

use super::StoreCommand;

/// Inside of the transaction, its rows written.
pub(super) fn before_commit(batch: &[StoreCommand]) {
    for (before, _) in batch.iter().filter_map(names) {
        failpoint::reach(before);
    }
}

/// Behind the transaction; whether its answer must be lost.
pub(super) fn after_commit(batch: &[StoreCommand]) -> bool {
    batch.iter().filter_map(names).any(|(_, after)| failpoint::fails(after))
}

const fn names(command: &StoreCommand) -> Option<(&'static str, &'static str)> {
    let names = match command {
        StoreCommand::OpenRound { .. } => ("round.before_commit", "round.after_commit"),
        StoreCommand::AcceptBet { .. } => ("bet.before_commit", "bet.after_commit"),
        StoreCommand::CancelBet { .. } => ("cancel.before_commit", "cancel.after_commit"),
        StoreCommand::ReleaseBet { .. } => ("release.before_commit", "release.after_commit"),
        StoreCommand::Lock(_) => ("lock.before_commit", "lock.after_commit"),
        StoreCommand::Heartbeats(_) => ("heartbeat.before_commit", "heartbeat.after_commit"),
        StoreCommand::CashOut { .. } => ("cash_out.before_commit", "cash_out.after_commit"),
        StoreCommand::Crash { .. } => ("crash.before_commit", "crash.after_commit"),
        StoreCommand::EndRound(_) => ("settle.before_commit", "settle.after_commit"),
        StoreCommand::VoidRound { .. } => ("void.before_commit", "void.after_commit"),
        StoreCommand::TakeOver { .. } => ("takeover.before_commit", "takeover.after_commit"),
        StoreCommand::ForgetRound { .. }
        | StoreCommand::CloseUnknown { .. }
        | StoreCommand::SkipSeeds { .. }
        | StoreCommand::SendAgain { .. } => return None,
    };
    Some(names)
}
