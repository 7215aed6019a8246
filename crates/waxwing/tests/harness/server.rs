//! `waxwing up` as a child process: started until ready, killed by its own id, started again.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::http::Caller;
use super::process::{ended, read, waxwing, waxwing_on_forgetful_disk};
use super::settings;
use super::shared::Shared;
use super::time::{PATIENCE, now};

/// A data directory that outlives its servers, and the settings they are started with.
pub(crate) struct Place {
    root: TempDir,
    settings: Vec<(String, String)>,
    forgets: bool,
    /// What holds the databases, where they are not files; it outlives the servers.
    shared: Option<Arc<Shared>>,
    _turn: Option<Turn>,
}

/// Who may use the machine. Under nextest its groups decide and each lock is a process' own;
/// `cargo test` runs all tests in one process, and there a test that measures must be alone.
static MACHINE: RwLock<()> = RwLock::new(());

/// A turn on the machine, given back when the place is dropped.
#[expect(dead_code, reason = "held, never read")]
enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// `http://ADDRESS` of the public listener.
    pub(crate) base: String,
    /// `http://ADDRESS` of the ops listener.
    pub(crate) ops: String,
    /// From the start of the process to its `ready` line.
    pub(crate) ready_after: Duration,
    log: PathBuf,
    /// Its data, if its disk forgets.
    forgetful: Option<PathBuf>,
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

    /// Runs `sql` on the user role's shared database.
    pub(crate) fn execute_as_user(&self, sql: &str) {
        self.shared.as_ref().expect("its databases are shared").execute_as_user(sql);
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
        read(&self.log_file())
    }

    fn log_file(&self) -> PathBuf {
        self.root.path().join("log")
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
            shared.one_node_lives().await;
        }
        server
    }

    async fn start_until_ready(&self) -> Server {
        let started_at = now();
        let (mut child, log) = self.spawn();
        let mut lines = lines(child.stdout.take().unwrap());
        let mut ops = None;
        loop {
            let line = match tokio::time::timeout(PATIENCE, lines.recv()).await {
                Ok(Some(line)) => line,
                Ok(None) => fail(&mut child, &log, "the server ended before it was ready").await,
                Err(_) => fail(&mut child, &log, "the server did not become ready").await,
            };
            if let Some(address) = line.strip_prefix("ops ") {
                ops = Some(address.to_owned());
            } else if let Some(base) = line.strip_prefix("ready ") {
                let ready_after = started_at.elapsed();
                let ops = ops.expect("the line `ops http://ADDRESS` comes before `ready`");
                let forgetful = self.forgets.then(|| self.data());
                return Server { child, base: base.to_owned(), ops, ready_after, log, forgetful };
            }
        }
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

/// Ends the child and the test, showing what the child logged.
async fn fail(child: &mut Child, log: &Path, why: &str) -> ! {
    let status = ended(child, Duration::from_millis(500)).await;
    panic!("{why} ({status:?})\n{}", tail(&read(log)));
}

/// The child's lines as they come. A thread reads them, so that the pipe never fills.
pub(super) fn lines(stdout: ChildStdout) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // A server whose reader has gone may still print.
            sender.send(line).ok();
        }
    });
    receiver
}

/// The last lines of a log, enough to see why a server failed.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

impl Server {
    /// A caller of the public listener.
    pub(crate) fn caller(&self) -> Caller {
        Caller::new(&self.base)
    }

    /// A caller of the ops listener.
    pub(crate) fn ops_caller(&self) -> Caller {
        Caller::new(&self.ops)
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the server ended, if it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// `kill -9`, by the id of the child this test started.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.undelete();
    }

    /// Cuts the power of a server on a forgetful disk: of what was not synced, some survives by
    /// throws of `seed`.
    pub(crate) fn tear(mut self, seed: u64) {
        self.order(&format!("tear {seed}"));
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(6), "it ended by itself: {status:?}");
        self.undelete();
    }

    /// Waits until it has died of what was ordered.
    pub(crate) async fn dead(mut self) {
        let status = ended(&mut self.child, PATIENCE).await.expect("it dies of this");
        assert_eq!(status.signal(), Some(6), "{status:?}");
        self.undelete();
    }

    /// Tells the forgetful disk of the server what to break.
    pub(crate) fn order(&mut self, order: &str) {
        let stdin = self.child.stdin.as_mut().expect("it was started on a forgetful disk");
        writeln!(stdin, "{order}").unwrap();
    }

    /// What a power cut does to names.
    fn undelete(&self) {
        if let Some(data) = &self.forgetful {
            disk_fault::undelete(data).unwrap();
        }
    }

    /// SIGTERM, by the id of the child this test started.
    pub(crate) fn signal(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM, and how the server ended; `None` if it still ran after `limit`.
    pub(crate) async fn terminate(self, limit: Duration) -> Option<ExitStatus> {
        self.signal();
        self.wait(limit).await
    }

    /// How the server ended; `None` if it still ran after `limit`.
    pub(crate) async fn wait(mut self, limit: Duration) -> Option<ExitStatus> {
        ended(&mut self.child, limit).await
    }

    /// Where its log is; it outlives the server.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.log.clone()
    }

    /// What the server has logged so far, over all its lives.
    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail harmlessly when the child has already ended.
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            eprintln!("the server's log ends with\n{}", tail(&self.log()));
        }
    }
}
