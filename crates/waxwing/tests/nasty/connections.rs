//! Requests that never end, or are mostly headers, over a bare stream.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Table;
use crate::harness::Place;

/// A body's deadline, and a machine that is busy.
const LIMIT: Duration = Duration::from_mins(1);

impl Table {
    async fn stream(&self) -> TcpStream {
        let address = self.server.base.strip_prefix("http://").unwrap();
        TcpStream::connect(address).await.unwrap()
    }

    /// The head of a top-up whose body is sent in chunks.
    fn head(&self) -> String {
        let token = &self.ann.token;
        format!(
            "PUT /gateway/user/v1/balance HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer \
             {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
    }
}

/// Everything the server says until it closes or is silent.
async fn said(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(Ok(count)) = timeout(LIMIT, stream.read(&mut buffer)).await
        && count > 0
    {
        said.extend_from_slice(&buffer[..count]);
        if said.ends_with(b"}") || said.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_chunks_without_end_is_too_large() {
    let place = Place::new();
    let table = Table::at(&place).await;
    let mut stream = table.stream().await;
    stream.write_all(table.head().as_bytes()).await.unwrap();
    stream.write_all(b"e\r\n{\"ammount\":1, \r\n").await.unwrap();
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    for _ in 0..200 {
        // Once it has answered, the server need not take the rest.
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let said = said(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    assert!(said.contains("\"code\":\"too_large\""), "{said}");
    table.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_given_up() {
    let place = Place::new();
    let table = Table::at(&place).await;
    let (mut reading, mut writing) = table.stream().await.into_split();
    writing.write_all(table.head().as_bytes()).await.unwrap();
    let trickle = tokio::spawn(async move {
        while writing.write_all(b"1\r\n \r\n").await.is_ok() {
            sleep(Duration::from_millis(500)).await;
        }
    });
    let mut said = Vec::new();
    let mut buffer = [0; 4_096];
    while !said.ends_with(b"}") {
        let read = timeout(LIMIT, reading.read(&mut buffer)).await;
        match read.expect("a body that trickles is given up in time") {
            Ok(count) if count > 0 => said.extend_from_slice(&buffer[..count]),
            _ => break,
        }
    }
    trickle.abort();
    let said = String::from_utf8_lossy(&said).into_owned();
    let refused = ["HTTP/1.1 503 ", "HTTP/1.1 408 "];
    assert!(refused.iter().any(|status| said.starts_with(status)), "{said}");
    assert!(said.contains("application/problem+json"), "{said}");
    table.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_is_refused() {
    let place = Place::new();
    let table = Table::at(&place).await;
    let many = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect::<Vec<_>>().concat();
    let large = format!("X-Large: {}\r\n", "x".repeat(20_000));
    for headers in [many, large] {
        let mut stream = table.stream().await;
        let head = format!("GET /gateway/status HTTP/1.1\r\nHost: here\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let said = said(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 431 ") || said.starts_with("HTTP/1.1 400 "), "{said}");
    }
    // One that never comes to its end.
    let mut stream = table.stream().await;
    stream.write_all(b"GET /gateway/status HTTP/1.1\r\nHost: here\r\nX: ").await.unwrap();
    for _ in 0..100 {
        if stream.write_all(&[b'x'; 1_024]).await.is_err() {
            break;
        }
    }
    let said = said(&mut stream).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    table.assert_untouched().await;
}
