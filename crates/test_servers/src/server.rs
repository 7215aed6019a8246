//! One child process, its directory and its port; every signal goes to its own process id.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// Debian's `nobody`: PostgreSQL refuses to run as root.
const ORDINARY_USER: u32 = 65_534;
/// How often a starting server is looked at, and how long: loaded machines start slowly.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: u32 = 1_500;

/// Why a server does not run.
#[derive(Debug)]
pub struct StartError(String);

impl StartError {
    pub(crate) const fn because(reason: String) -> Self {
        Self(reason)
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; `scripts/deps.sh tests` installs what tests need", self.0)
    }
}

impl std::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Another process may take the port between the look and the start.
const TRIES: u32 = 5;

/// What `serve` starts at a free port, and that port.
pub(crate) fn at_free_port(
    serve: impl Fn(u16) -> Result<Server, StartError>,
) -> Result<(Server, u16), StartError> {
    let mut tries = 1;
    loop {
        let port = free_port()?;
        match serve(port) {
            Err(_) if tries < TRIES => tries += 1,
            started => return Ok((started?, port)),
        }
    }
}

/// A child process that is stopped and waited for when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Option<Child>,
    /// What `stop` sends.
    stop_signal: &'static str,
}

impl Server {
    /// Starts `command`, its output in `directory`, and waits until `port` takes connections.
    pub(crate) fn start(
        mut command: Command,
        directory: &Path,
        port: u16,
        stop_signal: &'static str,
    ) -> Result<Self, StartError> {
        let log = directory.join("log");
        let output = File::create(&log)?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = as_ordinary_user(&mut command)?
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| StartError(format!("`{program}` does not start: {error}")))?;
        let mut server = Self { child: Some(child), stop_signal };
        for _ in 0..LOOKS {
            if TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok() {
                return Ok(server);
            }
            if server.has_ended()? {
                break;
            }
            thread::sleep(LOOK);
        }
        let said = fs::read_to_string(&log).unwrap_or_default();
        Err(StartError(format!("`{program}` does not listen: {said}")))
    }

    /// Sends `signal` (`STOP`, `CONT`, `KILL` ..) to the process.
    pub(crate) fn signal(&self, signal: &str) -> io::Result<()> {
        let Some(child) = &self.child else { return Ok(()) };
        let id = child.id().to_string();
        // The shell's own `kill`: no library, and no package beside what Debian always has.
        let script = "kill -s \"$0\" \"$1\"";
        Command::new("sh").args(["-c", script, signal, &id]).status().map(drop)
    }

    /// Sends `signal` to the process and to those that it has started itself.
    pub(crate) fn signal_family(&self, signal: &str) -> io::Result<()> {
        self.signal(signal)?;
        let Some(child) = &self.child else { return Ok(()) };
        // The kernel's own list of this process' children, so nobody else's are met.
        let list = format!("/proc/{0}/task/{0}/children", child.id());
        let children = fs::read_to_string(list)?;
        // One that ends meanwhile is no fault: the others get their signal all the same.
        let script = "for id in $1; do kill -s \"$0\" $id; done; true";
        Command::new("sh")
            .args(["-c", script, signal, children.trim()])
            .stderr(Stdio::null())
            .status()
            .map(drop)
    }

    /// Stops the process and waits for its end.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        // A paused process takes no signal before it goes on.
        self.signal("CONT")?;
        self.signal(self.stop_signal)?;
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    fn has_ended(&mut self) -> io::Result<bool> {
        let Some(child) = &mut self.child else { return Ok(true) };
        Ok(child.try_wait()?.is_some())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _stopped = self.stop();
    }
}

/// A directory that the ordinary user owns.
pub(crate) fn directory() -> io::Result<TempDir> {
    let directory = tempfile::tempdir()?;
    if is_root()? {
        chown(directory.path(), Some(ORDINARY_USER), Some(ORDINARY_USER))?;
    }
    Ok(directory)
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Root becomes an ordinary user; everybody else stays who they are.
pub(crate) fn as_ordinary_user(command: &mut Command) -> io::Result<&mut Command> {
    if is_root()? {
        command.uid(ORDINARY_USER).gid(ORDINARY_USER);
    }
    Ok(command)
}

/// Asks until `done` holds; its last error if it never does.
pub(crate) fn wait_until(
    mut done: impl FnMut() -> Result<(), StartError>,
) -> Result<(), StartError> {
    let mut looks = 1;
    while let Err(error) = done() {
        if looks == LOOKS {
            return Err(error);
        }
        looks += 1;
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Runs `command` to its end; an error with all it said unless it ended well.
pub(crate) fn run(command: &mut Command) -> Result<(), StartError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = as_ordinary_user(command)?
        .output()
        .map_err(|error| StartError(format!("`{program}` does not start: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(StartError(format!("`{program}`: {}", String::from_utf8_lossy(&output.stderr))))
}

fn is_root() -> io::Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}
