//! Where a socket comes in and goes out.

use std::fmt::Display;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use kernel::Sealed;
use parking_lot::Mutex;
use platform::clock::Clock;
use protocol::socket_io::{ServerEvent, token_of_auth};
use socketioxide::adapter::LocalAdapter;
use socketioxide::handler::{ConnectHandler, Value};
use socketioxide::socket::Socket;
use tokio::sync::mpsc;

use super::event::Event;
use super::inbox::Inbox;
use super::wire::SocketIoWire;
use crate::admission::Peer;
use crate::lanes::{self, Incoming};
use crate::{Config, Dialect, Hub, Session, SessionHandler};

/// Makes a session of every socket.
#[derive(Clone)]
pub(crate) struct Door(Arc<Inner>);

struct Inner {
    handler: Arc<dyn SessionHandler>,
    hub: Hub,
    config: Config,
    clock: Arc<dyn Clock>,
}

type Receiver = mpsc::UnboundedReceiver<Box<Incoming<Event>>>;

/// A session whose client does not know yet that it is connected.
#[derive(Clone)]
pub(crate) struct Prepared {
    session: Session,
    inbox: Arc<Mutex<Option<Receiver>>>,
}

impl Door {
    pub(crate) fn new(
        handler: Arc<dyn SessionHandler>,
        hub: Hub,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Inner { handler, hub, config, clock }))
    }

    /// Makes the session and registers its handlers before the client can know that it is
    /// connected: neither a message nor the end of the socket finds nobody there.
    fn prepare(&self, socket: &Arc<Socket>, token: Option<Sealed<String>>) {
        let Inner { hub, config, clock, .. } = &*self.0;
        let peer = Peer::of(&socket.req_parts().extensions);
        let birth = hub.birth(Dialect::SocketIo, peer, token);
        let metrics = hub.metrics();
        let session = Session::new(birth, config, Arc::clone(clock), metrics.clone());
        let (inbox, receiver) =
            Inbox::new(session.clone(), config, Arc::clone(clock), metrics.clone());
        socket.on_fallback(inbox);
        let (hub, ended) = (hub.clone(), session.clone());
        socket.on_disconnect(async move || {
            ended.detach();
            hub.exit(&ended);
        });
        let inbox = Arc::new(Mutex::new(Some(receiver)));
        socket.extensions.insert(Prepared { session, inbox });
    }

    /// Gives the session its socket and tells it that it is connected.
    fn open(&self, socket: Arc<Socket>) {
        let Some(Prepared { session, inbox }) = socket.extensions.remove::<Prepared>() else {
            return;
        };
        let Some(receiver) = inbox.lock().take() else { return };
        self.0.hub.enter(&session);
        if !session.attach(Box::new(SocketIoWire(socket))) {
            self.0.hub.exit(&session);
            return;
        }
        session.send(&ServerEvent::Connected);
        tokio::spawn(lanes::run(session, Arc::clone(&self.0.handler), receiver));
    }
}

/// The library calls both in the connection's own turn: first `call_middleware`, then it tells
/// the client that it is connected, then `call`.
impl ConnectHandler<LocalAdapter, Prepared> for Door {
    fn call(&self, socket: Arc<Socket>, _auth: Option<Value>) {
        self.open(socket);
    }

    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket>,
        auth: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Display + Send>>> + Send + 'a>> {
        // As it came: the library's own reading takes the last of two fields of one name.
        let auth = auth.as_ref().and_then(Value::as_str);
        self.prepare(&socket, auth.and_then(|auth| token_of_auth(auth)));
        Box::pin(ready(Ok(())))
    }
}
