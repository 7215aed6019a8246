//! Which failpoints a batch passes on its way to the disk: tests die and lose answers there.

use ledger::Command;
use platform::failpoint;

/// Inside of the transaction, its rows written.
pub(super) fn before_commit(batch: &[Command]) {
    for (before, _) in batch.iter().map(names) {
        failpoint::reach(before);
    }
}

/// Behind the transaction; whether its answer must be lost.
pub(super) fn after_commit(batch: &[Command]) -> bool {
    batch.iter().map(names).any(|(_, after)| failpoint::fails(after))
}

const fn names(command: &Command) -> (&'static str, &'static str) {
    match command {
        Command::Fence(_) => ("wallet.fence.before_commit", "wallet.fence.after_commit"),
        Command::Reserve(_) => ("wallet.reserve.before_commit", "wallet.reserve.after_commit"),
        Command::Release(_) => ("wallet.release.before_commit", "wallet.release.after_commit"),
        Command::Resolve(_) | Command::Settle(_) => {
            ("wallet.resolve.before_commit", "wallet.resolve.after_commit")
        }
        Command::Close(_) => ("wallet.close.before_commit", "wallet.close.after_commit"),
        Command::Funds(_) => ("wallet.funds.before_commit", "wallet.funds.after_commit"),
    }
}
