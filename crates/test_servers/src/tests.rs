//! The servers answer, come back at the same place, and are gone afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::{Nats, Postgres};

fn address(url: &str) -> &str {
    let host = url.split_once("://").unwrap().1;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.split_once('/').map_or(host, |(host, _)| host)
}

/// What a server says to `sent`, or at once if nothing is sent.
fn says(url: &str, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address(url)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(sent).unwrap();
    let mut said = [0; 4];
    let count = stream.read(&mut said).unwrap();
    said[..count].to_vec()
}

#[test]
fn nats_greets_comes_back_and_is_gone() {
    let mut nats = Nats::start().unwrap();
    let url = nats.url();
    assert_eq!(says(&url, b""), b"INFO");
    nats.restart().unwrap();
    assert_eq!(says(&url, b""), b"INFO");
    drop(nats);
    assert!(TcpStream::connect(address(&url)).is_err());
}

#[test]
fn postgres_answers_comes_back_and_is_gone() {
    // Asks whether TLS is spoken: N, it is not.
    const TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    let mut postgres = Postgres::start().unwrap();
    let url = postgres.url();
    assert_eq!(says(&url, &TLS), b"N");
    postgres.crash_and_restart().unwrap();
    assert_eq!(says(&url, &TLS), b"N");
    drop(postgres);
    assert!(TcpStream::connect(address(&url)).is_err());
}
