//! What comes in from one socket: stamped, measured, rationed and read before it is queued, in
//! the reader's own turn, so that nothing overtakes and nothing slow comes before the stamp.

use std::sync::Arc;

use kernel::Timestamp;
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::close::CloseCode;
use protocol::socket_io::{ClientMessage, ServerEvent};
use protocol::{Code, Problem};
use serde_json::value::RawValue;
use socketioxide::adapter::LocalAdapter;
use socketioxide::handler::{MessageHandler, Value};
use socketioxide::socket::Socket;
use tokio::sync::mpsc;

use super::event::Event;
use crate::lanes::{Incoming, Queue};
use crate::metrics::{self, Metrics, Reason};
use crate::ration::{Excess, Kind, Ration};
use crate::{Config, Session};

/// The reader's end of one session.
pub(crate) struct Inbox {
    session: Session,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    bytes_max: usize,
    ration: Mutex<Ration>,
    queue: Queue<Event>,
}

impl Inbox {
    pub(crate) fn new(
        session: Session,
        config: &Config,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> (Self, mpsc::UnboundedReceiver<Box<Incoming<Event>>>) {
        let (queue, receiver) = mpsc::unbounded_channel();
        let ration = Mutex::new(Ration::new(config, clock.now()));
        let bytes_max = config.message_bytes_max as usize;
        (Self { session, clock, metrics, bytes_max, ration, queue }, receiver)
    }

    fn receive(&self, value: &Value, acknowledgement: Option<i64>) {
        let stamp = self.clock.now();
        let text = value.as_str().map_or("", |text| text.as_str());
        match self.take(stamp, text, acknowledgement) {
            Ok(incoming) => {
                if self.queue.send(Box::new(incoming)).is_err() {
                    self.session.close(CloseCode::Restart);
                }
            }
            Err(problem) => self.refuse(problem, acknowledgement),
        }
    }

    /// Reads `["name", data, …]` if the socket may send it now.
    fn take(
        &self,
        stamp: Timestamp,
        text: &str,
        acknowledgement: Option<i64>,
    ) -> Result<Incoming<Event>, Problem> {
        let name = if text.len() > self.bytes_max { "" } else { name_of(text) };
        self.count(stamp, name)?;
        if text.len() > self.bytes_max {
            let detail = format!("A message has at most {} bytes", self.bytes_max);
            return Err(Problem::new(Code::TooLarge, detail));
        }
        let message = read(text)?;
        self.metrics.messages.get_or_create(&metrics::Event { event: event_of(&message) }).inc();
        let place = self.ration.lock().place()?;
        Ok(Incoming { stamp, message: Event { message, acknowledgement }, place })
    }

    fn count(&self, stamp: Timestamp, name: &str) -> Result<(), Problem> {
        let kind = if name == "withdraw" { Kind::CashOut } else { Kind::Message };
        let taken = self.ration.lock().take(kind, stamp);
        taken.map_err(|excess| {
            if excess == Excess::Flood {
                self.session.close(CloseCode::Overloaded);
            }
            Excess::problem()
        })
    }

    fn refuse(&self, problem: Problem, acknowledgement: Option<i64>) {
        self.metrics
            .messages_refused
            .get_or_create(&Reason { reason: problem.code.as_str() })
            .inc();
        let event = ServerEvent::Error(problem);
        self.session.send(&event);
        if let Some(id) = acknowledgement {
            self.session.acknowledge(id, event.acknowledgement());
        }
    }
}

/// The library calls this in the reader's own turn; the usual async handlers run in any order.
impl MessageHandler<LocalAdapter, Event> for Inbox {
    fn call(&self, _socket: Arc<Socket>, value: Value, acknowledgement: Option<i64>) {
        self.receive(&value, acknowledgement);
    }
}

/// The event's name, good enough to choose a bucket by.
fn name_of(text: &str) -> &str {
    let quoted = text.trim_start_matches(['[', ' ']).strip_prefix('"');
    quoted.and_then(|rest| rest.split_once('"')).map_or("", |(name, _)| name)
}

fn read(text: &str) -> Result<ClientMessage, Problem> {
    let malformed = |_| Problem::new(Code::Malformed, "The message is not a JSON array");
    let arguments: Vec<&RawValue> = serde_json::from_str(text).map_err(malformed)?;
    let name = arguments.first().map_or("\"\"", |name| name.get());
    let data = arguments.get(1).map_or("null", |data| data.get());
    let name: String = serde_json::from_str(name).map_err(malformed)?;
    ClientMessage::read(&name, data)
}

const fn event_of(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::JoinRoom(_) => "joinRoom",
        ClientMessage::PlaceBet(_) => "place_bet",
        ClientMessage::Withdraw(_) => "withdraw",
    }
}
