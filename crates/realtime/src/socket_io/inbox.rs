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
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::metrics::{Event, Metrics, Reason};
use crate::rate::Bucket;
use crate::{Config, Session};

/// One message on its way to the role.
pub(crate) struct Incoming {
    pub(crate) stamp: Timestamp,
    pub(crate) message: ClientMessage,
    /// The acknowledgement callback that waits, if any.
    pub(crate) acknowledgement: Option<i64>,
    /// Its place among the messages in flight, given back with the answer.
    pub(crate) _place: OwnedSemaphorePermit,
}

/// The reader's end of one session.
pub(crate) struct Inbox {
    session: Session,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    bytes_max: usize,
    strikes_max: u32,
    ration: Mutex<Ration>,
    places: Arc<Semaphore>,
    queue: mpsc::UnboundedSender<Incoming>,
}

/// What the socket may still send. Cash-outs have their own bucket: bets never starve them.
struct Ration {
    messages: Bucket,
    cash_outs: Bucket,
    strikes: u32,
}

impl Inbox {
    /// The queue has no bound of its own: each message in it holds one of the places.
    pub(crate) fn new(
        session: Session,
        config: &Config,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> (Self, mpsc::UnboundedReceiver<Incoming>) {
        let (queue, receiver) = mpsc::unbounded_channel();
        let now = clock.now();
        let bucket = Bucket::full(config.burst_max, config.messages_per_second, now);
        let ration = Ration { messages: bucket, cash_outs: bucket, strikes: 0 };
        let inbox = Self {
            session,
            clock,
            metrics,
            bytes_max: config.message_bytes_max as usize,
            strikes_max: config.strikes_max,
            ration: Mutex::new(ration),
            places: Arc::new(Semaphore::new(config.in_flight_max as usize)),
            queue,
        };
        (inbox, receiver)
    }

    fn receive(&self, value: &Value, acknowledgement: Option<i64>) {
        let stamp = self.clock.now();
        let text = value.as_str().map_or("", |text| text.as_str());
        match self.take(stamp, text) {
            Ok((message, place)) => {
                let incoming = Incoming { stamp, message, acknowledgement, _place: place };
                if self.queue.send(incoming).is_err() {
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
    ) -> Result<(ClientMessage, OwnedSemaphorePermit), Problem> {
        let name = if text.len() > self.bytes_max { "" } else { name_of(text) };
        self.ration(stamp, name)?;
        if text.len() > self.bytes_max {
            let detail = format!("A message has at most {} bytes", self.bytes_max);
            return Err(Problem::new(Code::TooLarge, detail));
        }
        let message = read(text)?;
        self.metrics.messages.get_or_create(&Event { event: event_of(&message) }).inc();
        let full = |_| Problem::new(Code::RateLimited, "Too many messages wait for an answer");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(full)?;
        Ok((message, place))
    }

    fn ration(&self, stamp: Timestamp, name: &str) -> Result<(), Problem> {
        let mut ration = self.ration.lock();
        let bucket = match name {
            "withdraw" => &mut ration.cash_outs,
            _ => &mut ration.messages,
        };
        if bucket.take(stamp) {
            // One less, not none: whoever keeps sending too much is closed in the end.
            ration.strikes = ration.strikes.saturating_sub(1);
            return Ok(());
        }
        ration.strikes += 1;
        if ration.strikes >= self.strikes_max {
            self.session.close(CloseCode::Overloaded);
        }
        Err(Problem::new(Code::RateLimited, "Too many messages, slow down"))
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
impl MessageHandler<LocalAdapter, Incoming> for Inbox {
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
    ClientMessage::read(&name, &serde_json::from_str(data).map_err(malformed)?)
}

const fn event_of(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::JoinRoom(_) => "joinRoom",
        ClientMessage::PlaceBet(_) => "place_bet",
        ClientMessage::Withdraw(_) => "withdraw",
    }
}

#[cfg(test)]
mod tests;
