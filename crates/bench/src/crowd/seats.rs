//! The crowd's sockets, each with a reader that notes what it is told.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Crowd;
use super::socket::{Frames, Socket};

/// Lobbies with as many players each.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) lobbies: u32,
    pub(super) seats: u32,
}

impl Rows {
    pub(super) const fn players(self) -> u32 {
        self.lobbies * self.seats
    }
}

/// An acknowledgement that a socket has just read.
pub(super) struct Acknowledged<'a> {
    pub(super) crowd: &'a Crowd,
    pub(super) socket: &'a Socket,
    /// The socket's lobby, counted from 0.
    pub(super) lobby: usize,
    pub(super) number: u32,
}

/// Seats a player for each token, in lobby after lobby; the first of each watches it for all.
/// `then` is called with each acknowledgement.
pub(super) async fn take(
    address: &str,
    tokens: &[String],
    lobbies: &[u64],
    crowd: &Arc<Crowd>,
    then: impl Fn(&Acknowledged<'_>) + Clone + Send + 'static,
) -> anyhow::Result<Vec<Socket>> {
    let mut sockets = Vec::with_capacity(tokens.len());
    let seats = tokens.len() / lobbies.len();
    for (place, token) in tokens.iter().enumerate() {
        let lobby = place / seats;
        let (socket, mut frames) = Socket::open(address, token, lobbies[lobby]).await?;
        sockets.push(socket.clone());
        let (crowd, then) = (Arc::clone(crowd), then.clone());
        let reader = Reader { crowd, socket, lobby, watches: place % seats == 0 };
        // Ends with the server, or when it closes the socket: then answers are missing.
        tokio::spawn(async move { reader.read(&mut frames, then).await });
    }
    Ok(sockets)
}

struct Reader {
    crowd: Arc<Crowd>,
    socket: Socket,
    lobby: usize,
    /// Whether it tells all others how its lobby is.
    watches: bool,
}

impl Reader {
    /// Notes answers, and how the lobby is.
    async fn read(
        &self,
        frames: &mut Frames,
        then: impl Fn(&Acknowledged<'_>),
    ) -> anyhow::Result<()> {
        let Self { crowd, socket, lobby, watches } = self;
        loop {
            let text = frames.next().await?;
            crowd.heard.fetch_add(1, Ordering::Relaxed);
            let now_s = crowd.watch.seconds();
            if let Some(rest) = text.strip_prefix(br#"{"type":"reply","id":"#.as_slice()) {
                let number = number(rest);
                crowd.answers.acknowledged(number, now_s);
                then(&Acknowledged { crowd, socket, lobby: *lobby, number });
            } else if let Some(rest) = text.strip_prefix(br#"{"type":"refused","id":"#.as_slice()) {
                crowd.answers.refused(number(rest), &word(rest, br#""code":""#));
            } else if *watches {
                self.watch(text, now_s);
            }
        }
    }

    fn watch(&self, text: &[u8], now_s: f64) {
        let Self { crowd, lobby, .. } = self;
        let opened = text.starts_with(br#"{"type":"betting_opened""#)
            || text.starts_with(br#"{"type":"snapshot""#)
                && behind(text, br#""phase":"open""#).is_some();
        if opened {
            let round = field(text, br#""round":"#).unwrap_or_default();
            let closes_in_s = field(text, br#""closes_in_ms":"#).map(|ms| f64::from(ms) / 1_000.0);
            // A lobby that waits for its first bet does not say when it closes.
            crowd.windows.open(*lobby, round, now_s + closes_in_s.unwrap_or(f64::INFINITY));
        } else if text.starts_with(br#"{"type":"round_locked""#) {
            crowd.windows.close(*lobby);
        } else if text.starts_with(br#"{"type":"round_started""#) {
            crowd.windows.climb(*lobby, true);
        } else if text.starts_with(br#"{"type":"crashed""#) {
            crowd.windows.climb(*lobby, false);
        }
    }
}

/// The digits that `text` begins with, as a number.
fn number(text: &[u8]) -> u32 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number: u32, digit| {
        number.saturating_mul(10).saturating_add(u32::from(digit - b'0'))
    })
}

/// What stands behind the first `name`.
fn behind<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(name.len()).position(|window| window == name)?;
    Some(&text[at + name.len()..])
}

fn field(text: &[u8], name: &[u8]) -> Option<u32> {
    behind(text, name).map(number)
}

/// Up to the next quotation mark.
fn word(text: &[u8], name: &[u8]) -> String {
    let word = behind(text, name).unwrap_or_default().split(|byte| *byte == b'"').next();
    String::from_utf8_lossy(word.unwrap_or_default()).into_owned()
}
