//! Whether anything happens on a connection: it is open requests that count, not open streams.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// What happens on one connection. Clones are the same connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    /// Requests begun and requests ended.
    stirs: AtomicU64,
}

/// A request that is not yet answered to its end.
pub(super) struct Open(Activity);

/// An answer's body; its request is open until it is gone.
pub(super) struct Answer {
    body: Body,
    _open: Open,
}

impl Activity {
    /// A request begins.
    pub(super) fn begin(&self) -> Open {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        self.0.stirs.fetch_add(1, Ordering::Relaxed);
        Open(self.clone())
    }

    /// Whether a request ever came.
    pub(super) fn has_begun(&self) -> bool {
        self.stirs() > 0
    }

    /// Ends when no request came within `first`, or when later, for at least `idle` and at most
    /// twice that, none was open.
    pub(super) async fn ceases(&self, first: Duration, idle: Duration) {
        tokio::time::sleep(first).await;
        let mut before = self.stirs();
        while before > 0 {
            tokio::time::sleep(idle).await;
            let now = self.stirs();
            if now == before && self.0.open.load(Ordering::Relaxed) == 0 {
                return;
            }
            before = now;
        }
    }

    fn stirs(&self) -> u64 {
        self.0.stirs.load(Ordering::Relaxed)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Self(Activity(counts)) = self;
        counts.stirs.fetch_add(1, Ordering::Relaxed);
        counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Answer {
    pub(super) fn new(body: Body, open: Open) -> Self {
        Self { body, _open: open }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
