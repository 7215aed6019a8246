//! An event made ready for sockets: each dialect's bytes are made once, however many receive it.

use std::sync::Arc;

use bytes::Bytes;
use protocol::socket_io::ServerEvent;
use serde_json::value::RawValue;

use crate::plain;

/// An event as it goes out, for Socket.IO, for plain sockets, or for both; a clone copies
/// pointers.
#[derive(Clone, Debug, Default)]
pub struct Encoded {
    socket_io: Option<Named>,
    plain: Option<Framed>,
}

/// What a slow reader may miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// The next one says the same, later: the latest replaces those that wait.
    Tick,
    /// Nobody may miss it.
    Event,
}

/// A Socket.IO event: its name and its finished JSON.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: Arc<str>,
    pub(crate) data: Option<Arc<RawValue>>,
    importance: Importance,
}

/// A finished text frame.
#[derive(Clone, Debug)]
struct Framed {
    frame: Bytes,
    importance: Importance,
}

/// How a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The original's events.
    SocketIo,
    /// `waxwing.v1` over plain WebSocket.
    Plain,
}

impl Dialect {
    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SocketIo => "socket_io",
            Self::Plain => "plain",
        }
    }
}

impl Encoded {
    /// An event for plain sockets alone: one JSON text.
    #[must_use]
    pub fn plain(json: &str, importance: Importance) -> Self {
        Self::default().with_plain(json, importance)
    }

    /// The same, which plain sockets are told in this JSON text.
    #[must_use]
    pub fn with_plain(mut self, json: &str, importance: Importance) -> Self {
        self.plain = Some(Framed { frame: plain::text_frame(json), importance });
        self
    }

    /// Whether sockets of this dialect are told.
    #[must_use]
    pub const fn speaks(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::SocketIo => self.socket_io.is_some(),
            Dialect::Plain => self.plain.is_some(),
        }
    }

    /// Whether a slow reader of this dialect may miss it.
    #[must_use]
    pub fn is_tick(&self, dialect: Dialect) -> bool {
        let importance = match dialect {
            Dialect::SocketIo => self.socket_io.as_ref().map(|event| event.importance),
            Dialect::Plain => self.plain.as_ref().map(|event| event.importance),
        };
        importance == Some(Importance::Tick)
    }

    /// What Socket.IO is told.
    pub(crate) const fn named(&self) -> Option<&Named> {
        self.socket_io.as_ref()
    }

    /// What plain sockets are told.
    pub(crate) fn frame(&self) -> Option<&Bytes> {
        self.plain.as_ref().map(|framed| &framed.frame)
    }

    /// How many bytes it takes up while it waits, about.
    pub(crate) fn len(&self, dialect: Dialect) -> usize {
        match dialect {
            Dialect::SocketIo => self.named().map_or(0, |event| {
                event.name.len() + event.data.as_ref().map_or(0, |data| data.get().len())
            }),
            Dialect::Plain => self.frame().map_or(0, Bytes::len),
        }
    }
}

/// The event for Socket.IO alone.
impl From<&ServerEvent> for Encoded {
    fn from(event: &ServerEvent) -> Self {
        let data = event.json().and_then(|json| RawValue::from_string(json).ok());
        let importance = if event.is_tick() { Importance::Tick } else { Importance::Event };
        let named = Named { name: event.name().into(), data: data.map(Arc::from), importance };
        Self { socket_io: Some(named), plain: None }
    }
}
