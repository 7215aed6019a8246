//! Virtual time: what is due when. Time stands still while anybody has work.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering as Atomic};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

/// The instants at which something is due.
#[derive(Clone, Default)]
pub(super) struct Timers(Arc<Inner>);

#[derive(Default)]
struct Inner {
    now_ms: AtomicU64,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    due: BinaryHeap<Reverse<Entry>>,
    entries: u64,
}

/// What happens at its instant; at one instant in the order of asking.
struct Entry {
    at_ms: u64,
    number: u64,
    what: What,
}

enum What {
    Wake(Arc<Sleeper>),
    Call(Box<dyn FnOnce() + Send>),
}

/// What is due now.
pub(super) enum Due {
    Wake(Waker),
    Call(Box<dyn FnOnce() + Send>),
}

/// Who sleeps; nobody if the sleep was dropped.
#[derive(Default)]
struct Sleeper(Mutex<Option<Waker>>);

/// Ends at an instant of the world.
pub(crate) struct Sleep {
    at_ms: u64,
    timers: Timers,
    sleeper: Option<Arc<Sleeper>>,
}

impl Timers {
    pub(super) fn now_ms(&self) -> u64 {
        self.0.now_ms.load(Atomic::Relaxed)
    }

    pub(super) fn sleep_until(&self, at_ms: u64) -> Sleep {
        Sleep { at_ms, timers: self.clone(), sleeper: None }
    }

    pub(super) fn call_at(&self, at_ms: u64, work: Box<dyn FnOnce() + Send>) {
        self.push(at_ms, What::Call(work));
    }

    /// Forgets everything that is due.
    pub(super) fn clear(&self) {
        let due = std::mem::take(&mut self.0.queue.lock().due);
        drop(due);
    }

    fn push(&self, at_ms: u64, what: What) {
        let mut queue = self.0.queue.lock();
        queue.entries += 1;
        let number = queue.entries;
        queue.due.push(Reverse(Entry { at_ms, number, what }));
    }

    /// The next thing due at `until_ms` or before, time moved on to it. Without one time moves on
    /// to `until_ms`.
    pub(super) fn next(&self, until_ms: u64) -> Option<Due> {
        loop {
            let mut queue = self.0.queue.lock();
            let next_ms = queue.due.peek().map(|Reverse(next)| next.at_ms);
            if next_ms.is_none_or(|next_ms| next_ms > until_ms) {
                self.0.now_ms.fetch_max(until_ms, Atomic::Relaxed);
                return None;
            }
            let Reverse(Entry { at_ms, what, .. }) = queue.due.pop()?;
            drop(queue);
            match what {
                What::Call(work) => {
                    self.0.now_ms.fetch_max(at_ms, Atomic::Relaxed);
                    return Some(Due::Call(work));
                }
                What::Wake(sleeper) => {
                    // Nobody sleeps any more: nothing happens at this instant.
                    let Some(waker) = sleeper.0.lock().take() else { continue };
                    self.0.now_ms.fetch_max(at_ms, Atomic::Relaxed);
                    return Some(Due::Wake(waker));
                }
            }
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.timers.now_ms() >= self.at_ms {
            return Poll::Ready(());
        }
        if let Some(sleeper) = &self.sleeper {
            *sleeper.0.lock() = Some(context.waker().clone());
            return Poll::Pending;
        }
        let sleeper = Arc::new(Sleeper(Mutex::new(Some(context.waker().clone()))));
        self.timers.push(self.at_ms, What::Wake(Arc::clone(&sleeper)));
        self.sleeper = Some(sleeper);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(sleeper) = &self.sleeper {
            sleeper.0.lock().take();
        }
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at_ms, self.number).cmp(&(other.at_ms, other.number))
    }
}
