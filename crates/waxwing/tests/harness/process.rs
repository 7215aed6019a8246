//! Child processes that end in bounded time, with everything they said.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::time::now;

/// How a process ended and what it printed.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary under test; `E2E_BINARY` names another build of it, for runs that measure.
#[expect(clippy::disallowed_methods, reason = "`make soak` measures a release build")]
pub(crate) fn waxwing() -> Command {
    let other = std::env::var("E2E_BINARY").ok();
    Command::new(other.as_deref().unwrap_or(env!("CARGO_BIN_EXE_waxwing")))
}

/// The same on a disk that forgets what was not synced. Built with the tests, as an example.
pub(crate) fn waxwing_on_forgetful_disk() -> Command {
    let beside = Path::new(env!("CARGO_BIN_EXE_waxwing")).with_file_name("examples");
    Command::new(beside.join("on_forgetful_disk"))
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository is where it was built")
}

/// Runs `command` to its end.
///
/// # Panics
/// If it cannot be started, or still runs after `limit`; then it is killed and its output shown.
pub(crate) async fn finish(mut command: Command, limit: Duration) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    let (out, err) = (directory.path().join("stdout"), directory.path().join("stderr"));
    command.stdin(Stdio::null());
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
    let spawned = command.spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let status = ended(&mut child, limit).await;
    let (stdout, stderr) = (read(&out), read(&err));
    let Some(status) = status else {
        panic!("{command:?} still ran after {limit:?}\n{stdout}\n{stderr}")
    };
    Finished { status, stdout, stderr }
}

/// Waits for `child` to end by itself; after `limit` it is killed and the answer is `None`.
pub(crate) async fn ended(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let started_at = now();
    while started_at.elapsed() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// The text of a file, whatever it holds.
pub(crate) fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}
