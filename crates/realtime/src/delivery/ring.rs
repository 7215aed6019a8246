//! One frame to many sockets in one system call, through `io_uring`.
//!
//! The kernel reads the frame by its address. Whoever sends therefore waits until each send has
//! its answer; a frame whose answers do not come is never freed.

#![expect(unsafe_code, reason = "the kernel is told the address of a frame; see ADR 45")]

use std::io;
use std::mem;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream;
use std::slice;
use std::sync::Arc;

use bytes::Bytes;
use io_uring::types::{Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, opcode};

use crate::session::Direct;

/// Sends submitted at once.
pub(super) const BATCH: usize = ENTRIES as usize;
const ENTRIES: u32 = 1_024;

/// Linux' `MSG_DONTWAIT`, an answer at once in any case, and `MSG_NOSIGNAL`.
const FLAGS: i32 = 0x40 | 0x4000;

/// No answer yet. No error has this number.
const UNANSWERED: i32 = i32::MIN;

/// Linux' `EAGAIN`: nothing was sent, and may be later.
const NOT_NOW: i32 = -11;

/// Linux' `ETIME`: nothing came while it was waited for.
const WAITED: i32 = 62;

/// Linux' `ECONNABORTED`, for a stream of which nobody knows how far it got.
const UNKNOWN: i32 = -103;

/// Calls until missing answers are given up, and how long each waits: a tenth of a second in all,
/// since whoever sends waits with it, and a round is interrupted after half of one.
const CALLS: u32 = 10;
const WAIT: Timespec = Timespec::new().nsec(10_000_000);

/// A frame and how often it is sent until a socket that nobody reads must have refused it.
const PROBE_BYTES: usize = 65_536;
const PROBES: usize = 1_024;

/// A queue to the kernel.
pub(super) struct Ring {
    kernel: IoUring,
    /// Of the last sends, in their order.
    answers: Vec<i32>,
    /// Why it must not be used any more. Set while sends are under way, too: should this thread
    /// unwind, what it had queued is never submitted.
    lost: Option<io::Error>,
}

impl Ring {
    /// Asks the kernel for a queue, and tries whether it answers sends as is relied on here.
    ///
    /// # Errors
    /// The kernel, or what confines this process, has none or another kind.
    pub(super) fn open() -> io::Result<Self> {
        let kernel = IoUring::builder().setup_submit_all().build(ENTRIES)?;
        let mut ring = Self { kernel, answers: Vec::with_capacity(BATCH), lost: None };
        ring.probe()?;
        Ok(ring)
    }

    /// Why it must not be used any more, if it must not.
    pub(super) const fn lost(&self) -> Option<&io::Error> {
        self.lost.as_ref()
    }

    /// Sends the frame once to each socket, of which there are at most [`BATCH`], as far as each
    /// takes it at once. The kernel's answers in that order: bytes taken, or an error below 0.
    ///
    /// # Panics
    /// If the queue was lost.
    pub(super) fn send(&mut self, frame: &Bytes, sockets: &[Direct]) -> &[i32] {
        assert!(self.lost.is_none() && sockets.len() <= BATCH);
        self.lost = Some(io::ErrorKind::Other.into());
        self.answers.clear();
        self.answers.resize(sockets.len(), UNANSWERED);
        // More than that is the rest of a frame that was begun.
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let mut queue = self.kernel.submission();
        for (index, socket) in (0..).zip(sockets) {
            let fd = Fd(socket.as_fd().as_raw_fd());
            let send = opcode::Send::new(fd, frame.as_ptr(), length).flags(FLAGS).build();
            // SAFETY: the entry names `frame`'s memory and a descriptor. Both are borrowed until
            // this returns, and by then each entry was answered, so that the kernel is done with
            // it; or it was never submitted, and never will be, since the queue is lost; or
            // `frame` is kept for ever by `give_up`. Nobody writes to the memory of `Bytes`.
            let pushed = unsafe { queue.push(&send.user_data(index)) };
            debug_assert!(pushed.is_ok(), "an empty queue has room for a batch");
            if pushed.is_err() {
                break;
            }
        }
        let queued = queue.len();
        drop(queue);
        self.lost = self.submit(queued).err();
        if self.lost.is_some() {
            self.give_up(frame, queued);
        }
        for answer in &mut self.answers {
            if *answer == UNANSWERED {
                *answer = NOT_NOW;
            }
        }
        &self.answers
    }

    /// Hands the queue to the kernel until each of its sends has an answer, which a send that may
    /// not wait has when the call returns.
    fn submit(&mut self, queued: usize) -> io::Result<()> {
        let mut answered = 0;
        for call in 0..CALLS {
            let submitter = self.kernel.submitter();
            let entered = if call == 0 {
                submitter.submit()
            } else {
                let patience = SubmitArgs::new().timespec(&WAIT);
                submitter.submit_with_args(queued - answered, &patience)
            };
            for completion in self.kernel.completion() {
                let index = usize::try_from(completion.user_data()).unwrap_or(usize::MAX);
                if let Some(answer) = self.answers.get_mut(index) {
                    *answer = completion.result();
                    answered += 1;
                }
            }
            if answered == queued {
                return Ok(());
            }
            if let Err(error) = entered
                && !passes(&error)
            {
                return Err(error);
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    /// What the kernel took from the queue and did not answer it may do at any time, so the frame
    /// stays where it is for as long as the process lives.
    fn give_up(&mut self, frame: &Bytes, queued: usize) {
        let taken = queued - self.kernel.submission().len();
        for answer in &mut self.answers[..taken] {
            if *answer == UNANSWERED {
                *answer = UNKNOWN;
            }
        }
        mem::forget(frame.clone());
    }

    /// Sends until a socket that nobody reads is full, then to one that nobody holds.
    fn probe(&mut self) -> io::Result<()> {
        let (ours, theirs) = UnixStream::pair()?;
        let ours: Direct = Arc::new(ours);
        let frame = Bytes::from(vec![0; PROBE_BYTES]);
        let Some(full) = (0..PROBES).find_map(|_| self.try_once(&frame, &ours).err()) else {
            return Err(io::Error::other("a socket that nobody reads takes everything"));
        };
        if full.kind() != io::ErrorKind::WouldBlock || self.lost.is_some() {
            return Err(self.lost.take().unwrap_or(full));
        }
        drop(theirs);
        match self.try_once(&frame, &ours) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(io::Error::other("a send to nobody is not refused")),
        }
    }

    fn try_once(&mut self, frame: &Bytes, socket: &Direct) -> io::Result<()> {
        match self.send(frame, slice::from_ref(socket)) {
            [answer] if *answer < 0 => Err(io::Error::from_raw_os_error(-*answer)),
            _ => Ok(()),
        }
    }
}

/// Whether the call may be made again: it was interrupted, memory is short, or it has waited.
fn passes(error: &io::Error) -> bool {
    let kinds =
        [io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock, io::ErrorKind::ResourceBusy];
    kinds.contains(&error.kind()) || error.raw_os_error() == Some(WAITED)
}

#[cfg(test)]
mod tests;
