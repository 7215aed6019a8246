//! Each role as processes of its own, on a PostgreSQL and a NATS of their own.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::http::Caller;
use super::place::Place;
use super::process::{Finished, ended, finish, read, waxwing};
use super::server::lines;
use super::time::{PATIENCE, eventually};

/// How long a process of a deployment that starts for the first time may take.
const START: Duration = Duration::from_mins(1);

/// How long all of them may take to end after SIGTERM.
const END: Duration = Duration::from_secs(200);

/// How many processes of each role there are.
const ROLES: [(&str, usize); 3] = [("user", 2), ("game", GAMES), ("gateway", 2)];
/// How many game nodes.
pub(crate) const GAMES: usize = 3;

/// All of them, and what they stand on.
pub(crate) struct Fleet {
    pub(crate) processes: Processes,
    // Their logs are read when they are dropped.
    pub(crate) place: Place,
}

/// Every process of a deployment.
#[derive(Default)]
pub(crate) struct Processes {
    pub(crate) gateways: Vec<Process>,
    pub(crate) users: Vec<Process>,
    pub(crate) games: Vec<Process>,
}

/// One process.
pub(crate) struct Process {
    pub(crate) role: &'static str,
    number: usize,
    child: Child,
    /// `http://ADDRESS` where it takes calls: a gateway from players, the others from each other.
    pub(crate) base: String,
    pub(crate) ops: String,
    log: PathBuf,
}

/// Makes the keys of a deployment in `data`, or keeps those that are there.
pub(crate) async fn make_keys(data: &Path) {
    let mut made = waxwing();
    made.args(["keys", "make", "--keep"]).arg(data);
    let made = finish(made, PATIENCE).await;
    assert!(made.status.success(), "keys are made: {}", made.stderr);
}

impl Processes {
    /// Starts two gateways, two user processes and three game nodes at once, in no order. They
    /// log into files beside `data`.
    pub(crate) async fn start(data: &Path, settings: &[(String, String)]) -> Self {
        let spawned: Vec<_> = ROLES
            .iter()
            .flat_map(|(role, count)| (0..*count).map(move |number| (*role, number)))
            .map(|(role, number)| Spawned::new(role, number, data, settings))
            .collect();
        let mut processes = Self::default();
        for spawned in spawned {
            processes.add(spawned.ready().await);
        }
        processes
    }

    /// One more.
    pub(crate) fn add(&mut self, process: Process) {
        self.of(process.role).push(process);
    }

    /// Those of a role.
    pub(crate) fn of(&mut self, role: &str) -> &mut Vec<Process> {
        match role {
            "gateway" => &mut self.gateways,
            "user" => &mut self.users,
            _ => &mut self.games,
        }
    }

    /// `kill -9` for all.
    pub(crate) fn kill(&mut self) {
        for (role, _) in ROLES {
            self.of(role).drain(..).for_each(Process::kill);
        }
    }

    /// All of them.
    pub(crate) fn all(&mut self) -> impl Iterator<Item = &mut Process> {
        self.gateways.iter_mut().chain(&mut self.users).chain(&mut self.games)
    }

    /// Their listeners of operators.
    pub(crate) fn doors(&self) -> impl Iterator<Item = &String> {
        self.gateways.iter().chain(&self.users).chain(&self.games).map(|process| &process.ops)
    }

    /// Ends all by SIGTERM, players' side first, each within `limit`.
    pub(crate) async fn end(&mut self, limit: Duration) {
        for role in ["gateway", "game", "user"] {
            for process in self.of(role).drain(..) {
                process.terminate(limit).await;
            }
        }
    }
}

impl Fleet {
    /// Starts everything at once, in no order.
    pub(crate) async fn start(more: &[(&str, &str)]) -> Self {
        Self::at(Place::apart(more)).await
    }

    /// Starts everything in a place that is there.
    pub(crate) async fn at(place: Place) -> Self {
        make_keys(&place.data()).await;
        let processes = Processes::start(&place.data(), &place.settings()).await;
        Self { processes, place }
    }

    /// Starts another game node.
    pub(crate) async fn add_game(&mut self) {
        let number = self.processes.games.len() + 10;
        self.start_one("game", number).await;
    }

    /// Starts the process of this role and number, which must not run.
    pub(crate) async fn start_one(&mut self, role: &'static str, number: usize) {
        let spawned = Spawned::new(role, number, &self.place.data(), &self.place.settings());
        self.processes.add(spawned.ready().await);
    }

    /// Calls the gateway of this number.
    pub(crate) fn caller(&self, gateway: usize) -> Caller {
        Caller::new(&self.processes.gateways[gateway].base)
    }

    /// The number of the node that plays the only lobby there is.
    pub(crate) async fn owner(&self) -> usize {
        eventually("a node to play the lobby", PATIENCE, || async {
            for (number, game) in self.processes.games.iter().enumerate() {
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
        self.place.shared().ask_games(sql)
    }

    /// `waxwing check` on both databases.
    pub(crate) async fn check(&self) -> Finished {
        let mut command = waxwing();
        command.args(["check", "--json"]).envs(self.place.settings());
        finish(command, Duration::from_mins(1)).await
    }

    /// Ends all by SIGTERM, players' side first, and finds both databases sound.
    pub(crate) async fn end_soundly(&mut self) {
        self.processes.end(END).await;
        let finished = self.check().await;
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(finished.status.code(), Some(0), "{report}");
    }
}

struct Spawned {
    role: &'static str,
    number: usize,
    child: Child,
    log: PathBuf,
}

impl Spawned {
    /// Starts a process and does not wait for it. Each is told what its role needs and no more.
    fn new(role: &'static str, number: usize, data: &Path, settings: &[(String, String)]) -> Self {
        let log = data.with_file_name(format!("{role}-{number}.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = waxwing();
        command.arg(role).env("WAXWING_DATA", data);
        let others: &[&str] = match role {
            "user" => &["WAXWING_POSTGRES__GAME"],
            "game" => &["WAXWING_POSTGRES__USER"],
            _ => &["WAXWING_POSTGRES__USER", "WAXWING_POSTGRES__GAME"],
        };
        let own = settings.iter().filter(|(key, _)| !others.contains(&key.as_str()));
        command.envs(own.map(|(key, value)| (key, value)));
        for listener in ["OPS", "INTERNAL__LISTEN", "GATEWAY__LISTEN"] {
            command.env(format!("WAXWING_{listener}"), "127.0.0.1:0");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        Self { role, number, child: command.spawn().unwrap(), log }
    }

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
                let Self { role, number, child, log } = self;
                return Process { role, number, child, base, ops, log };
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

    /// Its number among those of its role, by which it is started again.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// `kill -9`, by the id of the child this test started.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
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
