//! Which connection a call goes over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as _;
use platform::clock::SystemClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::{HopError, Hops};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an instance was asked, and by how many connections that are open or were ever made.
#[derive(Default)]
struct Heard {
    connections: AtomicUsize,
    open: AtomicUsize,
    calls: AtomicUsize,
}

/// An instance that answers each call with `answer`, as many on a connection as said.
async fn instance(answer: &'static str, calls: usize) -> (String, Arc<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::new(Heard::default()));
    let all = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let heard = Arc::clone(&all);
            tokio::spawn(async move {
                heard.connections.fetch_add(1, Ordering::SeqCst);
                heard.open.fetch_add(1, Ordering::SeqCst);
                serve(stream, answer, calls, &heard).await;
                heard.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (format!("http://{address}"), heard)
}

async fn serve(mut stream: TcpStream, answer: &str, calls: usize, heard: &Heard) {
    let mut read = Vec::new();
    for _ in 0..calls {
        while !read.ends_with(b"\r\n\r\n") {
            match stream.read_buf(&mut read).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        read.clear();
        heard.calls.fetch_add(1, Ordering::SeqCst);
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

const SHORT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const CLOSING: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha";

fn hops() -> Hops {
    Hops::new(Duration::from_secs(1), Arc::new(SystemClock::new()))
}

fn post() -> Request<crate::channel::Body> {
    Request::post("/any").body(Full::<Bytes>::default().boxed_unsync()).unwrap()
}

async fn ask(hops: &Hops, address: &str) -> Bytes {
    let answer = timeout(PATIENCE, hops.call(address, post())).await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    timeout(PATIENCE, answer.into_body().collect()).await.unwrap().unwrap().to_bytes()
}

async fn until(heard: &Heard, open: usize) {
    let closing = async {
        while heard.open.load(Ordering::SeqCst) != open {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, closing)
        .await
        .unwrap_or_else(|_| panic!("{} are open, not {open}", heard.open.load(Ordering::SeqCst)));
}

#[tokio::test]
async fn one_call_after_the_other_goes_over_one_connection_and_two_at_once_over_two() {
    let ((address, heard), hops) = (instance(SHORT, usize::MAX).await, hops());
    for _ in 0..20 {
        assert_eq!(ask(&hops, &address).await, "ok");
    }
    assert_eq!(heard.connections.load(Ordering::SeqCst), 1);
    let both = tokio::join!(ask(&hops, &address), ask(&hops, &address));
    assert_eq!(both, (Bytes::from("ok"), Bytes::from("ok")));
    assert_eq!(heard.connections.load(Ordering::SeqCst), 2);
    assert_eq!(heard.calls.load(Ordering::SeqCst), 22);
}

#[tokio::test]
async fn a_connection_is_kept_for_the_runtime_that_waits_for_its_bytes() {
    let ((address, heard), hops) = (instance(SHORT, usize::MAX).await, hops());
    let elsewhere = |hops: Hops, address: String| async move {
        let asking = move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                assert_eq!(ask(&hops, &address).await, "ok");
                assert_eq!(ask(&hops, &address).await, "ok");
            });
        };
        tokio::task::spawn_blocking(asking).await.unwrap();
    };
    assert_eq!(ask(&hops, &address).await, "ok");
    elsewhere(hops.clone(), address.clone()).await;
    assert_eq!(heard.connections.load(Ordering::SeqCst), 2);
    assert_eq!(ask(&hops, &address).await, "ok");
    elsewhere(hops.clone(), address).await;
    assert_eq!(heard.connections.load(Ordering::SeqCst), 3);
    assert_eq!(heard.calls.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_call_that_meets_a_closed_connection_is_sent_once_over_another() {
    for answer in [SHORT, CLOSING] {
        let ((address, heard), hops) = (instance(answer, 1).await, hops());
        for calls in 1..=3 {
            assert_eq!(ask(&hops, &address).await, "ok");
            until(&heard, 0).await;
            assert_eq!(heard.calls.load(Ordering::SeqCst), calls);
        }
        assert_eq!(heard.connections.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn a_connection_whose_answer_was_not_taken_to_its_end_is_closed() {
    let ((address, heard), hops) = (instance(HALF, usize::MAX).await, hops());
    let answer = hops.call(&address, post()).await.unwrap();
    drop(answer);
    until(&heard, 0).await;
    let mut answer = hops.call(&address, post()).await.unwrap().into_body();
    assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "ha");
    drop(answer);
    until(&heard, 0).await;
    assert_eq!(heard.connections.load(Ordering::SeqCst), 2);
}

/// As hyper's server takes a body: it asks for nothing after what is known to be the last.
#[tokio::test]
async fn an_answer_that_is_taken_as_far_as_its_known_end_leaves_its_connection_to_the_next() {
    let ((address, heard), hops) = (instance(SHORT, usize::MAX).await, hops());
    for _ in 0..3 {
        let mut answer = hops.call(&address, post()).await.unwrap().into_body();
        while !answer.is_end_stream() {
            timeout(PATIENCE, answer.frame()).await.unwrap().unwrap().unwrap();
        }
    }
    assert_eq!(heard.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_instance_that_hangs_up_in_its_answer_breaks_it() {
    let ((address, heard), hops) = (instance(HALF, 1).await, hops());
    let answer = hops.call(&address, post()).await.unwrap().into_body();
    let error = timeout(PATIENCE, answer.collect()).await.unwrap().unwrap_err();
    assert!(format!("{error:?}").contains("IncompleteBody"), "{error:?}");
    // It may have been done, so it is not sent again.
    assert_eq!(heard.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let ((address, heard), hops) = (instance(SHORT, usize::MAX).await, hops());
    tokio::join!(ask(&hops, &address), ask(&hops, &address));
    assert_eq!(heard.open.load(Ordering::SeqCst), 2);
    until(&heard, 0).await;
    // And there is somebody to close the next one, too.
    ask(&hops, &address).await;
    until(&heard, 0).await;
    assert_eq!(heard.connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn who_is_not_there_was_reached_by_nothing() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let error = hops().call(&format!("http://{nobody}"), post()).await.map(drop).unwrap_err();
    assert!(matches!(error, HopError::NotMade(_)) && error.reached_nobody(), "{error}");
    // There, and gone before it could hear anything.
    let (address, heard) = instance(SHORT, 0).await;
    let hops = hops();
    let mut hop = hops.shared.connect(&address).await.unwrap();
    while heard.connections.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until(&heard, 0).await;
    let (_, unsent) = hop.send(post()).await.unwrap_err();
    assert!(unsent.is_some());
}
