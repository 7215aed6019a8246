//! Just enough of HTTP/1.1 for a client that costs little: one call, again and again, on one
//! connection. A call that is due before the last was answered goes out all the same.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use platform::clock::Stopwatch;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::super::answers::Answers;
use super::deployment::BALANCE;

const END: &[u8] = b"\r\n\r\n";
const READ: usize = 4 * 1_024;

/// The end that sends.
pub(super) struct Connection {
    stream: Arc<TcpStream>,
    call: String,
}

/// The end that receives.
pub(super) struct Reader {
    stream: Arc<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects; every call will be `call`.
    pub(super) async fn open(address: &str, call: &str) -> anyhow::Result<(Self, Reader)> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        let reader = Reader { stream: Arc::clone(&stream), buffer: Vec::new() };
        Ok((Self { stream, call: call.to_owned() }, reader))
    }

    /// Sends the call.
    pub(super) fn send(&self) -> anyhow::Result<()> {
        let written = self.stream.try_write(self.call.as_bytes())?;
        ensure!(written == self.call.len(), "a connection takes no more calls");
        Ok(())
    }
}

impl Reader {
    /// Notes each answer, which come in the order of the calls: numbers `first`, and from there
    /// in steps.
    pub(super) async fn read(
        mut self,
        answers: &Answers,
        watch: Stopwatch,
        (first, step): (u32, u32),
    ) -> anyhow::Result<()> {
        let mut number = first;
        while number < answers.count() {
            let length = self.answer().await?;
            let now_s = watch.seconds();
            let answer = &self.buffer[..length];
            if answer.starts_with(b"HTTP/1.1 200 ") && holds(answer, BALANCE.as_bytes()) {
                answers.acknowledged(number, now_s);
            } else {
                answers.refused(number, &String::from_utf8_lossy(answer));
            }
            self.buffer.drain(..length);
            number += step;
        }
        Ok(())
    }

    /// Waits for a whole answer; how long it is.
    async fn answer(&mut self) -> anyhow::Result<usize> {
        loop {
            if let Some(at) = position(&self.buffer, END) {
                let head = std::str::from_utf8(&self.buffer[..at])?;
                let length = head.lines().filter_map(|line| line.split_once(':'));
                let mut length =
                    length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                let (_, length) = length.next().context("an answer says how long it is")?;
                let whole = at + END.len() + length.trim().parse::<usize>()?;
                if self.buffer.len() >= whole {
                    return Ok(whole);
                }
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        let mut bytes = [0; READ];
        loop {
            self.stream.ready(Interest::READABLE).await?;
            match self.stream.try_read(&mut bytes) {
                Ok(0) => anyhow::bail!("the server closed a connection"),
                Ok(read) => {
                    self.buffer.extend_from_slice(&bytes[..read]);
                    return Ok(());
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("reading an answer"),
            }
        }
    }
}

fn holds(text: &[u8], what: &[u8]) -> bool {
    position(text, what).is_some()
}

fn position(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
