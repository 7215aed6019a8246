//! Which of [`kernel::planted`]'s bugs a process makes on purpose, so that tests of whole processes
//! can be tested too.
//!
//! `WAXWING_PLANTED=name` plants one for the life of the process. Without the feature `planted` the
//! variable is refused as a field that nobody knows; with it there is no release build.

use crate::config::InvalidConfig;

/// The variable that plants one.
pub const VARIABLE: &str = "WAXWING_PLANTED";

/// Plants what the variable says, and says so loudly. Call it before anything is opened.
///
/// # Errors
/// If the variable names no bug. Never without the feature.
#[cfg(feature = "planted")]
pub fn announce() -> Result<(), InvalidConfig> {
    let given = crate::config::everything().find(|(name, _)| name == VARIABLE);
    let Some((_, name)) = given else { return Ok(()) };
    let bug = kernel::planted::Bug::named(&name);
    let bug = bug.ok_or_else(|| InvalidConfig::new("planted", format!("{name} is no bug")))?;
    kernel::planted::plant(Some(bug));
    tracing::error!(
        bug = bug.as_str(),
        "A BUG IS PLANTED: this process makes a mistake with money on purpose. Never with players."
    );
    Ok(())
}

/// Nothing: no bug can be planted.
///
/// # Errors
/// None.
#[cfg(not(feature = "planted"))]
pub const fn announce() -> Result<(), InvalidConfig> {
    Ok(())
}

/// Whether the variable is ours to read, not a field of the configuration.
pub(crate) fn is_ours(variable: &str) -> bool {
    cfg!(feature = "planted") && variable == VARIABLE
}
