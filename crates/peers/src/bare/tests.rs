//! Both loops on real streams, and the handshake's answer as RFC 6455 has it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::ring::Ring;
use super::{accept, frame, open};

/// More than one batch.
const STREAMS: usize = 1_100;

#[test]
fn the_key_of_the_standard_has_the_answer_of_the_standard() {
    let head = "GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(accept(head).as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(accept("GET / HTTP/1.1\r\n\r\n"), None);
}

#[test]
fn a_ring_sends_the_same_bytes_to_every_stream() {
    let (address, streams) = open().unwrap();
    let mut crowd: Vec<_> = (0..STREAMS).map(|_| join(address)).collect();
    while streams.lock().len() < STREAMS {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut ring = Ring::new(frame()).unwrap();
    for _ in 0..2 {
        ring.send(&streams.lock()).unwrap();
    }
    let wanted = frame().repeat(2);
    for stream in &mut crowd {
        let mut heard = vec![0; wanted.len()];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(heard, wanted);
    }
}

fn join(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nsec-websocket-key: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    stream
}
