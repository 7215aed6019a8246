//! Which thread serves a connection.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Workers;
use crate::http::{Listener, serve};
use crate::shutdown::Shutdown;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    serving: JoinHandle<()>,
}

async fn start(workers: &Workers) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let who = || async { thread::current().name().unwrap_or_default().to_owned() };
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        "done"
    };
    let router = Router::new().route("/who", get(who)).route("/slow", get(slow));
    let listener = Listener::from(listener).on(Some(workers.clone()));
    let shutdown = Shutdown::new();
    let serving = tokio::spawn(serve(listener, router, shutdown.clone()));
    Running { address, shutdown, serving }
}

/// The last line of what is answered to a request on `stream`.
async fn ask(stream: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = timeout(PATIENCE, stream.read(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.lines().last().unwrap().to_owned()
}

#[tokio::test]
async fn connections_take_turns_and_each_stays_with_its_thread() {
    let running = start(&Workers::start(3).unwrap()).await;
    let mut threads = Vec::new();
    for _ in 0..6 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let first = ask(&mut stream, "/who").await;
        for _ in 0..4 {
            assert_eq!(ask(&mut stream, "/who").await, first);
        }
        threads.push(first);
    }
    assert_eq!(threads[..3], threads[3..]);
    let all = ["worker-0", "worker-1", "worker-2"].map(str::to_owned);
    assert_eq!(threads.into_iter().collect::<HashSet<_>>(), HashSet::from(all));
}

#[tokio::test]
async fn what_is_asked_on_them_is_answered_before_the_server_ends() {
    let workers = Workers::start(2).unwrap();
    let running = start(&workers).await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(TcpStream::connect(running.address).await.unwrap());
    }
    for stream in &mut streams {
        // Accepted, whichever thread has it.
        ask(stream, "/who").await;
    }
    let asked = streams
        .into_iter()
        .map(|mut stream| tokio::spawn(async move { ask(&mut stream, "/slow").await }));
    let asked: Vec<_> = asked.collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    running.shutdown.drain();
    for answer in asked {
        assert_eq!(answer.await.unwrap(), "done");
    }
    timeout(PATIENCE, running.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn with_the_last_of_them_the_threads_end_and_what_they_served() {
    let workers = Workers::start(2).unwrap();
    let running = start(&workers).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    ask(&mut stream, "/who").await;
    running.serving.abort();
    drop(workers);
    let mut end = [0; 1];
    let read = timeout(PATIENCE, stream.read(&mut end)).await.expect("closed");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn there_is_always_one() {
    let running = start(&Workers::start(0).unwrap()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    assert_eq!(ask(&mut stream, "/who").await, "worker-0");
}
