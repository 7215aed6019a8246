//! nats-server as Debian packs it (2.9): core NATS alone, no streams.

use std::io;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::server::{Server, StartError, at_free_port, directory};

/// A running NATS server.
#[derive(Debug)]
pub struct Nats {
    // Stopped before its directory goes.
    server: Server,
    directory: TempDir,
    port: u16,
    password: Option<&'static str>,
}

/// Who signs in where a password is asked for.
const USER: &str = "waxwing";

impl Nats {
    /// Starts a new server.
    ///
    /// # Errors
    /// [`StartError`]: it is not installed, or does not listen.
    pub fn start() -> Result<Self, StartError> {
        Self::serve(None)
    }

    /// Starts a new server that lets in only who knows `password`.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_with_password(password: &'static str) -> Result<Self, StartError> {
        Self::serve(Some(password))
    }

    fn serve(password: Option<&'static str>) -> Result<Self, StartError> {
        let directory = directory()?;
        let (server, port) = at_free_port(|port| serve(directory.path(), port, password))?;
        Ok(Self { server, directory, port, password })
    }

    /// Its address, with the password if it asks for one.
    #[must_use]
    pub fn url(&self) -> String {
        match self.password {
            Some(password) => format!("nats://{USER}:{password}@127.0.0.1:{}", self.port),
            None => self.url_without_password(),
        }
    }

    /// The address that a stranger knows.
    #[must_use]
    pub fn url_without_password(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Stops it; [`Nats::restart`] brings it back at the same address.
    ///
    /// # Errors
    /// The system's.
    pub fn stop(&mut self) -> io::Result<()> {
        self.server.stop()
    }

    /// Pauses it: its connections stay open, and nothing moves on them.
    ///
    /// # Errors
    /// The system's.
    pub fn pause(&self) -> io::Result<()> {
        self.server.signal("STOP")
    }

    /// Ends [`Nats::pause`].
    ///
    /// # Errors
    /// The system's.
    pub fn resume(&self) -> io::Result<()> {
        self.server.signal("CONT")
    }

    /// Starts it again, knowing nothing.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.server.stop()?;
        self.server = serve(self.directory.path(), self.port, self.password)?;
        Ok(())
    }
}

fn serve(directory: &Path, port: u16, password: Option<&str>) -> Result<Server, StartError> {
    let mut command = Command::new("nats-server");
    command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).current_dir(directory);
    if let Some(password) = password {
        command.args(["--user", USER, "--pass", password]);
    }
    Server::start(command, directory, port, "TERM")
}
