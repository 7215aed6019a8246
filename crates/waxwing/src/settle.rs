//! `waxwing settle`: pays from the cashier what houses could not pay, in a book at rest.

use anyhow::{Context as _, ensure};
use platform::clock::{Clock as _, SystemClock};
use platform::data_dir::DataDir;
use platform::sqlite::{Reader, Writer};

use crate::config::Config;
use crate::schemas;

/// Lines of what is still parked that are shown.
const SHOWN: u32 = 1_000;

/// Settles; the lines say what was paid and what is still parked.
///
/// # Errors
/// If a server holds the data directory, or `user.db` is not there or cannot be used.
pub fn run(config: &Config) -> anyhow::Result<Vec<String>> {
    let file = config.data.join("user.db");
    ensure!(file.is_file(), "there is no {}", file.display());
    // Held until the end: no server starts meanwhile, and none runs now.
    let _directory = DataDir::open(&config.data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let writer = Writer::open(&file, schemas::USER).context("user.db")?;
        let reader = Reader::open(&file, 1).context("user.db")?;
        let (clock, mut told) = (SystemClock::new(), Vec::new());
        loop {
            let paid = wallet::settle_parked(&writer, clock.unix_ms()).await?;
            if paid.is_empty() {
                break;
            }
            told.extend(paid.iter().map(|line| format!("paid: {line}")));
        }
        let left = wallet::parked(&reader, SHOWN).await?;
        told.extend(left.iter().map(|line| format!("still parked: {line}")));
        if told.is_empty() {
            told.push("nothing is parked".to_owned());
        }
        Ok(told)
    })
}

#[cfg(test)]
mod tests;
