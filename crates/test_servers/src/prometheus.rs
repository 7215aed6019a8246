//! Prometheus as Debian packs it (2.42), which asks and judges by the files it is given.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::server::{Server, StartError, at_free_port, directory, run};

/// The file that says who is asked.
const CONFIG: &str = "prometheus.yml";

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    // Stopped before its directory goes.
    _server: Server,
    _directory: TempDir,
    port: u16,
}

impl Prometheus {
    /// Starts a new server on `files`, names and their texts; one is `prometheus.yml`.
    ///
    /// # Errors
    /// [`StartError`]: it is not installed, does not understand the files, or does not listen.
    pub fn start(files: &[(&str, &str)]) -> Result<Self, StartError> {
        let directory = directory()?;
        for (name, text) in files {
            fs::write(directory.path().join(name), text)?;
        }
        let mut check = Command::new("promtool");
        check.args(["check", "config", CONFIG]).current_dir(directory.path());
        run(&mut check)?;
        let (server, port) = at_free_port(|port| serve(directory.path(), port))?;
        Ok(Self { _server: server, _directory: directory, port })
    }

    /// Where it is asked.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn serve(directory: &Path, port: u16) -> Result<Server, StartError> {
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={CONFIG}"))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--storage.tsdb.path=numbers")
        .current_dir(directory);
    Server::start(command, directory, port, "TERM")
}
