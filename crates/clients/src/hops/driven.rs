//! A connection that is driven by the task that uses it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Nobody looks at the connection; who is to, is woken.
const RESTING: u8 = 0;
/// It is being looked at.
const WATCHED: u8 = 1;
/// It is being looked at, and must be once more.
const NUDGED: u8 = 2;

/// How often both are looked at before other tasks have their turn: what nudges itself without end
/// has used up its share.
const LOOKS: usize = 8;

/// A connection, polled by whoever waits for something that only it can bring.
pub(super) struct Driven<C> {
    /// `None` once it has ended.
    connection: Option<Pin<Box<C>>>,
    nudges: Arc<Nudges>,
    waker: Waker,
}

/// Wakes the task that drives a connection, unless the connection and what is waited for nudge
/// each other while that task looks at both: a task woken by itself is queued once more, and
/// another thread is woken to take it.
struct Nudges {
    state: AtomicU8,
    driver: AtomicWaker,
}

impl<C: Future> Driven<C> {
    pub(super) fn new(connection: C) -> Self {
        let nudges = Arc::new(Nudges { state: AtomicU8::new(RESTING), driver: AtomicWaker::new() });
        let waker = Waker::from(Arc::clone(&nudges));
        Self { connection: Some(Box::pin(connection)), nudges, waker }
    }

    /// What `step` waits for.
    pub(super) async fn until<T>(
        &mut self,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> T {
        poll_fn(|context| self.poll_until(context, &mut step)).await
    }

    /// The same within a poll. What makes `step` ready is done by the connection, or was before.
    pub(super) fn poll_until<T>(
        &mut self,
        context: &Context<'_>,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self { connection, nudges, waker } = self;
        let driver = context.waker();
        nudges.driver.register(driver);
        let mut context = Context::from_waker(waker);
        for _ in 0..LOOKS {
            nudges.state.store(WATCHED, Ordering::SeqCst);
            let mut out = step(&mut context);
            if out.is_pending() {
                drive(connection, &mut context);
                out = step(&mut context);
            }
            let was = nudges.state.swap(RESTING, Ordering::SeqCst);
            if out.is_ready() || was != NUDGED {
                return out;
            }
        }
        driver.wake_by_ref();
        Poll::Pending
    }

    /// Lets the connection end what it does, waiting for nothing; afterwards nobody is woken.
    pub(super) fn settle(&mut self) {
        let Self { connection, nudges, waker } = self;
        nudges.driver.take();
        drive(connection, &mut Context::from_waker(waker));
    }
}

fn drive<C: Future>(connection: &mut Option<Pin<Box<C>>>, context: &mut Context<'_>) {
    let ended = connection.as_mut().is_some_and(|it| it.as_mut().poll(context).is_ready());
    if ended {
        // Why it has ended, whoever waits for it is told by hyper.
        *connection = None;
    }
}

impl Wake for Nudges {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let nudged =
            self.state.compare_exchange(WATCHED, NUDGED, Ordering::SeqCst, Ordering::SeqCst);
        if nudged == Err(RESTING) {
            self.driver.wake();
        }
    }
}

#[cfg(test)]
mod tests;
