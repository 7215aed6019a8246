//! Connections to instances for calls that are handed on: HTTP/1.1, one for each call under way,
//! kept for the next.
//!
//! Whoever uses one drives it within its own task: a call crosses from its client's connection to
//! the instance's and back without another task being woken in between.

mod driven;

use std::collections::HashMap;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kernel::Timestamp;
use parking_lot::Mutex;
use platform::clock::Clock;
use tokio::net::{TcpStream, lookup_host};
use tokio::runtime::{self, Handle};

use crate::channel::Body;
use driven::Driven;

/// How long a connection is kept without a call, in milliseconds: well below what a role's
/// listener allows, so that it is nearly always this end that closes.
const KEPT_MS: u64 = 5_000;
/// How often kept ones are looked through.
const LOOKED_THROUGH: Duration = Duration::from_secs(1);
/// How long an instance may leave unacknowledged what was sent to it before it counts as gone.
const GONE_AFTER: Duration = Duration::from_secs(4);
/// How instances' addresses begin.
const SCHEME: &str = "http://";

/// The connections of one channel. Clones share them.
#[derive(Clone)]
pub(crate) struct Hops {
    shared: Arc<Shared>,
}

struct Shared {
    /// How long a connection may take to be made.
    patience: Duration,
    clock: Arc<dyn Clock>,
    /// By instances' addresses, the longest kept first.
    kept: Mutex<HashMap<String, Vec<Kept>>>,
}

struct Kept {
    hop: Hop,
    since: Timestamp,
}

/// One connection, in use or kept.
struct Hop {
    /// The instance's.
    address: String,
    /// Where its bytes are waited for. Elsewhere two threads would be woken for them.
    home: runtime::Id,
    calls: http1::SendRequest<Body>,
    driven: Driven<http1::Connection<TokioIo<TcpStream>, Body>>,
}

/// What an instance answers, as it comes. Once it is whole, its connection is kept.
pub(crate) struct Answer {
    body: Incoming,
    /// Gone when the connection is.
    hop: Option<Hop>,
    hops: Hops,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HopError {
    #[error("no connection: {0}")]
    NotMade(#[source] io::Error),
    #[error("no connection in time")]
    NotMadeInTime,
    #[error("nothing was sent: {0}")]
    Unsent(#[source] hyper::Error),
    /// What was sent may have been done.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

impl HopError {
    /// Whether certainly no byte of the call reached the instance.
    pub(crate) const fn reached_nobody(&self) -> bool {
        !matches!(self, Self::Broken(_))
    }
}

impl Hops {
    pub(crate) fn new(patience: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared { patience, clock, kept: Mutex::default() }) }
    }

    /// Sends `call`, whose address is a path, to the instance at `address`.
    ///
    /// # Errors
    /// [`HopError`].
    pub(crate) async fn call(
        &self,
        address: &str,
        mut call: Request<Body>,
    ) -> Result<Response<Answer>, HopError> {
        let unfit = |_| HopError::NotMade(io::ErrorKind::InvalidInput.into());
        let host = HeaderValue::from_str(authority(address)).map_err(unfit)?;
        call.headers_mut().insert(HOST, host);
        loop {
            let (mut hop, is_new) = match self.take(address) {
                Some(kept) => (kept, false),
                None => (self.shared.connect(address).await?, true),
            };
            match hop.send(call).await {
                Ok(answer) => {
                    let hops = self.clone();
                    return Ok(answer.map(|body| Answer { body, hop: Some(hop), hops }));
                }
                // The instance had closed a kept one: nothing was written.
                Err((_, Some(unsent))) if !is_new => call = *unsent,
                Err((error, Some(_))) => return Err(HopError::Unsent(error)),
                Err((error, None)) => return Err(error.into()),
            }
        }
    }

    /// The connection to `address` that was used last, of those that belong to this runtime.
    fn take(&self, address: &str) -> Option<Hop> {
        let here = Handle::current().id();
        let mut all = self.shared.kept.lock();
        let kept = all.get_mut(address)?;
        let last = kept.iter().rposition(|kept| kept.hop.home == here)?;
        Some(kept.remove(last).hop)
    }

    fn keep(&self, hop: Hop) {
        let since = self.shared.clock.now();
        let mut all = self.shared.kept.lock();
        if all.is_empty() {
            tokio::spawn(close_unused(Arc::downgrade(&self.shared)));
        }
        match all.get_mut(&hop.address) {
            Some(kept) => kept.push(Kept { hop, since }),
            None => drop(all.insert(hop.address.clone(), vec![Kept { hop, since }])),
        }
    }
}

/// What of an instance's address names its host.
fn authority(address: &str) -> &str {
    address.strip_prefix(SCHEME).unwrap_or(address)
}

/// Closes what nobody used for long, until there is none.
async fn close_unused(hops: Weak<Shared>) {
    loop {
        tokio::time::sleep(LOOKED_THROUGH).await;
        let Some(shared) = hops.upgrade() else { return };
        if shared.close_unused() {
            return;
        }
    }
}

impl Shared {
    async fn connect(&self, address: &str) -> Result<Hop, HopError> {
        let stream = self.stream(authority(address)).await?;
        stream.set_nodelay(true).map_err(HopError::NotMade)?;
        #[cfg(target_os = "linux")]
        socket2::SockRef::from(&stream)
            .set_tcp_user_timeout(Some(GONE_AFTER))
            .map_err(HopError::NotMade)?;
        let (calls, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let (address, home) = (address.to_owned(), Handle::current().id());
        Ok(Hop { address, home, calls, driven: Driven::new(connection) })
    }

    /// To the first of a name's addresses that answers.
    async fn stream(&self, authority: &str) -> Result<TcpStream, HopError> {
        let mut failed = HopError::NotMade(io::ErrorKind::NotFound.into());
        for address in lookup_host(authority).await.map_err(HopError::NotMade)? {
            match tokio::time::timeout(self.patience, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failed = HopError::NotMade(error),
                Err(_) => failed = HopError::NotMadeInTime,
            }
        }
        Err(failed)
    }

    /// Whether none is left. They are closed once calls need not wait for it.
    fn close_unused(&self) -> bool {
        let (now, mut unused) = (self.clock.now(), Vec::new());
        let mut all = self.kept.lock();
        all.retain(|_, kept| {
            let old = kept.partition_point(|kept| kept.since + KEPT_MS <= now);
            unused.extend(kept.drain(..old));
            !kept.is_empty()
        });
        all.is_empty()
    }
}

impl Hop {
    /// The answer's head; or why there is none, and the call if nothing of it was written.
    async fn send(
        &mut self,
        call: Request<Body>,
    ) -> Result<Response<Incoming>, (hyper::Error, Option<Box<Request<Body>>>)> {
        let mut answer = pin!(self.calls.try_send_request(call));
        let answer = self.driven.until(|context| answer.as_mut().poll(context)).await;
        answer.map_err(|mut failed| {
            let unsent = failed.take_message().map(Box::new);
            (failed.into_error(), unsent)
        })
    }

    /// Whether another call can be sent, now that the last one's answer is whole.
    fn is_reusable(&mut self) -> bool {
        self.driven.settle();
        self.calls.is_ready()
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Self { body, hop, hops } = self.get_mut();
        let mut next = |context: &mut Context<'_>| Pin::new(&mut *body).poll_frame(context);
        let frame = match hop {
            Some(hop) => ready!(hop.driven.poll_until(context, next)),
            None => ready!(next(context)),
        };
        // hyper asks for no more once it knows that a frame was the last.
        let is_whole = frame.is_none() || matches!(frame, Some(Ok(_))) && body.is_end_stream();
        if is_whole
            && let Some(mut hop) = hop.take()
            && hop.is_reusable()
        {
            hops.keep(hop);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
