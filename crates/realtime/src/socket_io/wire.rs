//! A session's way out through the library.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::AckSender;
use socketioxide::handler::{FromMessageParts, Value};
use socketioxide::socket::Socket;
use socketioxide::{SendError, SocketError};

use crate::encoded::Named;
use crate::session::{Frame, Sent, Wire};

/// The library's socket.
pub(crate) struct SocketIoWire(pub(crate) Arc<Socket>);

/// An event without data is an array with nothing but its name.
const NOTHING: [(); 0] = [];

impl Wire for SocketIoWire {
    fn send(&self, frame: &Frame) -> Sent {
        match frame {
            Frame::Event(event) => match event.named() {
                Some(Named { name, data: Some(data), .. }) => sent(self.0.emit(&**name, data)),
                Some(Named { name, data: None, .. }) => sent(self.0.emit(&**name, &NOTHING)),
                None => Sent::Done,
            },
            Frame::Acknowledgement { id, json } => self.acknowledge(*id, json),
            // Finished frames are for plain sockets.
            Frame::Raw(_) | Frame::Rest(_) => Sent::Done,
            Frame::Disconnect => match Arc::clone(&self.0).disconnect() {
                Err(SocketError::InternalChannelFull) => Sent::Full,
                _ => Sent::Done,
            },
        }
    }
}

impl SocketIoWire {
    fn acknowledge(&self, id: i64, json: &str) -> Sent {
        let Ok(data) = serde_json::from_str::<&RawValue>(json) else { return Sent::Gone };
        // Its number is all that is taken from the message answered; the rest is not read.
        let mut unread = Value::Bytes(Bytes::new());
        let sender: Result<AckSender<LocalAdapter>, _> =
            FromMessageParts::from_message_parts(&self.0, &mut unread, &Some(id));
        let Ok(sender) = sender;
        sent(sender.send(data))
    }
}

fn sent(result: Result<(), SendError>) -> Sent {
    match result {
        Ok(()) => Sent::Done,
        Err(SendError::Socket(SocketError::InternalChannelFull)) => Sent::Full,
        Err(error) => {
            tracing::debug!(%error, "an event could not be sent");
            Sent::Gone
        }
    }
}
