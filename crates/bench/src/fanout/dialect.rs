//! How a crowd speaks to a server: what it asks for, and when it is in.

use anyhow::{Context as _, bail};

use crate::frames::{TEXT, masked};

/// A kind of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `waxwing.v1`: in once its join was answered.
    Native,
    /// A socket that says nothing: in at once.
    Silent,
    /// Socket.IO over a websocket: in once its namespace was acknowledged.
    SocketIo,
}

impl Dialect {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Silent => "silent",
            Self::SocketIo => "socket_io",
        }
    }

    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let all = [Self::Native, Self::Silent, Self::SocketIo];
        let known = all.into_iter().find(|dialect| dialect.as_str() == text);
        known.with_context(|| format!("nobody speaks {text}"))
    }

    /// The head of its handshake.
    pub(super) fn handshake(self, address: &str) -> String {
        let (path, more) = match self {
            Self::Native => ("/gateway/game/v1/ws", "Sec-WebSocket-Protocol: waxwing.v1\r\n"),
            Self::Silent => ("/", ""),
            Self::SocketIo => ("/socket.io/?EIO=4&transport=websocket", ""),
        };
        format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        )
    }

    /// What it sends next once it was sent so many texts, and whether it waits for one more.
    pub(super) fn greeting(self, heard: u32) -> (Option<Vec<u8>>, bool) {
        let (text, waits) = match (self, heard) {
            (Self::Native, 0) => (r#"{"type":"join","id":1,"lobby_id":1}"#, true),
            // Engine.IO's opening packet comes first; then it asks for the main namespace.
            (Self::SocketIo, 0) => ("", true),
            (Self::SocketIo, 1) => ("40", true),
            _ => ("", false),
        };
        (masked(TEXT, text.as_bytes()).filter(|_| !text.is_empty()), waits)
    }

    /// What a text from the server is.
    pub(super) fn hear(self, text: &[u8]) -> anyhow::Result<Heard> {
        match (self, text) {
            (Self::Native | Self::Silent, _) | (Self::SocketIo, [b'4', b'2', ..]) => {
                Ok(Heard::Told)
            }
            (Self::SocketIo, [b'2', ..]) => Ok(Heard::Asked),
            (Self::SocketIo, [b'0', ..] | [b'4', b'0', ..]) => Ok(Heard::Greeted),
            _ => bail!("a server said {}", String::from_utf8_lossy(text)),
        }
    }
}

/// What a text from a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// What everyone is sent: it counts.
    Told,
    /// Engine.IO's own ping, a text there.
    Asked,
    /// A part of the way in.
    Greeted,
}
