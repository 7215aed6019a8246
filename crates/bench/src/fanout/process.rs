//! A program pinned to some cores, told what to do on its input: a server, or its crowd.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::crowd::cpu;

/// The first core serves, the others watch.
pub(super) const SERVES: &str = "0";

/// A running program; killed if it is forgotten.
pub(super) struct Process {
    name: String,
    child: Child,
    orders: ChildStdin,
    lines: BufReader<ChildStdout>,
}

/// All cores but the one that serves.
///
/// # Errors
/// There is only one.
pub(super) fn others() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism()?.get();
    ensure!(cores >= 2, "servers and crowd need a core each");
    Ok(format!("1-{}", cores - 1))
}

impl Process {
    /// Starts `command`, a program and its arguments, on `cores`.
    pub(super) fn start(cores: &str, command: &[String]) -> anyhow::Result<Self> {
        let name = command.join(" ");
        // `taskset` becomes the program: its number stays the same.
        let mut child = Command::new("taskset")
            .args(["--cpu-list", cores])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("taskset, of util-linux, starts")?;
        let orders = child.stdin.take().context("its input is written")?;
        let lines = BufReader::new(child.stdout.take().context("its output is read")?);
        Ok(Self { name, child, orders, lines })
    }

    /// Tells it something.
    pub(super) fn say(&mut self, order: &str) -> anyhow::Result<()> {
        let written = writeln!(self.orders, "{order}");
        written.with_context(|| format!("{} was told {order}", self.name))
    }

    /// The next line it says.
    pub(super) fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let length = self.lines.read_line(&mut line)?;
        ensure!(length > 0, "{} ended", self.name);
        line.truncate(line.trim_end().len());
        Ok(line)
    }

    /// Tells it something that it answers with numbers.
    pub(super) fn ask(&mut self, order: &str) -> anyhow::Result<Vec<u64>> {
        self.say(order)?;
        let line = self.line()?;
        let numbers = line.split(' ').map(str::parse).collect::<Result<_, _>>();
        numbers.with_context(|| format!("{} answered {line}", self.name))
    }

    /// The same, where the answer is one number.
    pub(super) fn ask_one(&mut self, order: &str) -> anyhow::Result<u64> {
        self.ask(order)?.first().copied().context("a number")
    }

    /// Seconds of processor that it used so far.
    pub(super) fn used_s(&self) -> anyhow::Result<f64> {
        cpu::used_s(self.child.id())
    }

    /// Memory of its own, in units of 1,000 bytes: no files, and nothing of the kernel's.
    pub(super) fn user_kb(&self) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = std::fs::read_to_string(path)?;
        let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).context("Anonymous")?;
        Ok(kib.parse::<f64>()? * 1.024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already, or ended now: both are fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
