//! What must be done before anybody can bet: money and lobbies, by the routes players use.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::seats::Rows;

/// Calls at once.
const CALLERS: usize = 50;

/// Gives everybody money.
pub(super) async fn fund(address: &str, tokens: &[String]) -> anyhow::Result<()> {
    let mut calls = JoinSet::new();
    for some in tokens.chunks(tokens.len().div_ceil(CALLERS)) {
        let (address, some) = (address.to_owned(), some.to_vec());
        calls.spawn(async move {
            for token in some {
                let body = r#"{"ammount":100000}"#;
                call(&address, "PUT /gateway/user/v1/balance", &token, body).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = calls.join_next().await {
        done??;
    }
    Ok(())
}

/// The first player of each lobby makes it, all of them within `spread`; their numbers.
pub(super) async fn open_lobbies(
    address: &str,
    tokens: &[String],
    rows: Rows,
    mode: &str,
    spread: Duration,
) -> anyhow::Result<Vec<u64>> {
    let mut lobbies = Vec::new();
    let body = format!(r#"{{"mode":"{mode}"}}"#);
    let apart = (spread / rows.lobbies).max(Duration::from_micros(1));
    let mut turn = tokio::time::interval(apart);
    for place in 0..rows.lobbies {
        turn.tick().await;
        let token = &tokens[(place * rows.seats) as usize];
        let answer = call(address, "POST /gateway/game/v1/lobby", token, &body).await?;
        let (_, rest) = answer.split_once(r#""lobby_id":"#).context("a lobby has a number")?;
        let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next();
        lobbies.push(digits.unwrap_or_default().parse()?);
    }
    Ok(lobbies)
}

/// One call over a connection of its own; the body of its answer.
async fn call(address: &str, route: &str, token: &str, body: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let request = format!(
        "{route} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if !answer.starts_with("HTTP/1.1 200 ") {
        bail!("{route}: {answer}");
    }
    Ok(answer)
}
