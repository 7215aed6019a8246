//! Whether a process is ready, asked by the binary itself: a container has no other client.

use platform::fetch::Fetcher;

/// Longer than a process that lives takes to say so, shorter than whoever asks waits.
const TIMEOUT_MS: u64 = 2_000;
/// More than the names of all checks.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Asks `/readyz` of the ops listener at `address`; what it said.
///
/// # Errors
/// Nobody answers there in time, or who answers is not ready.
pub fn run(address: &str) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = format!("http://{address}/readyz");
    let answer = runtime.block_on(Fetcher::new(TIMEOUT_MS).get(&url, ANSWER_BYTES_MAX))?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
