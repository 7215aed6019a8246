//! What comes in from one plain socket: measured, rationed and read in the reader's own turn.

use kernel::Timestamp;
use protocol::close::CloseCode;
use protocol::plain::{Ask, Refused, Request};
use protocol::{Code, Problem};
use tokio::sync::mpsc;

use super::question::Question;
use crate::lanes::{Incoming, Queue};
use crate::metrics::{Event, Metrics, Reason};
use crate::ration::{Excess, Kind, Ration};
use crate::{Config, Session};

/// The reader's end of one session.
pub(crate) struct Inbox {
    session: Session,
    metrics: Metrics,
    bytes_max: u32,
    ration: Ration,
    queue: Queue<Question>,
}

/// Whether the client has begun to speak our protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    Yes,
    No,
}

impl Inbox {
    pub(crate) fn new(
        session: Session,
        config: &Config,
        metrics: Metrics,
        now: Timestamp,
    ) -> (Self, mpsc::UnboundedReceiver<Box<Incoming<Question>>>) {
        let (queue, receiver) = mpsc::unbounded_channel();
        let ration = Ration::new(config, now);
        let bytes_max = config.message_bytes_max;
        (Self { session, metrics, bytes_max, ration, queue }, receiver)
    }

    /// A text message, read completely at `stamp`.
    pub(crate) fn text(&mut self, stamp: Timestamp, text: &str) -> Greeting {
        match self.take(stamp, text) {
            Ok(greeting) => greeting,
            Err(refused) => {
                self.refuse(&refused);
                Greeting::No
            }
        }
    }

    /// A message that is longer than is taken.
    pub(crate) fn too_large(&mut self, stamp: Timestamp) {
        let detail = format!("A message has at most {} bytes", self.bytes_max);
        self.unread(stamp, Problem::new(Code::TooLarge, detail));
    }

    /// A binary message.
    pub(crate) fn binary(&mut self, stamp: Timestamp) {
        self.unread(stamp, Problem::new(Code::Malformed, "Messages are text, not binary"));
    }

    /// A ping, or a pong that nobody asked for; whether it may be.
    pub(crate) fn control(&mut self, stamp: Timestamp) -> bool {
        self.count(stamp, Kind::Message).is_ok()
    }

    fn take(&mut self, stamp: Timestamp, text: &str) -> Result<Greeting, Refused> {
        let read = Request::parse(text.as_bytes());
        let (id, kind) = match &read {
            Ok(Request { id, ask: Ask::CashOut { .. } }) => (Some(*id), Kind::CashOut),
            Ok(Request { id, .. }) => (Some(*id), Kind::Message),
            Err(refused) => (refused.id, Kind::Message),
        };
        self.count(stamp, kind).map_err(|problem| Refused::new(id, problem))?;
        let request = read?;
        self.metrics.messages.get_or_create(&Event { event: request.ask.name() }).inc();
        let place = self.ration.place().map_err(|problem| Refused::new(id, problem))?;
        let greets = matches!(request.ask, Ask::Authenticate { .. } | Ask::Join { .. });
        let incoming = Incoming { stamp, message: Question(request), place };
        if self.queue.send(Box::new(incoming)).is_err() {
            self.session.close(CloseCode::Restart);
        }
        Ok(if greets { Greeting::Yes } else { Greeting::No })
    }

    fn unread(&mut self, stamp: Timestamp, problem: Problem) {
        let problem = self.count(stamp, Kind::Message).err().unwrap_or(problem);
        self.refuse(&Refused::new(None, problem));
    }

    fn count(&mut self, stamp: Timestamp, kind: Kind) -> Result<(), Problem> {
        self.ration.take(kind, stamp).map_err(|excess| {
            if excess == Excess::Flood {
                self.session.close(CloseCode::Overloaded);
            }
            Excess::problem()
        })
    }

    fn refuse(&self, refused: &Refused) {
        let reason = Reason { reason: refused.problem.code.as_str() };
        self.metrics.messages_refused.get_or_create(&reason).inc();
        self.session.send_text(&refused.json());
    }
}
