//! `waxwing migrate`: brings resting databases to this program's schema, and says after a restore
//! that their seeds are not to be trusted.

use anyhow::{Context as _, ensure};
use platform::clock::{Clock as _, SystemClock};
use platform::data_dir::DataDir;
use platform::postgres::Pool;
use platform::sqlite::{Reader, Writer};

use crate::config::Config;
use crate::postgres::Urls;
use crate::{mirror, schemas};

/// What to do besides bringing the schemas up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restored {
    /// The files are those that the last process left.
    No,
    /// Some of them are older copies: whatever they take for secret may have been shown.
    Yes,
}

/// Migrates; the lines say what was done.
///
/// # Errors
/// If a server holds the data directory, or a database is not there or cannot be brought up.
pub fn run(config: &Config, restored: Restored) -> anyhow::Result<Vec<String>> {
    if let Some(urls) = config.postgres.urls() {
        return shared(&urls, restored);
    }
    let files = ["user.db", "game.db"].map(|name| config.data.join(name));
    for file in &files {
        ensure!(file.is_file(), "there is no {}", file.display());
    }
    // Held until the end: no server starts meanwhile, and none runs now.
    let _directory = DataDir::open(&config.data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let [user, game] = &files;
        drop(Writer::open(user, schemas::USER).context("user.db")?);
        let writer = Writer::open(game, schemas::GAME).context("game.db")?;
        let mut done = vec!["user.db and game.db have this program's schema".to_owned()];
        if restored == Restored::Yes {
            let reader = Reader::open(game, 1).context("game.db")?;
            let now = SystemClock::new().unix_ms();
            let store = game::store::SqliteStore::new(writer, reader);
            done.push(given_up(game::abandon_all_chains(&store, now).await?));
        }
        Ok(done)
    })
}

/// The same on shared databases; beside processes that run, but for the seeds.
fn shared(urls: &Urls, restored: Restored) -> anyhow::Result<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let open = async |url, schemas, name| Pool::open(url, schemas, 2).await.context(name);
        open(&urls.user, schemas::USER_POSTGRES, "the user database").await?;
        let pool = open(&urls.game, schemas::GAME_POSTGRES, "the game database").await?;
        let mut done = vec!["both databases have this program's schema".to_owned()];
        if restored == Restored::Yes {
            let live = mirror::is_live(&urls.game).await.context("the game database")?;
            ensure!(!live, "a node has its lease on the game database: stop it first");
            let store = game::store::PostgresStore::new(pool);
            let now = SystemClock::new().unix_ms();
            done.push(given_up(game::abandon_all_chains(&store, now).await?));
        }
        Ok(done)
    })
}

fn given_up(chains: usize) -> String {
    format!("{chains} seed chains are given up; the next start begins new ones")
}
