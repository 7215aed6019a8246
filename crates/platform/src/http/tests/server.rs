//! The server on a real socket: limits, slow clients, upgrades, and its end.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Request};
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::http::{Connection, Limits, PeerAddress, serve, serve_with};
use crate::shutdown::Shutdown;

struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    serving: JoinHandle<()>,
}

async fn start(limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let router =
        Router::new()
            .route(
                "/peer",
                get(|Extension(PeerAddress(peer)): Extension<PeerAddress>| async move {
                    peer.to_string()
                }),
            )
            .route(
                "/slow",
                get(|| async {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    "done"
                }),
            )
            .route("/large", get(|| async { vec![b'x'; 64 * 1_024 * 1_024] }))
            .route("/upgrade", get(upgrade));
    let serving = tokio::spawn(serve_with(listener, router, limits, shutdown.clone()));
    Running { address, shutdown, serving }
}

/// Echoes on the raw stream taken back from hyper.
async fn upgrade(mut request: Request) -> impl IntoResponse {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let parts = downcast::<Connection>(upgrade.await.unwrap()).unwrap();
        assert!(parts.read_buf.is_empty());
        let (stream, _place) = parts.io.into_parts();
        super::echo(&stream, &[]).await;
    });
    (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
}

fn limits() -> Limits {
    Limits { header_timeout: Duration::from_millis(150), ..Limits::default() }
}

/// Sends `request` and reads until the server closes.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
    answer
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_request_knows_its_peer() {
    let running = start(limits()).await;
    let answer = exchange(running.address, &request("/peer")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\r\n\r\n127.0.0.1:"), "{answer}");
}

#[tokio::test]
async fn slow_clients_are_cut_off_whatever_they_began() {
    let running = start(limits()).await;
    for beginning in ["", "P", "PRI * HT", "GET /peer HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let reading = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest));
        let _closed_or_reset = reading.await.expect(beginning);
        assert!(!String::from_utf8_lossy(&rest).contains("200"), "{beginning}");
    }
}

#[tokio::test]
async fn headers_are_bounded_in_number_and_size() {
    let running = start(limits()).await;
    let many = "a: b\r\n".repeat(100);
    let large = format!("a: {}\r\n", "b".repeat(20_000));
    for headers in [many, large] {
        let request = format!("GET /peer HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 431");
    }
}

#[tokio::test]
async fn an_upgrade_gives_the_raw_stream_back() {
    let running = start(limits()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let request =
        "GET /upgrade HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    // Past the header timeout: an upgraded stream is no longer timed.
    tokio::time::sleep(Duration::from_millis(250)).await;
    stream.write_all(b"ping").await.unwrap();
    let mut word = [0; 4];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ping");
}

#[tokio::test]
async fn http_2_is_spoken_without_asking() {
    let running = start(limits()).await;
    let stream = TcpStream::connect(running.address).await.unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let uri = format!("http://{}/peer", running.address);
    let request = http::Request::get(uri).body(http_body_util::Empty::<bytes::Bytes>::new());
    let response = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, http::Version::HTTP_2));
}

#[tokio::test]
async fn more_connections_than_places_wait_their_turn() {
    let running = start(Limits { connections: 1, ..Limits::default() }).await;
    let first = TcpStream::connect(running.address).await.unwrap();
    let request = request("/peer");
    let second = exchange(running.address, &request);
    let mut second = std::pin::pin!(second);
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut second).await.is_err());
    drop(first);
    assert!(second.await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_network_has_its_share_of_the_places_and_a_proxy_has_all() {
    let few = Limits { connections_per_network: 1, ..Limits::default() };
    let running = start(few.clone()).await;
    let first = TcpStream::connect(running.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut second = TcpStream::connect(running.address).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(2), second.read(&mut [0; 1])).await;
    assert!(matches!(closed.unwrap(), Ok(0) | Err(_)), "it is closed at once");
    drop(first);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(exchange(running.address, &request("/peer")).await.starts_with("HTTP/1.1 200"));

    let running = start(Limits { proxies: vec!["127.0.0.1".parse().unwrap()], ..few }).await;
    let _first = TcpStream::connect(running.address).await.unwrap();
    assert!(exchange(running.address, &request("/peer")).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_idle_http_2_connection_ends_and_a_busy_one_does_not() {
    let idle_timeout = Duration::from_millis(100);
    let running = start(Limits { idle_timeout, ..limits() }).await;
    let stream = TcpStream::connect(running.address).await.unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    for _ in 0..3 {
        // Twice as long as a connection may be idle, but it is not.
        let uri = format!("http://{}/slow", running.address);
        let request = http::Request::get(uri).body(http_body_util::Empty::<bytes::Bytes>::new());
        assert_eq!(sender.send_request(request.unwrap()).await.unwrap().status(), StatusCode::OK);
    }
    let ended = tokio::time::timeout(Duration::from_secs(2), connection).await;
    assert!(ended.expect("it is told to go").unwrap().is_ok(), "it ends in order");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn whoever_takes_nothing_loses_the_place() {
    let unread_timeout = Duration::from_millis(300);
    let running = start(Limits { connections: 1, unread_timeout, ..Limits::default() }).await;
    let mut stuck = TcpStream::connect(running.address).await.unwrap();
    stuck.write_all(request("/large").as_bytes()).await.unwrap();
    assert!(exchange(running.address, &request("/peer")).await.starts_with("HTTP/1.1 200"));
    drop(stuck);
}

#[tokio::test]
async fn a_drain_finishes_open_requests_and_takes_no_more() {
    let running = start(limits()).await;
    let open = tokio::spawn({
        let address = running.address;
        async move { exchange(address, &request("/slow")).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    running.shutdown.drain();
    let answer = open.await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    tokio::time::timeout(Duration::from_secs(2), running.serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let router = Router::new().route("/never", get(std::future::pending::<()>));
    let serving = tokio::spawn(serve(listener, router, shutdown.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request("/never").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.stop();
    tokio::time::timeout(Duration::from_secs(2), serving).await.unwrap().unwrap();
}
