//! What the kernel answers to many sends at once, over real sockets.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use bytes::Bytes;

use super::{BATCH, NOT_NOW, Ring, UNANSWERED, UNKNOWN};
use crate::session::Direct;

fn pair() -> (Direct, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Arc::new(ours), theirs)
}

fn read(stream: &mut UnixStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_whole_batch_has_each_frame_in_order() {
    let mut ring = Ring::open().unwrap();
    let (sockets, mut readers): (Vec<_>, Vec<_>) = (0..BATCH).map(|_| pair()).unzip();
    for frame in ["first ", "second ", "third"] {
        let frame = Bytes::from_static(frame.as_bytes());
        let length = i32::try_from(frame.len()).unwrap();
        assert_eq!(ring.send(&frame, &sockets), vec![length; BATCH]);
        assert!(ring.lost().is_none());
    }
    for reader in &mut readers {
        assert_eq!(read(reader, 18), b"first second third");
    }
}

#[test]
fn a_full_socket_takes_a_part_then_nothing_and_stops_no_other() {
    let mut ring = Ring::open().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut slow = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    let (fast, mut reader) = pair();
    let (full, fast): (Direct, Direct) = (Arc::new(ours), fast);
    let frame = Bytes::from((0..=255).cycle().take(16 << 20).collect::<Vec<u8>>());
    let begun = ring.send(&frame, &[Arc::clone(&full)])[0];
    let begun = usize::try_from(begun).unwrap();
    assert!(begun > 0 && begun < frame.len(), "{begun} bytes");
    // What goes to the peer's buffer meanwhile makes room again, and ends.
    while ring.send(&frame, &[Arc::clone(&full)])[0] != NOT_NOW {}
    let short = Bytes::from_static(b"short");
    assert_eq!(ring.send(&short, &[full, fast]), [NOT_NOW, 5]);
    assert_eq!(read(&mut reader, 5), b"short");
    let mut bytes = vec![0; begun];
    slow.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, frame[..begun], "the position is where the kernel says");
}

#[test]
fn a_peer_that_is_gone_is_an_error_of_its_own_send_alone() {
    let mut ring = Ring::open().unwrap();
    let ((gone, peer), (there, mut reader)) = (pair(), pair());
    drop(peer);
    let frame = Bytes::from_static(b"hello");
    let answers = ring.send(&frame, &[Arc::clone(&gone), there, gone]).to_vec();
    let errors =
        [answers[0], answers[2]].map(|answer| std::io::Error::from_raw_os_error(-answer).kind());
    assert_eq!(errors, [std::io::ErrorKind::BrokenPipe; 2]);
    assert_eq!((answers[1], read(&mut reader, 5)), (5, b"hello".to_vec()));
    assert!(ring.lost().is_none());
}

#[test]
fn a_descriptor_in_a_batch_names_nobody_else() {
    let mut ring = Ring::open().unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let number = ours.as_raw_fd();
    let session: Direct = Arc::new(ours);
    let batch = [Arc::clone(&session)];
    // The session ends; the batch alone keeps the socket, so nobody else gets its number.
    drop(session);
    let others: Vec<_> = (0..50).map(|_| UnixStream::pair().unwrap()).collect();
    assert!(
        others
            .iter()
            .all(|(one, other)| { one.as_raw_fd() != number && other.as_raw_fd() != number })
    );
    assert_eq!(ring.send(&Bytes::from_static(b"late"), &batch), [4]);
    assert_eq!(read(&mut theirs, 4), b"late");
    for (one, _) in &others {
        one.set_nonblocking(true).unwrap();
        let nothing = (&*one).read(&mut [0; 4]).unwrap_err();
        assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    }
}

#[test]
fn a_queue_that_failed_keeps_its_frame_and_says_what_was_not_sent() {
    let mut ring = Ring::open().unwrap();
    let (socket, mut reader) = pair();
    let frame = Bytes::from(b"kept".to_vec());
    assert_eq!(ring.send(&frame, &[socket]), [4]);
    assert!(frame.is_unique(), "an answered frame is nobody's but ours");
    // Three were queued and the kernel took them all; one answered, and a fourth was not queued.
    ring.answers = vec![UNANSWERED, 4, UNANSWERED, UNANSWERED];
    ring.give_up(&frame, 3);
    assert_eq!(ring.answers, [UNKNOWN, 4, UNKNOWN, UNANSWERED]);
    assert!(!frame.is_unique(), "one whose answers did not come is never freed");
    drop(ring);
    assert_eq!(read(&mut reader, 4), b"kept");
}
