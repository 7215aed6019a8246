//! One socket of the crowd.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::ensure;

use super::super::dialect::{Dialect, Heard};
use crate::frames::{CLOSE, PING, PONG, TEXT, masked, whole};

/// Bytes read at once.
const READ: usize = 16 * 1_024;
/// How long a server may take to let one in.
const PATIENCE: Duration = Duration::from_secs(10);
const HEAD_END: &[u8] = b"\r\n\r\n";

/// A socket that is in.
pub(super) struct Seat {
    stream: TcpStream,
    dialect: Dialect,
    /// The beginning of a frame whose rest has not come.
    rest: Vec<u8>,
    /// Whether it was told anything since the crowd was armed.
    pub(super) was_told: bool,
}

impl Seat {
    /// Connects, and waits until the server has let it in.
    pub(super) fn open(address: SocketAddr, dialect: Dialect) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut seat = Self { stream, dialect, rest: Vec::new(), was_told: false };
        seat.stream.write_all(dialect.handshake(&address.to_string()).as_bytes())?;
        seat.upgraded()?;
        let mut heard = 0;
        loop {
            let (says, waits) = dialect.greeting(heard);
            if let Some(frame) = says {
                seat.stream.write_all(&frame)?;
            }
            if !waits {
                break;
            }
            seat.one_text()?;
            heard += 1;
        }
        // What came behind it is no part of what is counted.
        seat.take(&[])?;
        seat.stream.set_nonblocking(true)?;
        Ok(seat)
    }

    pub(super) const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Reads what is there once; how many texts that were told to everyone it ended.
    pub(super) fn listen(&mut self) -> anyhow::Result<u64> {
        let mut buffer = [0; READ];
        match self.stream.read(&mut buffer) {
            Ok(0) => anyhow::bail!("the server is gone"),
            Ok(count) => self.take(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> anyhow::Result<u64> {
        if self.rest.is_empty() {
            let (told, taken) = self.count(bytes)?;
            self.rest.extend(&bytes[taken..]);
            return Ok(told);
        }
        let mut held = std::mem::take(&mut self.rest);
        held.extend(bytes);
        let (told, taken) = self.count(&held)?;
        held.drain(..taken);
        // Most sockets hold nothing most of the time.
        self.rest = if held.is_empty() { Vec::new() } else { held };
        Ok(told)
    }

    /// How many texts were told in `bytes`, and how many bytes whole frames took.
    fn count(&mut self, bytes: &[u8]) -> anyhow::Result<(u64, usize)> {
        let (mut told, mut taken) = (0, 0);
        while let Some((kind, start, end)) = whole(&bytes[taken..]) {
            let payload = &bytes[taken + start..taken + end];
            taken += end;
            match kind {
                TEXT => match self.dialect.hear(payload)? {
                    Heard::Told => told += 1,
                    Heard::Asked => self.say(TEXT, b"3")?,
                    Heard::Greeted => {}
                },
                PING => self.say(PONG, payload)?,
                kind => ensure!(kind != CLOSE, "the server closed it"),
            }
        }
        Ok((told, taken))
    }

    fn say(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let frame = masked(kind, payload).ok_or(io::ErrorKind::InvalidInput)?;
        self.stream.write_all(&frame)
    }

    /// Waits for the end of the answer's head.
    fn upgraded(&mut self) -> anyhow::Result<()> {
        loop {
            self.fill()?;
            let ends = self.rest.windows(HEAD_END.len()).position(|window| window == HEAD_END);
            let Some(at) = ends else { continue };
            let head = String::from_utf8_lossy(&self.rest[..at]);
            ensure!(head.starts_with("HTTP/1.1 101 "), "no socket: {head}");
            self.rest.drain(..at + HEAD_END.len());
            return Ok(());
        }
    }

    /// Waits for a text that is no ping of Engine.IO's, which may come as the first.
    fn one_text(&mut self) -> anyhow::Result<()> {
        loop {
            let Some((kind, start, end)) = whole(&self.rest) else {
                self.fill()?;
                continue;
            };
            let text = (kind == TEXT).then(|| self.dialect.hear(&self.rest[start..end]));
            let heard = text.transpose()?;
            self.rest.drain(..end);
            match heard {
                Some(Heard::Asked) => self.say(TEXT, b"3")?,
                Some(_) => return Ok(()),
                None => {}
            }
        }
    }

    fn fill(&mut self) -> anyhow::Result<()> {
        let mut buffer = [0; READ];
        let count = self.stream.read(&mut buffer)?;
        ensure!(count > 0, "the server is gone");
        self.rest.extend(&buffer[..count]);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
