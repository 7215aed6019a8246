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
}

impl Nats {
    /// Starts a new server.
    ///
    /// # Errors
    /// [`StartError`]: it is not installed, or does not listen.
    pub fn start() -> Result<Self, StartError> {
        let directory = directory()?;
        let (server, port) = at_free_port(|port| serve(directory.path(), port))?;
        Ok(Self { server, directory, port })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Stops it; [`Nats::restart`] brings it back at the same address.
    ///
    /// # Errors
    /// The system's.
    pub fn stop(&mut self) -> io::Result<()> {
        self.server.stop()
    }

    /// Starts it again, knowing nothing.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.server.stop()?;
        self.server = serve(self.directory.path(), self.port)?;
        Ok(())
    }
}

fn serve(directory: &Path, port: u16) -> Result<Server, StartError> {
    let mut command = Command::new("nats-server");
    command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).current_dir(directory);
    Server::start(command, directory, port, "TERM")
}
