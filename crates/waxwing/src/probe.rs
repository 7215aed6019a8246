//! `waxwing probe`: asks a process' ops listener whether it lives and is ready, for health checks
//! of images that hold nothing but this binary.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::config::Config;

/// How long the process may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of an answer that are read.
const ANSWER_BYTES: u64 = 64 * 1_024;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether the process answers at all: `/livez`.
    Alive,
    /// Whether it should be given work: `/readyz`.
    Ready,
}

/// Asks the process whose ops listener `config` names. Says what it answered.
///
/// # Errors
/// If nobody answers, or the answer is no.
pub fn run(config: &Config, question: Question) -> anyhow::Result<String> {
    let path = match question {
        Question::Alive => "/livez",
        Question::Ready => "/readyz",
    };
    let address = reachable(config.ops);
    let asked = format!("http://{address}{path}");
    let answer = ask(address, path).with_context(|| format!("{asked} does not answer"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let said = format!("{asked}: {}", body.trim());
    ensure!(head.starts_with("HTTP/1.1 200 "), "{said}");
    Ok(said)
}

/// A listener on every address is asked on loopback.
fn reachable(ops: SocketAddr) -> SocketAddr {
    let ip = match ops.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, ops.port())
}

fn ask(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
