//! Who is woken, and who is not.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;

use super::Driven;

/// A task that counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts up to `to`, waking itself or whoever polls it each time.
fn counting(count: &Arc<AtomicUsize>, to: usize) -> impl Future<Output = ()> + use<> {
    let count = Arc::clone(count);
    poll_fn(move |context| {
        if count.fetch_add(1, Ordering::Relaxed) + 1 >= to {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn what_nudges_itself_is_looked_at_again_without_the_task_being_woken() {
    let (task, count) = (Arc::new(Woken::default()), Arc::new(AtomicUsize::new(0)));
    let mut driven = Driven::new(counting(&count, 5));
    let waker = Waker::from(Arc::clone(&task));
    let reached = driven.poll_until(&Context::from_waker(&waker), |_| {
        if count.load(Ordering::Relaxed) == 5 { Poll::Ready(()) } else { Poll::Pending }
    });
    assert_eq!((reached, task.times()), (Poll::Ready(()), 0));
}

#[test]
fn what_nudges_itself_without_end_lets_other_tasks_have_their_turn() {
    let (task, count) = (Arc::new(Woken::default()), Arc::new(AtomicUsize::new(0)));
    let mut driven = Driven::new(counting(&count, usize::MAX));
    let waker = Waker::from(Arc::clone(&task));
    let reached = driven.poll_until(&Context::from_waker(&waker), |_| Poll::<()>::Pending);
    assert_eq!((reached, task.times()), (Poll::Pending, 1));
    assert!(count.load(Ordering::Relaxed) > 1, "it was looked at once");
}

#[test]
fn a_connection_that_rests_wakes_who_waits_for_it_and_nobody_once_it_is_kept() {
    let (task, known) = (Arc::new(Woken::default()), Arc::new(Mutex::new(None::<Waker>)));
    let kept = Arc::clone(&known);
    let mut driven = Driven::new(poll_fn(move |context: &mut Context<'_>| {
        *kept.lock() = Some(context.waker().clone());
        Poll::<()>::Pending
    }));
    let waker = Waker::from(Arc::clone(&task));
    let reached = driven.poll_until(&Context::from_waker(&waker), |_| Poll::<()>::Pending);
    assert_eq!((reached, task.times()), (Poll::Pending, 0));
    let connection = known.lock().clone().unwrap();
    connection.wake_by_ref();
    assert_eq!(task.times(), 1);
    driven.settle();
    connection.wake();
    assert_eq!(task.times(), 1);
}
