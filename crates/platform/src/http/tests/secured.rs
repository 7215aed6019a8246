//! The server over TLS: versions, upgrades to the raw stream, and handshakes that lead nowhere.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;
use hyper_util::server::conn::auto::upgrade::downcast;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use test_servers::Authority;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::http::{Connection, Limits, Listener, RawStream, Tls, serve_with};
use crate::metrics::Registry;
use crate::shutdown::Shutdown;

/// Bytes that go there and back over an upgraded stream: more than two TLS records, and more than
/// the server reads ahead of an upgrade.
const LENGTH: usize = 40_000;

const UPGRADE: &[u8] =
    b"GET /upgrade HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";

struct Running {
    authority: Authority,
    address: SocketAddr,
    registry: Registry,
}

impl Running {
    async fn start(limits: Limits) -> Self {
        Self::serve(Router::new(), limits).await
    }

    async fn serve(router: Router, limits: Limits) -> Self {
        let (authority, registry) = (Authority::new().unwrap(), Registry::new());
        let tls = Tls::open(&authority.certificate(), &authority.key(), &registry).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = Listener::from(listener).secured(Some(tls));
        tokio::spawn(serve_with(listener, router, limits, Shutdown::new()));
        Self { authority, address, registry }
    }

    async fn connect(&self, protocol: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.authority.root()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    fn has_failed(&self, reason: &str) -> bool {
        let line = format!(r#"waxwing_tls_handshakes_failed_total{{reason="{reason}"}} 1"#);
        self.registry.encode().unwrap().contains(&line)
    }
}

/// Sends [`LENGTH`] bytes back, says how many of them were read before the upgrade, and ends.
fn upgrade(mut request: Request, early: mpsc::UnboundedSender<usize>) -> impl IntoResponse {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let parts = downcast::<Connection>(upgrade.await.unwrap()).unwrap();
        let (stream, _place) = parts.io.into_parts();
        assert!(stream.is_secured());
        early.send(parts.read_buf.len()).unwrap();
        let heard = listen(&stream, parts.read_buf.to_vec()).await;
        let mut rest = &heard[..];
        while !rest.is_empty() || stream.has_unsent() {
            stream.writable().await.unwrap();
            match stream.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
        }
        stream.shut_down(std::net::Shutdown::Both).unwrap();
    });
    (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
}

/// Everything up to [`LENGTH`] bytes, which begin with `heard`.
async fn listen(stream: &RawStream, mut heard: Vec<u8>) -> Vec<u8> {
    let mut buffer = [0; 1_000];
    while heard.len() < LENGTH {
        stream.readable().await.unwrap();
        match stream.try_read(&mut buffer) {
            Ok(0) => panic!("it ended after {} bytes", heard.len()),
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
    }
    heard
}

#[tokio::test]
async fn an_upgrade_loses_no_byte_and_ends_with_a_word_of_farewell() {
    let (early, mut told) = mpsc::unbounded_channel();
    let upgrade = move |request: Request| {
        let answer = upgrade(request, early.clone());
        async { answer }
    };
    let router = Router::new().route("/upgrade", get(upgrade));
    let running = Running::serve(router, Limits::default()).await;
    // No two places look alike.
    let message: Vec<u8> = (0..=250).cycle().take(LENGTH).collect();
    for together in [0, 4, LENGTH / 2, LENGTH] {
        let mut stream = running.connect(b"http/1.1").await.unwrap();
        let (with_it, behind_it) = message.split_at(together);
        stream.write_all(&[UPGRADE, with_it].concat()).await.unwrap();
        stream.write_all(behind_it).await.unwrap();
        let mut answer = Vec::new();
        // An end without the word would be an error.
        stream.read_to_end(&mut answer).await.unwrap();
        let head = answer.len() - LENGTH;
        assert!(answer.starts_with(b"HTTP/1.1 101") && answer[..head].ends_with(b"\r\n\r\n"));
        assert!(answer[head..] == message, "{together} bytes came with the handshake");
        let early = told.recv().await.unwrap();
        assert!(early >= together.min(4), "{early} of {together} were read ahead");
        assert!(early < LENGTH / 2, "{early} bytes: the session held none of them");
    }
}

/// Writes until nobody takes more, says how much was taken, and sees the rest of it out.
fn flood(mut request: Request, taken: mpsc::UnboundedSender<usize>) -> impl IntoResponse {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let parts = downcast::<Connection>(upgrade.await.unwrap()).unwrap();
        let (stream, _place) = parts.io.into_parts();
        stream.set_send_buffer_size(4_096).unwrap();
        let mut sum = 0;
        while let Ok(count) = stream.try_write(&[b'x'; 16_000]) {
            sum += count;
        }
        assert!(stream.has_unsent(), "the kernel takes no more");
        taken.send(sum).unwrap();
        let mut progress = 0;
        while stream.has_unsent() {
            stream.writable().await.unwrap();
            // A write of nothing is one of what was taken before.
            progress += u32::from(stream.try_write(&[]).is_ok());
        }
        assert!(progress > 0, "a peer that reads is no peer that takes nothing");
        stream.shut_down(std::net::Shutdown::Both).unwrap();
    });
    (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
}

#[tokio::test]
async fn what_was_taken_for_a_slow_reader_comes_out_to_its_last_byte() {
    let (taken, mut told) = mpsc::unbounded_channel();
    let flood = move |request: Request| {
        let answer = flood(request, taken.clone());
        async { answer }
    };
    let router = Router::new().route("/upgrade", get(flood));
    let running = Running::serve(router, Limits::default()).await;
    let mut stream = running.connect(b"http/1.1").await.unwrap();
    stream.write_all(UPGRADE).await.unwrap();
    let taken = told.recv().await.unwrap();
    assert!(taken > 30_000, "{taken}");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(answer.len() - head, taken);
}

#[tokio::test]
async fn both_versions_are_agreed_upon_and_no_other() {
    let running = Running::start(Limits::default()).await;
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let stream = running.connect(protocol).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
    }
    assert!(running.connect(b"spdy/1").await.is_err());
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_ended_and_more_than_may_be_are_closed() {
    let header_timeout = Duration::from_millis(300);
    let limits = Limits { header_timeout, handshakes_per_network: 1, ..Limits::default() };
    let running = Running::start(limits).await;
    let mut slow = TcpStream::connect(running.address).await.unwrap();
    slow.write_all(&[0x16, 3, 1]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(running.connect(b"h2").await.is_err(), "one is under way");
    assert!(running.has_failed("crowded"));
    let read = tokio::time::timeout(Duration::from_secs(5), slow.read(&mut [0; 1])).await;
    assert!(matches!(read.unwrap(), Ok(0) | Err(_)));
    assert!(running.has_failed("late"));
    running.connect(b"h2").await.unwrap();
}
