//! What is armed in this process, read once from its environment.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{Action, Armed, NAMES, VARIABLE};
use crate::config::{InvalidConfig, everything};

/// A place, and how often it was reached.
struct Place {
    armed: Armed,
    reached: AtomicU64,
}

/// The places, or why they are none.
static PLACES: LazyLock<Result<Vec<Place>, String>> = LazyLock::new(|| {
    let given = everything().find(|(name, _)| name == VARIABLE);
    let Some((_, text)) = given else { return Ok(Vec::new()) };
    let armed = Armed::parse_all(&text)?.into_iter();
    Ok(armed.map(|armed| Place { armed, reached: AtomicU64::new(0) }).collect())
});

pub(super) fn announce() -> Result<(), InvalidConfig> {
    let places = PLACES.as_ref();
    let places = places.map_err(|reason| InvalidConfig::new("failpoint", reason.clone()))?;
    for Place { armed, .. } in places {
        tracing::error!(
            failpoint = armed.name, nth = armed.nth, action = ?armed.action,
            "A FAILPOINT IS ARMED: this process will fail on purpose. Never with real players."
        );
    }
    Ok(())
}

/// Does what is armed at `name`; whether the place must fail.
pub(super) fn reach(name: &'static str) -> bool {
    debug_assert!(NAMES.contains(&name), "{name} is not in the list of failpoints");
    let places = PLACES.as_deref().unwrap_or_default();
    let Some(Place { armed, reached }) = places.iter().find(|place| place.armed.name == name)
    else {
        return false;
    };
    if reached.fetch_add(1, Ordering::SeqCst) + 1 != armed.nth {
        return false;
    }
    tracing::error!(failpoint = name, action = ?armed.action, "the failpoint is reached");
    match armed.action {
        Action::Kill => die(),
        Action::Stall(ms) => {
            stall(Duration::from_millis(ms));
            false
        }
        Action::Error => true,
    }
}

/// Nothing else of the process stands still: what a worker of the runtime had before it, another
/// takes over.
fn stall(time: Duration) {
    let runtime = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    if runtime.is_ok_and(|flavor| flavor == RuntimeFlavor::MultiThread) {
        tokio::task::block_in_place(|| std::thread::sleep(time));
    } else {
        std::thread::sleep(time);
    }
}

/// What `kill -9` does, by the process to itself: the kernel takes every thread where it stands.
fn die() -> ! {
    if let Err(error) = kill_process(getpid(), Signal::KILL) {
        tracing::error!(%error, "this process may not kill itself");
        std::process::abort();
    }
    loop {
        std::thread::park();
    }
}
