//! Events for many through `io_uring`: the raw sockets are lent by their sessions, sent to in one
//! call, and settled with what became of each.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tracing::warn;

use super::ring::{BATCH, Ring};
use super::{Deliver, Writes};
use crate::metrics::Means;
use crate::session::Sent;
use crate::{Dialect, Encoded, Metrics, Session};

/// Recipients below which a batch costs more than it saves.
const FEWEST: usize = 8;

/// Queues at most: that many threads send at once before one of them writes instead.
const RINGS_MAX: usize = 8;

/// A queue for each thread that may send, none any more where the kernel failed it.
pub(super) struct Batches {
    rings: Box<[Mutex<Option<Ring>>]>,
    /// How many of them the kernel has not failed.
    left: AtomicUsize,
    metrics: Metrics,
}

impl Batches {
    /// Asks the kernel for its queues and tries them.
    ///
    /// # Errors
    /// The kernel, or what confines this process, has none.
    pub(super) fn open(metrics: Metrics) -> io::Result<Self> {
        let threads = std::thread::available_parallelism()?.get();
        let rings = (0..threads.min(RINGS_MAX)).map(|_| Ok(Mutex::new(Some(Ring::open()?))));
        let rings: Box<[_]> = rings.collect::<io::Result<_>>()?;
        let left = AtomicUsize::new(rings.len());
        Ok(Self { rings, left, metrics })
    }

    /// Sends to plain sessions, together where that pays.
    fn send(&self, slot: &mut Option<Ring>, event: &Encoded, sessions: &[&Session]) {
        let (Some(ring), Some(frame)) = (slot.as_mut(), event.frame()) else {
            Writes.deliver(event, &mut sessions.iter().copied());
            return;
        };
        if sessions.len() < FEWEST {
            Writes.deliver(event, &mut sessions.iter().copied());
            return;
        }
        let (mut lenders, mut sockets) = (Vec::new(), Vec::with_capacity(sessions.len()));
        for session in sessions {
            if let Some(socket) = session.lend() {
                lenders.push(session);
                sockets.push(socket);
            } else {
                session.send_encoded(event);
            }
        }
        let mut taken = 0;
        for (session, answer) in lenders.iter().zip(ring.send(frame, &sockets)) {
            taken += u64::from(*answer >= 0);
            session.settle(event, sent(*answer, frame));
        }
        self.metrics.events_batched.inc_by(taken);
        if let Some(error) = ring.lost() {
            warn!(%error, "a queue of io_uring failed and is used no more");
            *slot = None;
            self.note_loss();
        }
    }

    /// One queue less; who finds none that is free writes.
    fn note_loss(&self) {
        self.metrics.delivery.get_or_create(&Means { by: "write" }).set(1);
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.metrics.delivery.get_or_create(&Means { by: "io_uring" }).set(0);
        }
    }

    /// A queue that works and that nobody sends by right now.
    fn free(&self) -> Option<MutexGuard<'_, Option<Ring>>> {
        let works = |slot: &Option<Ring>| slot.as_ref().is_some_and(|ring| ring.lost().is_none());
        self.rings.iter().find_map(|ring| ring.try_lock().filter(|slot| works(slot)))
    }
}

impl Deliver for Batches {
    fn deliver(&self, event: &Encoded, sessions: &mut dyn Iterator<Item = &Session>) -> usize {
        let Some(mut slot) = self.free() else {
            return Writes.deliver(event, sessions);
        };
        let mut told = 0;
        let mut plain = Vec::new();
        for session in sessions {
            if session.dialect() != Dialect::Plain || event.frame().is_none() {
                told += usize::from(session.send_encoded(event));
                continue;
            }
            told += 1;
            plain.push(session);
            if plain.len() == BATCH {
                self.send(&mut slot, event, &plain);
                plain.clear();
            }
        }
        self.send(&mut slot, event, &plain);
        told
    }
}

/// What became of `frame`, by the kernel's answer: bytes taken, or an error below 0.
fn sent(answer: i32, frame: &Bytes) -> Sent {
    match usize::try_from(answer) {
        Ok(count) if count == frame.len() => Sent::Done,
        Ok(count) => Sent::Partly(frame.slice(count..)),
        Err(_) => match io::Error::from_raw_os_error(-answer).kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Sent::Full,
            _ => Sent::Gone,
        },
    }
}

#[cfg(test)]
mod tests;
