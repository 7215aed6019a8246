//! A socket against a server that is a few bytes.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::{Dialect, Seat};

/// A server's text frame.
fn text(payload: &str) -> Vec<u8> {
    [&[0x81, u8::try_from(payload.len()).unwrap()], payload.as_bytes()].concat()
}

/// A seat that was let in by these bytes, and the server's end of it.
fn seated(dialect: Dialect, lets_in: &[u8]) -> (Seat, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = [b"HTTP/1.1 101 Switching Protocols\r\n\r\n", lets_in].concat();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&answer).unwrap();
        stream
    });
    let seat = Seat::open(address, dialect).unwrap();
    (seat, server.join().unwrap())
}

/// Listens until so many texts were told.
fn hear(seat: &mut Seat, wanted: u64) {
    let mut told = 0;
    while told < wanted {
        told += seat.listen().unwrap();
    }
    assert_eq!(told, wanted);
}

#[test]
fn texts_count_once_however_they_were_split() {
    let (mut seat, mut server) = seated(Dialect::Silent, b"");
    let frame = text("tick");
    server.write_all(&frame.repeat(3)).unwrap();
    hear(&mut seat, 3);
    let (begins, ends) = frame.split_at(3);
    assert_eq!(seat.take(begins).unwrap(), 0);
    server.write_all(ends).unwrap();
    hear(&mut seat, 1);
}

#[test]
fn pings_are_answered_and_not_counted() {
    let lets_in = [text("0{}"), text("2"), text("40{}"), text(r#"42["connected"]"#)].concat();
    let (mut seat, mut server) = seated(Dialect::SocketIo, &lets_in);
    server.write_all(&[vec![0x89, 2, b'h', b'i'], text("2"), text("42[]")].concat()).unwrap();
    hear(&mut seat, 1);
    drop(seat);
    let mut said = Vec::new();
    server.read_to_end(&mut said).unwrap();
    let pong = [0x8a, 0x82, 0, 0, 0, 0, b'h', b'i'];
    let answer = [0x81, 0x81, 0, 0, 0, 0, b'3'];
    assert!(said.ends_with(&[&pong[..], &answer].concat()), "{said:?}");
    let answers = said.windows(answer.len()).filter(|window| *window == answer).count();
    assert_eq!(answers, 2, "the one on the way in was answered too");
}

#[test]
fn a_server_that_closes_is_an_error() {
    let (mut seat, mut server) = seated(Dialect::Silent, b"");
    server.write_all(&[0x88, 0]).unwrap();
    let mut told = seat.listen();
    while matches!(told, Ok(0)) {
        told = seat.listen();
    }
    assert!(told.is_err());
}
