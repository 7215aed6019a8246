//! The real program: how soon it is ready on a data directory it has used before, and what it
//! weighs while nobody plays.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail};
use platform::clock::Stopwatch;

use crate::bets::beside_program;

/// Starts that are measured, after one that fills the directory.
const STARTS: usize = 5;
/// How long the program idles before it is weighed.
const IDLE: Duration = Duration::from_secs(3);
/// How often an ending program is looked at, and how often at most.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: u32 = 1_500;

/// What was measured.
pub(crate) struct Figures {
    /// From spawning to the line `ready`, the median.
    pub(crate) start_ms: f64,
    /// Resident memory, in megabytes of 10^6 bytes.
    pub(crate) idle_mb: f64,
}

/// A running server; killed if it is forgotten.
pub(crate) struct Server {
    child: Child,
    /// Where players connect.
    address: String,
    /// From spawning to the line `ready`.
    start_ms: f64,
}

/// Starts the server that was built with this program.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let directory = tempfile::tempdir_in(beside_program()?)?;
    let data = directory.path().join("data");
    let first = Server::start(&data, &[])?;
    sleep(IDLE);
    first.stop()?;
    let mut starts = Vec::new();
    let mut idle_mb = 0.0;
    for _ in 0..STARTS {
        let server = Server::start(&data, &[])?;
        starts.push(server.start_ms);
        if starts.len() == STARTS {
            sleep(IDLE);
            idle_mb = server.resident_mb()?;
        }
        server.stop()?;
    }
    starts.sort_by(f64::total_cmp);
    Ok(Figures { start_ms: starts[STARTS / 2], idle_mb })
}

impl Server {
    /// Starts on `data` with `settings` from the environment; answers when it said that it is
    /// ready.
    pub(crate) fn start(data: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut command = Command::new(beside_program()?.join("waxwing"));
        command
            .args(["up", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs(settings.iter().copied());
        Self::run(command)
    }

    /// Starts the process of one role, which finds its keys in `data` and takes any free ports.
    pub(crate) fn start_role(
        role: &str,
        data: &Path,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(beside_program()?.join("waxwing"));
        command.arg(role).env("WAXWING_DATA", data).envs(settings.iter().copied());
        for listener in ["OPS", "INTERNAL__LISTEN", "GATEWAY__LISTEN"] {
            command.env(format!("WAXWING_{listener}"), "127.0.0.1:0");
        }
        Self::run(command)
    }

    fn run(mut command: Command) -> anyhow::Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let watch = Stopwatch::start();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{program} starts: build it first"))?;
        let output = child.stdout.take().context("its output is read")?;
        let mut server = Self { child, address: String::new(), start_ms: 0.0 };
        for line in BufReader::new(output).lines() {
            if let Some(address) = line?.strip_prefix("ready http://") {
                address.clone_into(&mut server.address);
                server.start_ms = watch.seconds() * 1_000.0;
                return Ok(server);
            }
        }
        bail!("the server ended before it was ready")
    }

    /// Host and port of the public listener.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its number.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory as the kernel counts it.
    fn resident_mb(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
        let kib = line.split_whitespace().nth(1).context("a number of KiB")?;
        Ok(kib.parse::<f64>()? * 1_024.0 / 1_000_000.0)
    }

    /// Asks it to end, as an operator would, and waits.
    fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("kill")?;
        for _ in 0..LOOKS {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            sleep(LOOK);
        }
        bail!("the server does not end")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, or ended now: both are fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
