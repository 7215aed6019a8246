//! Where the roles keep what they keep: files in the data directory, or shared databases.

use std::sync::Arc;

use anyhow::Context as _;
use platform::postgres::Pool;
use platform::sqlite::{Reader, Schema, Writer};
use tracing::info;

use super::super::apart::checks;
use super::Ground;
use crate::{postgres, schemas};

/// Connections that read each file.
const READERS: usize = 2;

/// The stores of the user role.
pub(super) struct UserStores {
    pub(super) identity: Arc<dyn identity::store::Store>,
    pub(super) wallet: Arc<dyn wallet::store::Store>,
}

impl Ground {
    /// Players and money, in one database.
    pub(super) async fn user_stores(
        &self,
        config: &postgres::Config,
    ) -> anyhow::Result<UserStores> {
        let clock = Arc::clone(&self.clock);
        if let Some(urls) = config.urls() {
            let pool = Pool::open(&urls.user, schemas::USER_POSTGRES, config.sessions).await;
            let pool = pool.context("the user database")?;
            self.watch(("user", "user_database"), &pool);
            info!("players and money are kept in PostgreSQL");
            return Ok(UserStores {
                identity: Arc::new(identity::store::PostgresStore::new(pool.clone())),
                wallet: Arc::new(wallet::store::PostgresStore::new(pool, clock)),
            });
        }
        let (writer, reader) = self.files("user", schemas::USER)?;
        let identity = identity::store::SqliteStore::new(writer.clone(), reader.clone());
        let wallet = wallet::store::SqliteStore::new(writer, reader, clock);
        Ok(UserStores { identity: Arc::new(identity), wallet: Arc::new(wallet) })
    }

    /// Lobbies, rounds and seeds.
    pub(super) async fn game_store(
        &self,
        config: &postgres::Config,
    ) -> anyhow::Result<Arc<dyn game::store::Store>> {
        if let Some(urls) = config.urls() {
            let pool = Pool::open(&urls.game, schemas::GAME_POSTGRES, config.sessions).await;
            let pool = pool.context("the game database")?;
            self.watch(("game", "game_database"), &pool);
            info!("lobbies and rounds are kept in PostgreSQL");
            return Ok(Arc::new(game::store::PostgresStore::new(pool)));
        }
        let (writer, reader) = self.files("game", schemas::GAME)?;
        Ok(Arc::new(game::store::SqliteStore::new(writer, reader)))
    }

    /// Not ready while a shared database is away, which is shown.
    fn watch(&self, (name, check): (&str, &'static str), pool: &Pool) {
        checks::answers(
            self.health.check(check),
            self.registry.register_answers(name),
            pool.clone(),
        );
    }

    /// The writer of `NAME.db`, its numbers shown, and its readers.
    fn files(&self, name: &str, schemas: &[Schema]) -> anyhow::Result<(Writer, Reader)> {
        let file = self.data_dir.file(&format!("{name}.db"));
        let writer =
            Writer::open(&file, schemas).with_context(|| format!("cannot open {name}.db"))?;
        self.registry.register_writer(name, writer.metrics());
        let reader =
            Reader::open(&file, READERS).with_context(|| format!("cannot read {name}.db"))?;
        Ok((writer, reader))
    }
}
