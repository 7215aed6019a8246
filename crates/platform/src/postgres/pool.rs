//! Sessions that are kept open, and the one way in which work is tried again.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime};
use kernel::Sealed;
use tokio_postgres::{Config, NoTls};

use super::{Schema, Session, StoreError, schema};
use crate::traces::{self, Span};

/// How long a connection may take, and how long work waits for a free one.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// After this without a byte acknowledged, the other side counts as gone.
const SILENT_MAX: Duration = Duration::from_secs(10);
/// One try of one piece of work. A database that was stopped keeps its connections open.
const TRY_MAX: Duration = Duration::from_secs(15);
/// How often work is tried that did nothing since others stood in its way.
const TRIES: usize = 8;

/// What every session is opened with. A statement ends before [`TRY_MAX`] does, so that the server
/// still tells which one it was; a session that fell silent holds its locks for no longer.
const SETTINGS: &str = "-c synchronous_commit=on -c statement_timeout=10000 \
    -c lock_timeout=5000 -c idle_in_transaction_session_timeout=10000 \
    -c default_transaction_isolation=read\\ committed -c timezone=UTC \
    -c client_min_messages=warning";

/// What the server itself must be set to: without these a commit that was answered may be lost.
const TRUSTED: &[(&str, &[&str])] = &[
    ("fsync", &["on"]),
    ("full_page_writes", &["on"]),
    ("synchronous_commit", &["on", "remote_apply"]),
    ("default_transaction_isolation", &["read committed"]),
];

/// A database and the sessions that this process keeps with it. Clones share them.
#[derive(Clone, Debug)]
pub struct Pool {
    sessions: deadpool_postgres::Pool,
}

impl Pool {
    /// Connects to `url` (`postgresql://user:password@host:port/database`), looks whether the
    /// server keeps what it answers, and brings it to `schemas`. At most `sessions` are open.
    ///
    /// # Errors
    /// [`StoreError::Open`]: it is not to be trusted or of another schema;
    /// [`StoreError::Unavailable`]: it did not answer.
    pub async fn open(
        url: &Sealed<String>,
        schemas: &[Schema],
        sessions: usize,
    ) -> Result<Self, StoreError> {
        let pool = Self::connect(url, sessions)?;
        let mut session = pool.session().await?;
        trust(&session).await?;
        schema::migrate(&mut session, schemas).await?;
        Ok(pool)
    }

    /// A pool that has connected to nobody yet.
    fn connect(url: &Sealed<String>, sessions: usize) -> Result<Self, StoreError> {
        // The parser's error may show what it read, so only this is said.
        let malformed = |_| StoreError::Open("its address is not a postgresql:// URL".to_owned());
        let mut config: Config = url.expose().parse().map_err(malformed)?;
        config
            .options(SETTINGS)
            .application_name("waxwing")
            .connect_timeout(CONNECT_MAX)
            .tcp_user_timeout(SILENT_MAX)
            .keepalives_idle(SILENT_MAX);
        // A session that was closed is noticed when it is taken; asking each time costs a trip.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, NoTls, recycling);
        let sessions = deadpool_postgres::Pool::builder(manager)
            .max_size(sessions)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_MAX))
            .create_timeout(Some(CONNECT_MAX))
            .build()
            .map_err(|error| StoreError::Open(error.to_string()))?;
        Ok(Self { sessions })
    }

    /// A session nobody else has, until it is dropped.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Open`]: nothing was done.
    pub async fn session(&self) -> Result<Session, StoreError> {
        Ok(self.sessions.get().await?)
    }

    /// Does `work`, one whole transaction, again while others stand in its way. It must load anew
    /// what it decides by at each try.
    ///
    /// # Errors
    /// What the last try came to; no [`StoreError::Conflict`], and [`StoreError::Duplicate`] only
    /// if it came at every try.
    pub async fn run<T, F, W>(&self, mut work: W) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
        W: FnMut() -> F,
    {
        let followed = Span::child(traces::operation_of::<W>);
        followed.note("db.system.name", || "postgresql".into());
        let mut tries: usize = 1;
        loop {
            followed.note("waxwing.tries", || tries.into());
            let done = tokio::time::timeout(TRY_MAX, followed.within(work())).await;
            match done.unwrap_or(Err(StoreError::Unavailable)) {
                Err(StoreError::Conflict | StoreError::Duplicate(_)) if tries < TRIES => tries += 1,
                Err(StoreError::Conflict) => return Err(StoreError::Unavailable),
                done => return done,
            }
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.run(|| async { Ok(self.session().await?.batch_execute("SELECT 1").await?) }).await
    }
}

/// Looks at the settings in force, whoever set them.
async fn trust(session: &Session) -> Result<(), StoreError> {
    for (name, accepted) in TRUSTED {
        let row = session.query_one("SELECT current_setting($1)", &[name]).await?;
        let value: String = row.try_get(0)?;
        if !accepted.contains(&value.as_str()) {
            return Err(StoreError::Open(format!(
                "its setting {name} is `{value}`; answers could be taken back unless it is `{}`",
                accepted[0]
            )));
        }
    }
    Ok(())
}
