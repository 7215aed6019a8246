//! Databases that are no files: a PostgreSQL of the test's own, where the environment asks for it.

use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use test_servers::Postgres;
use waxwing::mirror;
use waxwing::postgres::Urls;

use super::time::{PATIENCE, eventually};

/// `postgres` runs the suite on PostgreSQL; anything else but nothing is refused.
const VARIABLE: &str = "E2E_STORE";
/// What stands beside the data directory of a place with shared databases: their addresses.
const ADDRESSES: &str = "databases";

/// The databases of one place.
pub(crate) struct Shared {
    _server: Postgres,
    user: String,
    game: String,
}

impl Shared {
    /// A new server with two empty databases, if the suite runs on PostgreSQL; `root` is where the
    /// data directory will be.
    #[expect(clippy::disallowed_methods, reason = "one suite, two kinds of databases")]
    pub(crate) fn if_asked_for(root: &Path) -> Option<Self> {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) | Ok("") => None,
            Ok("postgres") => Some(Self::start(root)),
            Ok(other) => panic!("{VARIABLE} is `{other}`, neither `postgres` nor unset"),
        }
    }

    /// A new server with two empty databases.
    pub(crate) fn start(root: &Path) -> Self {
        let server = Postgres::start().unwrap();
        let [user, game] = ["users", "games"].map(|name| server.create(name).unwrap());
        std::fs::write(root.join(ADDRESSES), format!("{user}\n{game}\n")).unwrap();
        Self { _server: server, user, game }
    }

    /// Runs `sql` on the user role's database.
    pub(crate) fn execute_as_user(&self, sql: &str) {
        let mut psql = Command::new("psql");
        let done = psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.user]).status();
        assert!(done.unwrap().success(), "{sql}");
    }

    /// Waits until at most one node has its lease: what a killed server owned is anybody's.
    pub(crate) async fn one_node_lives(&self) {
        let sql = "SELECT count(*) <= 1 FROM node WHERE lease_until > clock_timestamp()";
        eventually("the lease of a dead node to run out", PATIENCE, || async {
            let said = Command::new("psql").args(["-At", "-c", sql, &self.game]).output().unwrap();
            (said.stdout == b"t\n").then_some(())
        })
        .await;
    }

    /// The environment of servers that use them.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let named = |name: &str, url: &String| (name.to_owned(), url.clone());
        vec![
            named("WAXWING_POSTGRES__USER", &self.user),
            named("WAXWING_POSTGRES__GAME", &self.game),
        ]
    }
}

/// The addresses of the databases that belong to the data directory `data`, if they are shared.
pub(crate) fn urls(data: &Path) -> Option<Urls> {
    let addresses = std::fs::read_to_string(data.parent()?.join(ADDRESSES)).ok()?;
    let mut lines = addresses.lines().map(|line| kernel::Sealed::new(line.to_owned()));
    Some(Urls { user: lines.next()?, game: lines.next()? })
}

/// `user.db` and `game.db` in `directory`, copied from shared databases.
pub(crate) fn copy(urls: Urls, directory: &Path) {
    let files = ["user.db", "game.db"].map(|file| directory.join(file));
    // A runtime of its own: who asks may stand in one already, and waits.
    let copied = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let [user, game] = files;
        runtime.block_on(async {
            for (url, tables, file) in
                [(&urls.user, mirror::USER, user), (&urls.game, mirror::GAME, game)]
            {
                let connection = Connection::open(file).unwrap();
                mirror::copy(url, tables, &connection, "main").await.unwrap();
            }
        });
    });
    copied.join().unwrap();
}
