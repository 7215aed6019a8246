//! An answer on its way to whoever asked: read at once if it is short, so that a client who takes
//! nothing holds no connection to the role. A long one is read as its client takes it, and there
//! are few of them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use platform::http::{ApiError, Full, Network, Place, Places};
use protocol::Code;
use tokio::time::{Sleep, sleep};

use crate::hops::Answer;

/// What is read of an answer before its client gets anything: nearly all are a whole below it.
const SHORT_BYTES: usize = 64 * 1_024;
/// Long answers on their way from one role; more are refused at once. Each holds a connection to
/// its instance for as long as its client takes over it.
pub(super) const LONG: u32 = 256;
/// Those of one network: whoever takes none of them keeps nobody else from a long answer.
pub(super) const LONG_OF_NETWORK: u32 = LONG / 8;

/// How long the role may be silent within a long answer whose client waits.
const SILENT: Duration = Duration::from_secs(10);

/// The places of one role's long answers.
pub(super) fn places() -> Places {
    Places::new(LONG, LONG_OF_NETWORK)
}

/// The rest of a long answer behind what was read of it.
struct Long<B> {
    begun: Option<Bytes>,
    rest: B,
    /// How long a silence is waited out; and the wait, while there is one.
    patience: Duration,
    waits: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

/// Reads the beginning of `answer`, all of it if it is short. A refusal if it is long and there
/// are too many such already, all in all or of the `network` that asked, which says nothing of the
/// instance.
///
/// # Errors
/// hyper's: it broke off.
pub(super) async fn read(
    answer: http::Response<Answer>,
    long: &Places,
    network: Option<Network>,
) -> Result<Result<Response, ApiError>, hyper::Error> {
    let (parts, mut rest) = answer.into_parts();
    let mut begun = BytesMut::new();
    while begun.len() <= SHORT_BYTES {
        let Some(frame) = rest.frame().await else {
            return Ok(Ok(Response::from_parts(parts, Body::from(begun.freeze()))));
        };
        // There are no trailers in a short answer worth passing on.
        if let Ok(bytes) = frame?.into_data() {
            begun.extend_from_slice(&bytes);
        }
    }
    let place = match long.take(network) {
        Ok(place) => place,
        Err(full) => return Ok(Err(refusal(full))),
    };
    let long =
        Long { begun: Some(begun.freeze()), rest, patience: SILENT, waits: None, _place: place };
    Ok(Ok(Response::from_parts(parts, Body::new(long))))
}

/// What is the client's own doing is no failure of ours.
fn refusal(full: Full) -> ApiError {
    match full {
        Full::Everywhere => ApiError::overloaded(),
        Full::ForNetwork => {
            let sentence = "Too many long answers are on their way to you; take them first";
            ApiError::new(Code::RateLimited, sentence).with_retry_after(1)
        }
    }
}

impl<B> hyper::body::Body for Long<B>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(bytes) = self.begun.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.rest).poll_frame(context) {
            self.waits = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        // A frozen role's kernel keeps the connection: nothing else would ever end it.
        let patience = self.patience;
        let waits = self.waits.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(waits.as_mut().poll(context));
        Poll::Ready(Some(Err("the role fell silent within its answer".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let begun = self.begun.as_ref().map_or(0, Bytes::len) as u64;
        let (rest, mut hint) = (self.rest.size_hint(), SizeHint::new());
        hint.set_lower(rest.lower() + begun);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + begun);
        }
        hint
    }
}

#[cfg(test)]
mod tests;
