//! What lies below every server: a loop over raw streams that did a handshake of WebSocket.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use sha1::{Digest as _, Sha1};

use crate::{control, text};
use ring::Ring;

mod ring;

/// RFC 6455, 1.3: what the client's key is hashed with.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Bytes of a handshake at most.
const HEAD: usize = 4_096;

type Streams = Arc<Mutex<Vec<TcpStream>>>;

/// One `write` a stream. What a stream does not take at once is an error: nothing waits here.
pub(crate) fn writes() -> anyhow::Result<()> {
    let (address, streams) = open()?;
    let frame = frame();
    control::obey(address, || {
        for mut stream in &*streams.lock() {
            let written = stream.write(&frame)?;
            ensure!(written == frame.len(), "a stream took {written} bytes");
        }
        Ok(())
    })
}

/// The same sends, submitted to the kernel together.
pub(crate) fn through_a_ring() -> anyhow::Result<()> {
    let (address, streams) = open()?;
    let mut ring = Ring::new(frame())?;
    control::obey(address, || Ok(ring.send(&streams.lock())?))
}

/// The whole frame of the text: the last of its message, a text, shorter than 126 bytes.
fn frame() -> Vec<u8> {
    const { assert!(text::PLAIN.len() < 126) };
    #[expect(clippy::cast_possible_truncation, reason = "asserted above")]
    let length = text::PLAIN.len() as u8;
    [&[0x81, length], text::PLAIN.as_bytes()].concat()
}

/// Where it listens, and everyone who came.
fn open() -> io::Result<(SocketAddr, Streams)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let streams = Streams::default();
    let all = Arc::clone(&streams);
    std::thread::spawn(move || {
        // Whoever does not shake hands is let go, and notices.
        for welcomed in listener.incoming().map(|stream| stream.and_then(welcome)) {
            all.lock().extend(welcomed);
        }
    });
    Ok((address, streams))
}

/// Answers a handshake.
fn welcome(mut stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let mut head = [0; HEAD];
    let mut length = 0;
    while !head[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut head[length..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => length += count,
        }
    }
    let head = String::from_utf8_lossy(&head[..length]);
    let accept = accept(&head).ok_or(io::ErrorKind::InvalidData)?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes())?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// The answer to the key in a request's head.
fn accept(head: &str) -> Option<String> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut keys = fields.filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
    let (_, key) = keys.next()?;
    let digest = Sha1::new().chain_update(key.trim()).chain_update(GUID).finalize();
    Some(STANDARD.encode(digest))
}

#[cfg(test)]
mod tests;
