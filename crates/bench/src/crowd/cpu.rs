//! How much of the processor a process used.

use anyhow::Context as _;

/// The kernel counts in hundredths of a second on every architecture that Linux calls ours.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor that the process used so far, in its own code and in the kernel's.
pub(crate) fn used_s(process: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the program's name in brackets, and may hold anything.
    let (_, fields) = stat.rsplit_once(") ").context("a line of the kernel's")?;
    let mut fields = fields.split(' ').skip(11).map(str::parse::<f64>);
    let (user, system) = (fields.next(), fields.next());
    let (user, system) = (user.context("user time")??, system.context("system time")??);
    Ok((user + system) / TICKS_PER_SECOND)
}
