//! What is armed in this process, read once from its environment.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Action, Armed, NAMES, VARIABLE};
use crate::config::{InvalidConfig, everything};

/// Nothing, one place, or why it is neither.
static ARMED: LazyLock<Result<Option<Armed>, String>> = LazyLock::new(|| {
    let given = everything().find(|(name, _)| name == VARIABLE);
    given.map(|(_, text)| Armed::parse(&text)).transpose()
});
/// How often the armed place was reached.
static REACHED: AtomicU64 = AtomicU64::new(0);

pub(super) fn announce() -> Result<(), InvalidConfig> {
    match &*ARMED {
        Ok(None) => Ok(()),
        Ok(Some(armed)) => {
            tracing::error!(
                failpoint = armed.name, nth = armed.nth, action = ?armed.action,
                "A FAILPOINT IS ARMED: this process will fail on purpose. Never with real players."
            );
            Ok(())
        }
        Err(reason) => Err(InvalidConfig::new("failpoint", reason.clone())),
    }
}

/// Does what is armed at `name`; whether the place must fail.
pub(super) fn reach(name: &'static str) -> bool {
    debug_assert!(NAMES.contains(&name), "{name} is not in the list of failpoints");
    let Ok(Some(armed)) = &*ARMED else { return false };
    if armed.name != name || REACHED.fetch_add(1, Ordering::SeqCst) + 1 != armed.nth {
        return false;
    }
    tracing::error!(failpoint = name, action = ?armed.action, "the failpoint is reached");
    match armed.action {
        Action::Abort => std::process::abort(),
        Action::Stall(ms) => {
            std::thread::sleep(Duration::from_millis(ms));
            false
        }
        Action::Error => true,
    }
}
