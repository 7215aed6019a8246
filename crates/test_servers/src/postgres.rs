//! PostgreSQL 15 as Debian packs it, with the durability that money needs left on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use tempfile::TempDir;

use crate::server::{Server, StartError, at_free_port, directory, run, wait_until};

/// Where Debian puts what a server needs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// The data directory of a server, by its name.
const CLUSTER: &str = "cluster";

/// A running PostgreSQL with one empty database.
#[derive(Debug)]
pub struct Postgres {
    // Stopped before its directory goes.
    server: Server,
    directory: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts a new, empty server.
    ///
    /// # Errors
    /// [`StartError`]: its programs are not installed, or it does not listen.
    pub fn start() -> Result<Self, StartError> {
        let directory = directory()?;
        copy(&template()?, &directory.path().join(CLUSTER))?;
        let (server, port) = at_free_port(|port| serve(directory.path(), port))?;
        Ok(Self { server, directory, port })
    }

    /// The address of its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Makes another empty database; its address.
    ///
    /// # Errors
    /// [`StartError`]: it is there already, or the server does not answer.
    pub fn create(&self, name: &str) -> Result<String, StartError> {
        let mut create = Command::new(format!("{PROGRAMS}/createdb"));
        create.args(["-h", "127.0.0.1", "-U", "waxwing", "-p", &self.port.to_string(), name]);
        run(&mut create)?;
        Ok(self.url_of(name))
    }

    fn url_of(&self, name: &str) -> String {
        format!("postgresql://waxwing@127.0.0.1:{}/{name}", self.port)
    }

    /// Pauses the server's first process: nobody new is let in, who is in stays.
    ///
    /// # Errors
    /// The system's.
    pub fn pause(&self) -> io::Result<()> {
        self.server.signal("STOP")
    }

    /// Ends [`Postgres::pause`].
    ///
    /// # Errors
    /// The system's.
    pub fn resume(&self) -> io::Result<()> {
        self.server.signal("CONT")
    }

    /// Pauses all of it, sessions too, as a machine that stands still: connections stay open, and
    /// nothing is answered on them.
    ///
    /// # Errors
    /// The system's.
    pub fn freeze(&self) -> io::Result<()> {
        self.server.signal_family("STOP")
    }

    /// Ends [`Postgres::freeze`].
    ///
    /// # Errors
    /// The system's.
    pub fn thaw(&self) -> io::Result<()> {
        self.server.signal_family("CONT")
    }

    /// Ends every session in the middle of its work, as a crash does.
    ///
    /// # Errors
    /// The system's.
    pub fn crash(&mut self) -> io::Result<()> {
        self.server.stop()
    }

    /// Starts again what [`Postgres::crash`] ended; it recovers from its log.
    ///
    /// # Errors
    /// [`StartError`]: it did not come back.
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.server = serve(self.directory.path(), self.port)?;
        Ok(())
    }

    /// [`Postgres::crash`] and [`Postgres::restart`].
    ///
    /// # Errors
    /// [`StartError`]: it did not come back.
    pub fn crash_and_restart(&mut self) -> Result<(), StartError> {
        self.crash()?;
        self.restart()
    }
}

/// An empty cluster that every test starts with a copy of: making one takes a second of a core.
fn template() -> Result<PathBuf, StartError> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let template = target.join("test_servers/postgres-15");
    if template.is_dir() {
        return Ok(template);
    }
    let made = directory()?;
    run(Command::new(format!("{PROGRAMS}/initdb"))
        .args(["--no-sync", "--auth=trust", "--username=waxwing", "--encoding=UTF8"])
        .args(["--locale=C", "-D"])
        .arg(made.path().join(CLUSTER))
        .current_dir(made.path()))?;
    fs::create_dir_all(target.join("test_servers"))?;
    let mine = TempDir::new_in(target.join("test_servers"))?;
    copy(&made.path().join(CLUSTER), &mine.path().join(CLUSTER))?;
    // Whole or not at all; whoever comes second finds the first one's.
    match fs::rename(mine.path().join(CLUSTER), &template) {
        Err(error) if !template.is_dir() => Err(error.into()),
        _ => Ok(template),
    }
}

/// Copies a directory with its owners and modes, which the server insists on.
fn copy(from: &Path, to: &Path) -> Result<(), StartError> {
    let done = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status()?;
    if done.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("`cp` ended with {done}")).into())
}

fn serve(directory: &Path, port: u16) -> Result<Server, StartError> {
    let mut command = Command::new(format!("{PROGRAMS}/postgres"));
    command
        .arg("-D")
        .arg(directory.join(CLUSTER))
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories=", "-c", "shared_buffers=32MB"])
        .current_dir(directory);
    // QUIT ends it at once, as a crash would; it recovers from its log.
    let server = Server::start(command, directory, port, "QUIT")?;
    // It listens before it has recovered.
    let mut ready = Command::new(format!("{PROGRAMS}/pg_isready"));
    ready.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
    wait_until(|| run(&mut ready))?;
    Ok(server)
}
