//! Two gateways, two user processes and three game nodes on a PostgreSQL and a NATS of their own.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use test_servers::{Nats, Postgres};

use super::http::Caller;
use super::process::{Finished, ended, finish, read, waxwing};
use super::server::lines;
use super::settings;
use super::time::{PATIENCE, eventually};

/// How long a process of a deployment that starts for the first time may take.
const START: Duration = Duration::from_mins(1);

/// All of them, and what they stand on.
pub(crate) struct Fleet {
    user_url: String,
    game_url: String,
    more: Vec<(String, String)>,
    pub(crate) gateways: Vec<Process>,
    pub(crate) users: Vec<Process>,
    pub(crate) games: Vec<Process>,
    pub(crate) nats: Nats,
    _postgres: Postgres,
    // Their logs are read when they are dropped.
    root: TempDir,
}

/// One process.
pub(crate) struct Process {
    child: Child,
    /// `http://ADDRESS` where it takes calls: a gateway from players, the others from each other.
    pub(crate) base: String,
    pub(crate) ops: String,
    log: PathBuf,
}

impl Fleet {
    /// Starts everything at once, in no order.
    pub(crate) async fn start(more: &[(&str, &str)]) -> Self {
        let root = tempfile::Builder::new().prefix("waxwing-fleet-").tempdir().unwrap();
        let (postgres, nats) =
            (Postgres::start().unwrap(), Nats::start_with_password("nobody-guesses-this").unwrap());
        let [user_url, game_url] = ["users", "games"].map(|name| postgres.create(name).unwrap());
        let mut made = waxwing();
        made.args(["keys", "make"]).arg(root.path());
        assert!(finish(made, PATIENCE).await.status.success(), "keys are made");
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let more = settings::RAISED.iter().chain(more).map(owned).collect();
        let (gateways, users, games) = (Vec::new(), Vec::new(), Vec::new());
        let mut fleet = Self {
            root,
            nats,
            _postgres: postgres,
            user_url,
            game_url,
            more,
            gateways,
            users,
            games,
        };
        let roles = [("gateway", 2), ("user", 2), ("game", 3)];
        let spawned: Vec<_> = roles
            .iter()
            .flat_map(|(role, count)| (0..*count).map(move |number| (*role, number)))
            .map(|(role, number)| (role, fleet.spawn(role, number)))
            .collect();
        for (role, spawned) in spawned {
            let process = spawned.ready().await;
            match role {
                "gateway" => fleet.gateways.push(process),
                "user" => fleet.users.push(process),
                _ => fleet.games.push(process),
            }
        }
        fleet
    }

    fn spawn(&self, role: &str, number: usize) -> Spawned {
        let log = self.root.path().join(format!("{role}-{number}.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = waxwing();
        command.arg(role).envs(self.more.iter().map(|(key, value)| (key, value)));
        command.env("WAXWING_DATA", self.root.path());
        command.env("WAXWING_INTERNAL__NATS", self.nats.url());
        for listener in ["OPS", "INTERNAL__LISTEN", "GATEWAY__LISTEN"] {
            command.env(format!("WAXWING_{listener}"), "127.0.0.1:0");
        }
        match role {
            "user" => command.env("WAXWING_POSTGRES__USER", &self.user_url),
            "game" => command.env("WAXWING_POSTGRES__GAME", &self.game_url),
            _ => &mut command,
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        Spawned { child: command.spawn().unwrap(), log }
    }

    /// Starts another game node.
    pub(crate) async fn add_game(&mut self) {
        let process = self.spawn("game", self.games.len() + 10).ready().await;
        self.games.push(process);
    }

    /// Calls the gateway of this number.
    pub(crate) fn caller(&self, gateway: usize) -> Caller {
        Caller::new(&self.gateways[gateway].base)
    }

    /// The number of the node that plays the only lobby there is.
    pub(crate) async fn owner(&self) -> usize {
        eventually("a node to play the lobby", PATIENCE, || async {
            for (number, game) in self.games.iter().enumerate() {
                let metrics = Caller::new(&game.ops).get("/metrics").await.text;
                if metrics.lines().any(|line| line == "waxwing_game_lobbies 1") {
                    return Some(number);
                }
            }
            None
        })
        .await
    }

    /// One value of the game's database.
    pub(crate) fn ask_games(&self, sql: &str) -> String {
        let said = Command::new("psql").args(["-At", "-c", sql, &self.game_url]).output().unwrap();
        assert!(said.status.success(), "{sql}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    /// `waxwing check` on both databases.
    pub(crate) async fn check(&self) -> Finished {
        let mut command = waxwing();
        command.args(["check", "--json"]);
        command.env("WAXWING_POSTGRES__USER", &self.user_url);
        command.env("WAXWING_POSTGRES__GAME", &self.game_url);
        finish(command, Duration::from_mins(1)).await
    }

    /// Ends all by SIGTERM, players' side first, and finds both databases sound.
    pub(crate) async fn end_soundly(&mut self) {
        for process in [&mut self.gateways, &mut self.games, &mut self.users] {
            for process in process.drain(..) {
                process.terminate(Duration::from_secs(200)).await;
            }
        }
        let finished = self.check().await;
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(finished.status.code(), Some(0), "{report}");
    }
}

struct Spawned {
    child: Child,
    log: PathBuf,
}

impl Spawned {
    async fn ready(mut self) -> Process {
        let mut lines = lines(self.child.stdout.take().unwrap());
        let mut ops = None;
        loop {
            let line = tokio::time::timeout(START, lines.recv()).await;
            let Ok(Some(line)) = line else {
                self.child.kill().ok();
                self.child.wait().ok();
                panic!("{} is not ready\n{}", self.log.display(), read(&self.log));
            };
            if let Some(address) = line.strip_prefix("ops ") {
                ops = Some(address.to_owned());
            } else if let Some(base) = line.strip_prefix("ready ") {
                let ops = ops.expect("the line `ops` comes before `ready`");
                let base = base.to_owned();
                return Process { child: self.child, base, ops, log: self.log };
            }
        }
    }
}

impl Process {
    /// Sends it a signal, by the id of the child this test started.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM; it ends well within `limit`.
    pub(crate) async fn terminate(mut self, limit: Duration) {
        self.signal("TERM");
        let status = ended(&mut self.child, limit).await;
        assert!(status.is_some_and(|status| status.success()), "{status:?}\n{}", self.log());
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail harmlessly when the child has already ended.
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            let log = self.log();
            let last: Vec<&str> = log.lines().rev().take(25).collect();
            eprintln!("{} ends with", self.log.display());
            for line in last.iter().rev() {
                eprintln!("{line}");
            }
        }
    }
}
