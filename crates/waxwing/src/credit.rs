//! `waxwing credit`: an operator gives a player money, also beside a running server.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, ensure};
use identity::store::Store as _;
use kernel::{Amount, Decimal, PlayerId};
use platform::clock::SystemClock;
use platform::data_dir::{DataDir, DataDirError};
use platform::http::idempotency::IdempotencyKey;
use platform::sqlite::{Reader, Writer};
use rusqlite::{Connection, OpenFlags};
use wallet::store::{SqliteStore, Store as _};

use crate::config::Config;
use crate::schemas;

/// Credits; the line says what moved and what the player can stake.
///
/// # Errors
/// If the player is unknown, the amount is nothing, more is taken back than can be staked, the key
/// stands for another credit, or `user.db` is not there or cannot be used.
pub fn run(config: &Config, player: &str, amount: &str, key: &str) -> anyhow::Result<String> {
    let credit = wallet::Credit {
        player: player.parse().map_err(|_| anyhow!("a player is a number, the `user_id`"))?,
        amount: Amount::parse(amount).map_err(|error| anyhow!("the amount is {error}"))?,
        key: IdempotencyKey::new(key).context("a key has 1 to 255 visible ASCII characters")?,
    };
    ensure!(
        config.postgres.urls().is_none(),
        "the book is in PostgreSQL, and this command credits in files alone"
    );
    ensure!(credit.amount != Amount::ZERO, "an amount of nothing moves nothing");
    let file = config.data.join("user.db");
    ensure!(file.is_file(), "there is no {}", file.display());
    // Kept to the end where it can be had: then no server starts meanwhile.
    let _directory = match DataDir::open(&config.data) {
        Ok(directory) => Some(directory),
        Err(DataDirError::InUse(_)) => {
            ensure_same_schema(&file)?;
            None
        }
        Err(error) => return Err(error.into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(book(config, &file, &credit))
}

/// Books it.
async fn book(config: &Config, file: &Path, credit: &wallet::Credit) -> anyhow::Result<String> {
    let writer = Writer::open(file, schemas::USER).context("user.db")?;
    let reader = Reader::open(file, 1).context("user.db")?;
    let players = identity::store::SqliteStore::new(writer.clone(), reader.clone());
    let name = name(&players, credit.player).await?;
    let store = SqliteStore::new(writer, reader, Arc::new(SystemClock::new()));
    let currency = &config.wallet.currency;
    store.open_book(currency.clone(), Decimal::SCALE).await?;
    let done = wallet::credit(&store, credit).await.context("nothing was credited")?;
    let (moved, balance) = (done.taken.moved, done.taken.balance);
    let before = if done.now { "" } else { " before, under this key; nothing moved now" };
    let player = credit.player;
    let credited = format!("player {player} ({name:?}) was credited {moved} {currency}");
    Ok(format!("{credited}, which left {balance} to stake{before}"))
}

async fn name(players: &identity::store::SqliteStore, player: PlayerId) -> anyhow::Result<String> {
    let names = players.usernames(&[player]).await?;
    names.into_iter().flatten().next().with_context(|| format!("there is no player {player}"))
}

/// A file is never brought to another schema under a server that runs.
fn ensure_same_schema(file: &Path) -> anyhow::Result<()> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut version = connection.prepare("SELECT version FROM schema_version WHERE name = ?1")?;
    for schema in schemas::USER {
        let found: u32 = version.query_row([schema.name], |row| row.get(0))?;
        ensure!(
            usize::try_from(found) == Ok(schema.steps.len()),
            "the server that runs on {} is another version than this program",
            file.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
