//! Databases that are no files: a PostgreSQL of the test's own, where the environment asks for it,
//! and a NATS beside it where each role is to be processes of its own.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard};

use rusqlite::Connection;
use test_servers::{Nats, Postgres};
use waxwing::mirror;
use waxwing::postgres::Urls;

use super::fleet;
use super::time::{PATIENCE, eventually};

/// `postgres` runs the suite on PostgreSQL, `apart` on processes of each role; anything else but
/// nothing is refused.
const VARIABLE: &str = "E2E_STORE";
/// What processes prove themselves with towards NATS.
const NATS_PASSWORD: &str = "nobody-guesses-this";
/// What stands beside the data directory of a place with shared databases: their addresses.
const ADDRESSES: &str = "databases";

/// The databases of one place.
pub(crate) struct Shared {
    server: Mutex<Postgres>,
    /// Where the user role's database is, if not on the same server.
    users: Option<Mutex<Postgres>>,
    user: String,
    game: String,
    nats: Option<Mutex<Nats>>,
}

impl Shared {
    /// A new server with two empty databases, if the suite runs on PostgreSQL; `root` is where the
    /// data directory will be.
    #[expect(clippy::disallowed_methods, reason = "one suite, two kinds of databases")]
    pub(crate) fn if_asked_for(root: &Path) -> Option<Self> {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) | Ok("") => None,
            Ok("postgres") => Some(Self::start(root)),
            Ok("apart") => Some(Self::start(root).with_nats()),
            Ok(other) => panic!("{VARIABLE} is `{other}`: not `postgres`, `apart` or unset"),
        }
    }

    /// A new server with two empty databases.
    pub(crate) fn start(root: &Path) -> Self {
        let server = Postgres::start().unwrap();
        let [user, game] = ["users", "games"].map(|name| server.create(name).unwrap());
        write_down(root, &user, &game);
        Self { server: Mutex::new(server), users: None, user, game, nats: None }
    }

    /// Two new servers with an empty database each, so that one can be away without the other.
    pub(crate) fn start_on_two_servers(root: &Path) -> Self {
        let (users, games) = (Postgres::start().unwrap(), Postgres::start().unwrap());
        let (user, game) = (users.create("users").unwrap(), games.create("games").unwrap());
        write_down(root, &user, &game);
        let users = Some(Mutex::new(users));
        Self { server: Mutex::new(games), users, user, game, nats: None }
    }

    /// The same, with a NATS over which processes find each other.
    pub(crate) fn with_nats(self) -> Self {
        let nats = Nats::start_with_password(NATS_PASSWORD).unwrap();
        Self { nats: Some(Mutex::new(nats)), ..self }
    }

    /// That NATS, to stop it and start it again.
    pub(crate) fn nats(&self) -> MutexGuard<'_, Nats> {
        self.nats.as_ref().expect("each role is processes of its own").lock().unwrap()
    }

    /// The database server, to pause it and to let it crash.
    pub(crate) fn server(&self) -> MutexGuard<'_, Postgres> {
        self.server.lock().unwrap()
    }

    /// The server of the user role's database.
    pub(crate) fn users(&self) -> MutexGuard<'_, Postgres> {
        self.users.as_ref().unwrap_or(&self.server).lock().unwrap()
    }

    /// Whether each role is processes of its own.
    pub(crate) const fn is_apart(&self) -> bool {
        self.nats.is_some()
    }

    /// Runs `sql` on the user role's database.
    pub(crate) fn execute_as_user(&self, sql: &str) {
        let mut psql = Command::new("psql");
        let done = psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.user]).status();
        assert!(done.unwrap().success(), "{sql}");
    }

    /// One value of the game role's database.
    pub(crate) fn ask_games(&self, sql: &str) -> String {
        let said = Command::new("psql").args(["-At", "-c", sql, &self.game]).output().unwrap();
        assert!(said.status.success(), "{sql}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    /// Waits until no more nodes have a lease than a server is: what a killed one owned is
    /// anybody's.
    pub(crate) async fn the_dead_are_gone(&self) {
        let nodes = if self.is_apart() { fleet::GAMES } else { 1 };
        let sql =
            format!("SELECT count(*) <= {nodes} FROM node WHERE lease_until > clock_timestamp()");
        eventually("the lease of a dead node to run out", PATIENCE, || async {
            (self.ask_games(&sql) == "t").then_some(())
        })
        .await;
    }

    /// The environment of servers that use them.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let named = |name: &str, url: &String| (name.to_owned(), url.clone());
        let mut settings = vec![
            named("WAXWING_POSTGRES__USER", &self.user),
            named("WAXWING_POSTGRES__GAME", &self.game),
        ];
        if self.is_apart() {
            settings.push(named("WAXWING_INTERNAL__NATS", &self.nats().url()));
        }
        settings
    }
}

fn write_down(root: &Path, user: &str, game: &str) {
    std::fs::write(root.join(ADDRESSES), format!("{user}\n{game}\n")).unwrap();
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
