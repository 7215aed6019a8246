//! `waxwing settle`: pays from the cashier what houses could not pay, in a book at rest, and lets
//! their lobbies use again what they kept for it.

use std::path::Path;

use anyhow::{Context as _, ensure};
use platform::clock::{Clock as _, SystemClock};
use platform::data_dir::DataDir;
use platform::sqlite::{Reader, Writer};

use crate::config::Config;
use crate::schemas;

/// Lines of what is still parked that are shown.
const SHOWN: u32 = 1_000;
/// Rounds that are compared at once.
const COMPARED: u32 = 1_000;

/// Settles; the lines say what was paid and what is still parked.
///
/// # Errors
/// If a server holds the data directory, or `user.db` is not there or cannot be used.
pub fn run(config: &Config) -> anyhow::Result<Vec<String>> {
    ensure!(
        config.postgres.urls().is_none(),
        "parked payouts of a shared database are not settled by this program yet"
    );
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
        let game = config.data.join("game.db");
        if game.is_file() {
            let freed = free_exposure(&game, &reader).await?;
            told.extend((freed > 0).then(|| format!("free again: the exposure of {freed} rounds")));
        }
        let left = wallet::parked(&reader, SHOWN).await?;
        told.extend(left.iter().map(|line| format!("still parked: {line}")));
        if told.is_empty() {
            told.push("nothing is parked".to_owned());
        }
        Ok(told)
    })
}

/// Lets the game take stakes again for what rounds might have cost that are made good by now. What
/// an earlier run had no time for is done as well: the book says which rounds those are.
async fn free_exposure(game: &Path, book: &Reader) -> anyhow::Result<usize> {
    let writer = Writer::open(game, schemas::GAME).context("game.db")?;
    let reader = Reader::open(game, 1).context("game.db")?;
    let (mut after, mut freed) = (None, 0);
    loop {
        let rounds = game::disagreed(&reader, after, COMPARED).await?;
        let Some(last) = rounds.last() else { return Ok(freed) };
        after = Some(*last);
        let good = wallet::made_good(book, rounds).await?;
        freed += game::free_exposure(&writer, good).await?;
    }
}

#[cfg(test)]
mod tests;
