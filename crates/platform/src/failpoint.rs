//! Places at which a test can make the process die, wait, or fail: a death has an exact instant.
//!
//! `WAXWING_FAILPOINT=name[@nth]:action[,..]` arms some of [`NAMES`] for the life of the process;
//! the action is `kill` (SIGKILL, at that instant), `stall=ms` (blocks the thread that gets there)
//! or `error` (where the place can fail). It happens once, at the nth time the place is reached. A
//! release build holds none of this and refuses the variable as a field it does not know.

#[cfg(debug_assertions)]
mod armed;

/// The variable that arms one.
pub const VARIABLE: &str = "WAXWING_FAILPOINT";

/// Every place there is, along the path of a bet, of a settlement, of a take-over and of a top-up.
/// `before` and `after` a commit stand inside of its transaction and behind it.
pub const NAMES: &[&str] = &[
    "round.before_commit",
    "round.after_commit",
    "reserve.before_send",
    "reserve.after_answer",
    "wallet.reserve.before_commit",
    "wallet.reserve.after_commit",
    "bet.before_commit",
    "bet.after_commit",
    "bet.before_handled",
    "bet.before_told",
    "bet.after_told",
    "cancel.before_commit",
    "cancel.after_commit",
    "release.before_commit",
    "release.after_commit",
    "lock.before_commit",
    "lock.after_commit",
    "start.before_told",
    "start.after_told",
    "heartbeat.before_commit",
    "heartbeat.after_commit",
    "cash_out.before_commit",
    "cash_out.after_commit",
    "cash_out.before_told",
    "cash_out.after_told",
    "crash.before_commit",
    "crash.after_commit",
    "crash.before_told",
    "settle.before_commit",
    "settle.after_commit",
    "settle.before_told",
    "void.before_commit",
    "void.after_commit",
    "outbox.queued",
    "release.before_send",
    "wallet.release.before_commit",
    "wallet.release.after_commit",
    "resolve.before_send",
    "wallet.resolve.before_commit",
    "wallet.resolve.after_commit",
    "resolve.after_answer",
    "close.before_send",
    "wallet.close.before_commit",
    "wallet.close.after_commit",
    "close.after_answer",
    "outbox.before_acknowledged",
    "outbox.after_acknowledged",
    "fence.before_send",
    "wallet.fence.before_commit",
    "wallet.fence.after_commit",
    "fence.after_answer",
    "takeover.before_commit",
    "takeover.after_commit",
    "wallet.funds.before_commit",
    "wallet.funds.after_commit",
];

/// What happens at the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The process gets SIGKILL: nothing is flushed, no destructor runs.
    Kill,
    /// The thread waits so many milliseconds.
    Stall(u64),
    /// The place fails, where it can.
    Error,
}

/// One place, armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Armed {
    /// One of [`NAMES`].
    pub name: &'static str,
    /// Which time it is reached, from 1 on.
    pub nth: u64,
    /// What happens then.
    pub action: Action,
}

/// The place `name` was reached: dies or waits here if it is armed.
#[cfg(debug_assertions)]
pub fn reach(name: &'static str) {
    armed::reach(name);
}

/// Nothing: a release build has no failpoints.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn reach(_name: &'static str) {}

/// As [`reach`], at a place that can fail; whether it must.
#[cfg(debug_assertions)]
#[must_use]
pub fn fails(name: &'static str) -> bool {
    armed::reach(name)
}

/// Never: a release build has no failpoints.
#[cfg(not(debug_assertions))]
#[inline(always)]
#[must_use]
pub const fn fails(_name: &'static str) -> bool {
    false
}

/// Reads what is armed and says so loudly. Call it before anything is opened.
///
/// # Errors
/// If the variable says something else than a failpoint. Never in a release build.
#[cfg(debug_assertions)]
pub fn announce() -> Result<(), crate::config::InvalidConfig> {
    armed::announce()
}

/// Nothing: a release build has no failpoints.
///
/// # Errors
/// None.
#[cfg(not(debug_assertions))]
pub const fn announce() -> Result<(), crate::config::InvalidConfig> {
    Ok(())
}

/// Whether the variable is ours to read, not a field of the configuration.
pub(crate) fn is_ours(variable: &str) -> bool {
    cfg!(debug_assertions) && variable == VARIABLE
}

impl Armed {
    /// Reads places parted by commas.
    ///
    /// # Errors
    /// What is wrong with one of them, as a sentence.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        text.split(',').map(Self::parse).collect()
    }

    /// Reads `name[@nth]:action`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (place, action) = text.split_once(':').ok_or("must be name[@nth]:action")?;
        let (name, nth) = match place.split_once('@') {
            Some((name, nth)) => (name, nth.parse().map_err(|_| "nth must be a number")?),
            None => (place, 1),
        };
        let name = NAMES.iter().find(|known| **known == name);
        let name = name.ok_or_else(|| format!("{place} is no failpoint"))?;
        if nth == 0 {
            return Err("nth counts from 1".into());
        }
        let action = match action.split_once('=') {
            None if action == "kill" => Action::Kill,
            None if action == "error" => Action::Error,
            Some(("stall", ms)) => {
                Action::Stall(ms.parse().map_err(|_| "stall takes milliseconds")?)
            }
            _ => return Err("the action must be kill, error or stall=milliseconds".into()),
        };
        Ok(Self { name, nth, action })
    }
}

#[cfg(test)]
mod tests;
