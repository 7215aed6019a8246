//! Who is measured: our hub, what lies below it, and other people's servers.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::dialect::Dialect;
use super::process::{Process, SERVES};
use crate::bets::beside_program;

/// One server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Contestant {
    pub(super) name: &'static str,
    pub(super) dialect: Dialect,
    program: Program,
}

/// How a server is started.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    /// By `peers`, under this name.
    Rust(&'static str),
    /// This file of `crates/peers/js`, by Node.js or by Bun.
    Node(&'static str),
    Bun(&'static str),
}

const fn server(name: &'static str, dialect: Dialect, program: Program) -> Contestant {
    Contestant { name, dialect, program }
}

/// What all others are compared with.
pub(super) const WRITES: Contestant =
    server("bare loop of `write`", Dialect::Silent, Program::Rust("writes"));
pub(super) const RING: Contestant =
    server("bare loop, io_uring by 1,024", Dialect::Silent, Program::Rust("ring"));
pub(super) const PLAIN: Contestant =
    server("our hub, plain", Dialect::Native, Program::Rust("hub_plain"));
pub(super) const PLAIN_RING: Contestant =
    server("our hub, plain, io_uring", Dialect::Native, Program::Rust("hub_plain_ring"));
pub(super) const SOCKET_IO: Contestant =
    server("our hub, Socket.IO", Dialect::SocketIo, Program::Rust("hub_socket_io"));
pub(super) const BUN: Contestant = server("Bun publish", Dialect::Silent, Program::Bun("bun.mjs"));

/// Everyone, in the order of a turn.
pub(super) const ALL: [Contestant; 10] = [
    WRITES,
    RING,
    PLAIN,
    PLAIN_RING,
    BUN,
    SOCKET_IO,
    server("socketioxide", Dialect::SocketIo, Program::Rust("socketioxide")),
    server("Node.js socket.io", Dialect::SocketIo, Program::Node("socket_io.mjs")),
    server("Node.js ws", Dialect::Silent, Program::Node("ws.mjs")),
    server("axum ws", Dialect::Silent, Program::Rust("axum")),
];

impl Contestant {
    /// Starts it on its core; answers with its address when it is ready.
    pub(super) fn start(self) -> anyhow::Result<(Process, String)> {
        let mut process = Process::start(SERVES, &self.command()?)?;
        let line = process.line()?;
        let address = line.strip_prefix("ready ").with_context(|| format!("it said {line}"))?;
        let address = address.to_owned();
        Ok((process, address))
    }

    fn command(self) -> anyhow::Result<Vec<String>> {
        let paths = match self.program {
            Program::Rust(name) => vec![beside_program()?.join("peers"), name.into()],
            Program::Node(file) => vec!["node".into(), scripts().join(file)],
            Program::Bun(file) => vec![scripts().join(bun()), scripts().join(file)],
        };
        if matches!(self.program, Program::Rust(_) | Program::Bun(_)) {
            let name = paths[0].display();
            ensure!(paths[0].is_file(), "{name} is missing: run `make bench-fanout`");
        }
        Ok(paths.iter().map(|path| path.display().to_string()).collect())
    }
}

/// What the peers that are not ours are called in the table, with their versions.
pub(super) fn versions() -> anyhow::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let lock = std::fs::read_to_string(root.join("Cargo.lock"))?;
    let mut all = Vec::new();
    for name in ["axum", "socketioxide", "io-uring"] {
        let entry = format!("name = \"{name}\"\nversion = \"");
        let (_, rest) = lock.split_once(&entry).with_context(|| format!("{name} is locked"))?;
        all.push(format!("{name} {}", rest.split('"').next().unwrap_or_default()));
    }
    for name in ["bun", "socket.io", "ws"] {
        let path = scripts().join("node_modules").join(name).join("package.json");
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{name} is not installed: run `scripts/deps.sh bench`"))?;
        let (_, rest) = text.split_once("\"version\": \"").context("a package has a version")?;
        all.push(format!("{name} {}", rest.split('"').next().unwrap_or_default()));
    }
    all.push(format!("Node.js {}", crate::machine::first_line("node", &["--version"])));
    Ok(all.join(", "))
}

/// Bun's program for this machine: its package's own start would fetch it by a script.
fn bun() -> PathBuf {
    let machine = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x64" };
    format!("node_modules/@oven/bun-linux-{machine}/bin/bun").into()
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers/js")
}
