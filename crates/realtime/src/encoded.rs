//! An event made ready for sockets: its JSON is made once, however many receive it.

use std::sync::Arc;

use protocol::socket_io::ServerEvent;
use serde_json::value::RawValue;

/// An event's name and its finished JSON; a clone copies two pointers.
#[derive(Clone, Debug)]
pub struct Encoded {
    name: Arc<str>,
    data: Option<Arc<RawValue>>,
    is_tick: bool,
}

impl Encoded {
    /// The event's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event's data.
    #[must_use]
    pub fn data(&self) -> Option<&RawValue> {
        self.data.as_deref()
    }

    /// Whether a slow reader may miss it.
    #[must_use]
    pub const fn is_tick(&self) -> bool {
        self.is_tick
    }
}

impl From<&ServerEvent> for Encoded {
    fn from(event: &ServerEvent) -> Self {
        let data = event.json().and_then(|json| RawValue::from_string(json).ok());
        Self { name: event.name().into(), data: data.map(Arc::from), is_tick: event.is_tick() }
    }
}
