//! A player's socket: text frames both ways, and pongs.

use std::io;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::frames::{CLOSE, PING, PONG, TEXT, masked, whole};

/// Larger than any number of a bet, and below 2^32.
const SETUP_ID: u32 = 4_000_000_000;
const READ: usize = 16 * 1_024;

/// The end that sends.
#[derive(Clone)]
pub(super) struct Socket(Arc<TcpStream>);

/// The end that receives.
pub(super) struct Frames {
    socket: Socket,
    buffer: Vec<u8>,
    /// How much of the buffer was handed out.
    taken: usize,
}

impl Socket {
    /// Connects, says who it is and joins `lobby`.
    pub(super) async fn open(
        address: &str,
        token: &str,
        lobby: u64,
    ) -> anyhow::Result<(Self, Frames)> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let socket = Self(Arc::new(stream));
        let mut frames = Frames { socket: socket.clone(), buffer: Vec::new(), taken: 0 };
        socket.write(
            format!(
                "GET /gateway/game/v1/ws HTTP/1.1\r\nHost: {address}\r\n\
                 Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Protocol: waxwing.v1\r\n\r\n"
            )
            .as_bytes(),
        )?;
        frames.upgraded().await?;
        let known = format!(r#"{{"type":"authenticate","id":{SETUP_ID},"token":"{token}"}}"#);
        frames.ask(&known).await?;
        let joined = format!(r#"{{"type":"join","id":{SETUP_ID},"lobby_id":{lobby}}}"#);
        frames.ask(&joined).await?;
        Ok((socket, frames))
    }

    /// Sends a text.
    pub(super) fn send(&self, text: &str) -> io::Result<()> {
        self.frame(TEXT, text.as_bytes())
    }

    fn frame(&self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let frame = masked(kind, payload).ok_or(io::ErrorKind::InvalidInput)?;
        self.write(&frame)
    }

    /// All of it at once: what does not fit into the system's buffer is an error.
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let written = self.0.try_write(bytes)?;
        if written == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}

impl Frames {
    /// The next text; pings before it are answered.
    pub(super) async fn next(&mut self) -> anyhow::Result<&[u8]> {
        loop {
            let Some((kind, start, end)) = self.whole() else {
                self.fill().await?;
                continue;
            };
            self.taken = end;
            match kind {
                TEXT => return Ok(&self.buffer[start..end]),
                PING => self.socket.frame(PONG, &self.buffer[start..end])?,
                kind => ensure!(kind != CLOSE, "the server closed a socket"),
            }
        }
    }

    /// Sends a request and waits for its reply.
    async fn ask(&mut self, text: &str) -> anyhow::Result<()> {
        self.socket.send(text)?;
        loop {
            let frame = self.next().await?;
            if frame.starts_with(br#"{"type":"reply""#) {
                return Ok(());
            }
            let refused = frame.starts_with(br#"{"type":"refused""#);
            ensure!(!refused, "refused: {}", String::from_utf8_lossy(frame));
        }
    }

    async fn upgraded(&mut self) -> anyhow::Result<()> {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            self.fill().await?;
            let Some(at) = self.buffer.windows(END.len()).position(|window| window == END) else {
                continue;
            };
            let head = String::from_utf8_lossy(&self.buffer[..at]).into_owned();
            ensure!(head.starts_with("HTTP/1.1 101 "), "no socket: {head}");
            self.taken = at + END.len();
            return Ok(());
        }
    }

    /// Kind, start and end of the next frame, once all of it is there.
    fn whole(&self) -> Option<(u8, usize, usize)> {
        let (kind, start, end) = whole(&self.buffer[self.taken..])?;
        Some((kind, self.taken + start, self.taken + end))
    }

    /// Waits for more.
    async fn fill(&mut self) -> anyhow::Result<()> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        loop {
            self.socket.0.ready(Interest::READABLE).await?;
            let held = self.buffer.len();
            self.buffer.resize(held + READ, 0);
            let read = self.socket.0.try_read(&mut self.buffer[held..]);
            self.buffer.truncate(held + read.as_ref().map_or(0, |read| *read));
            match read {
                Ok(0) => return Err(anyhow::anyhow!("the server is gone")),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("reading a socket"),
            }
        }
    }
}
