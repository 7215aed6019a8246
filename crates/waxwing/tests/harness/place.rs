//! Where servers are started: their files, their settings, and a turn on the machine.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tempfile::TempDir;

use super::fleet::{self, Processes};
use super::process::{waxwing, waxwing_on_forgetful_disk};
use super::server::{Server, logs};
use super::settings;
use super::shared::Shared;
use super::time::now;

/// A data directory that outlives its servers, and the settings they are started with.
pub(crate) struct Place {
    root: TempDir,
    settings: Vec<(String, String)>,
    forgets: bool,
    /// What holds the databases, where they are not files; it outlives the servers.
    shared: Option<Arc<Shared>>,
    _turn: Option<Turn>,
}

/// The log of a server that is alone, beside its data. Processes of roles log into `ROLE-N.log`.
const LOG: &str = "up.log";

/// Who may use the machine. Under nextest its groups decide and each lock is a process' own;
/// `cargo test` runs all tests in one process, and there a test that measures must be alone.
static MACHINE: RwLock<()> = RwLock::new(());

/// A turn on the machine, given back when the place is dropped.
#[expect(dead_code, reason = "held, never read")]
enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Place {
    /// An empty data directory; limits on clients are raised, since every test is one client.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// The same, where almost every round crashes at once.
    pub(crate) fn fast() -> Self {
        Self::with(settings::FAST)
    }

    /// A place whose databases are a PostgreSQL of its own, whatever the suite runs on.
    pub(crate) fn on_postgres(more: &[(&str, &str)]) -> Self {
        let mut place = Self::with(more);
        if place.shared.is_none() {
            let shared = Shared::start(place.root.path());
            place.settings.extend(shared.settings());
            place.shared = Some(Arc::new(shared));
        }
        place
    }

    /// A place where each role is processes of its own, whatever the suite runs on.
    pub(crate) fn apart(more: &[(&str, &str)]) -> Self {
        Self::with(&[]).with_roles_apart().set(more)
    }

    /// The same, for a test that measures.
    pub(crate) fn apart_and_alone(more: &[(&str, &str)]) -> Self {
        Self::alone(&[]).with_roles_apart().set(more)
    }

    /// Whether each role is processes of its own here.
    pub(crate) fn is_apart(&self) -> bool {
        self.shared.as_deref().is_some_and(Shared::is_apart)
    }

    /// The same, where each database is on a server of its own.
    pub(crate) fn apart_on_two_servers(more: &[(&str, &str)]) -> Self {
        let mut place = Self::alone(&[]);
        let shared = Shared::start_on_two_servers(place.root.path()).with_nats();
        // What is set twice has the value that was set last.
        place.settings.extend(shared.settings());
        place.shared = Some(Arc::new(shared));
        place.set(more)
    }

    fn with_roles_apart(mut self) -> Self {
        if !self.is_apart() {
            let shared = Shared::start(self.root.path()).with_nats();
            self.settings.extend(shared.settings());
            self.shared = Some(Arc::new(shared));
        }
        self
    }

    /// What holds its databases where they are not files.
    pub(crate) fn shared(&self) -> &Shared {
        self.shared.as_ref().expect("its databases are shared")
    }

    /// Runs `sql` on the user role's shared database.
    pub(crate) fn execute_as_user(&self, sql: &str) {
        self.shared().execute_as_user(sql);
    }

    /// The same, with more settings: environment variables of `waxwing` and their values.
    pub(crate) fn with(more: &[(&str, &str)]) -> Self {
        Self::unraised().set(settings::RAISED).set(more)
    }

    /// The same, for a test that measures: no other test runs a server beside it.
    pub(crate) fn alone(more: &[(&str, &str)]) -> Self {
        let alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
        Self::shipped(Turn::Alone(alone)).set(settings::RAISED).set(more)
    }

    /// An empty data directory, the settings as shipped.
    pub(crate) fn unraised() -> Self {
        Self::shipped(Turn::Shared(MACHINE.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn shipped(turn: Turn) -> Self {
        let root = tempfile::Builder::new().prefix("waxwing-e2e-").tempdir().unwrap();
        let shared = Shared::if_asked_for(root.path()).map(Arc::new);
        let settings = shared.as_ref().map_or_else(Vec::new, |shared| shared.settings());
        Self { root, settings, forgets: false, shared, _turn: Some(turn) }
    }

    /// Another place with the same files and settings; its server must be stopped. The turn stays
    /// with this one, which must outlive it.
    pub(crate) fn twin(&self) -> Self {
        let root = tempfile::Builder::new().prefix("waxwing-e2e-").tempdir().unwrap();
        copy_directory(&self.data(), &root.path().join("data"));
        let (settings, shared) = (self.settings.clone(), self.shared.clone());
        Self { root, settings, forgets: self.forgets, shared, _turn: None }
    }

    /// The same, with more settings.
    pub(crate) fn and(self, more: &[(&str, &str)]) -> Self {
        self.set(more)
    }

    /// The same on a disk that forgets what was not synced: the death of a server is a power cut.
    pub(crate) fn on_forgetful_disk(self) -> Self {
        Self { forgets: true, ..self }
    }

    /// Arms a failpoint in the servers started from now on, or none.
    pub(crate) fn arm(&mut self, failpoint: Option<&str>) {
        let name = platform::failpoint::VARIABLE;
        self.settings.retain(|(key, _)| key != name);
        self.settings.extend(failpoint.map(|text| (name.to_owned(), text.to_owned())));
    }

    fn set(mut self, more: &[(&str, &str)]) -> Self {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        self.settings.extend(more.iter().map(owned));
        self
    }

    /// The environment its servers are started with.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }

    /// What all servers here have logged so far.
    pub(crate) fn log(&self) -> String {
        logs(&self.log_file())
    }

    fn log_file(&self) -> PathBuf {
        self.root.path().join(LOG)
    }

    /// Where the server keeps its files.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// The command that starts a server here, on ports of its own choice.
    pub(crate) fn command(&self) -> Command {
        let mut command = if self.forgets { waxwing_on_forgetful_disk() } else { waxwing() };
        command.args(["up", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data"]);
        command.arg(self.data());
        command.envs(self.settings.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Starts a server and does not wait for it.
    pub(crate) fn spawn(&self) -> (Child, PathBuf) {
        let log = self.log_file();
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = self.command();
        let stdin = if self.forgets { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(file);
        (command.spawn().expect("the binary was built"), log)
    }

    /// Starts a server and waits until it is ready, and plays what an earlier one played.
    pub(crate) async fn start(&self) -> Server {
        let server = self.start_until_ready().await;
        if let Some(shared) = &self.shared {
            shared.the_dead_are_gone().await;
        }
        server
    }

    async fn start_until_ready(&self) -> Server {
        let started_at = now();
        if self.is_apart() {
            fleet::make_keys(&self.data()).await;
            let processes = Processes::start(&self.data(), &self.settings).await;
            return Server::apart(processes, self.log_file(), started_at);
        }
        let (child, log) = self.spawn();
        Server::ready(child, log, self.forgets.then(|| self.data()), started_at).await
    }
}

/// Copies files and directories, modes and all.
fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_directory(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
