//! What waits for one socket's transport, in order and measured in bytes.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Frame;
use crate::Dialect;
use crate::metrics::ByteGauge;

/// Frames offered at once.
const TOGETHER_MAX: usize = 16;

/// Frames that wait; the bytes of all backlogs together are counted in one gauge.
pub(crate) struct Backlog {
    frames: VecDeque<Frame>,
    bytes: usize,
    dialect: Dialect,
    queued: ByteGauge,
}

impl Backlog {
    pub(crate) const fn new(dialect: Dialect, queued: ByteGauge) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, dialect, queued }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Frames that wait.
    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Bytes behind the first frame. That one may be as long as it is: a snapshot of a crowd must
    /// get through to whoever reads it.
    pub(crate) fn bytes_behind(&self) -> usize {
        self.bytes - self.frames.front().map_or(0, |first| first.len(self.dialect))
    }

    /// Puts a frame behind the others; a tick takes the place of a tick that is last. Whether it
    /// did.
    pub(crate) fn push(&mut self, frame: Frame) -> bool {
        let replaces = frame.is_tick(self.dialect)
            && self.frames.back().is_some_and(|last| last.is_tick(self.dialect));
        if replaces && let Some(tick) = self.frames.pop_back() {
            self.forget(&tick);
        }
        self.count(&frame);
        self.frames.push_back(frame);
        replaces
    }

    /// Puts a frame before the others.
    pub(crate) fn put_back(&mut self, frame: Frame) {
        self.count(&frame);
        self.frames.push_front(frame);
    }

    /// Puts a frame before those that came later; a tick before a tick is left out. Whether it was.
    pub(crate) fn put_before(&mut self, frame: Frame) -> bool {
        let is_stale = frame.is_tick(self.dialect)
            && self.frames.front().is_some_and(|next| next.is_tick(self.dialect));
        if !is_stale {
            self.put_back(frame);
        }
        is_stale
    }

    pub(crate) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.forget(&frame);
        Some(frame)
    }

    /// The first finished frames for a plain socket, as many as are offered at once.
    pub(crate) fn first_frames(&self) -> Vec<Bytes> {
        if self.dialect != Dialect::Plain || self.frames.len() < 2 {
            return Vec::new();
        }
        let finished = self.frames.iter().map_while(Frame::bytes);
        finished.take(TOGETHER_MAX).cloned().collect()
    }

    /// So many bytes of the first frames were taken; the rest of one that was begun stays. How
    /// many events were among them.
    pub(crate) fn advance(&mut self, mut taken: usize) -> u64 {
        let mut events = 0;
        while taken > 0
            && let Some(frame) = self.pop()
        {
            events += u64::from(matches!(frame, Frame::Event(_)));
            let Some(bytes) = frame.bytes() else { continue };
            if taken < bytes.len() {
                self.put_back(Frame::Rest(bytes.slice(taken..)));
            }
            taken = taken.saturating_sub(bytes.len());
        }
        events
    }

    /// Gives up every tick. How many that were.
    pub(crate) fn shed_ticks(&mut self) -> usize {
        self.keep_only(|frame, dialect| !frame.is_tick(dialect))
    }

    /// Gives up everything but the rest of a frame that was begun: without it nothing that
    /// follows could be read.
    pub(crate) fn clear(&mut self) {
        self.keep_only(|frame, _| matches!(frame, Frame::Rest(_)));
    }

    fn keep_only(&mut self, keep: impl Fn(&Frame, Dialect) -> bool) -> usize {
        let before = self.frames.len();
        for frame in std::mem::take(&mut self.frames) {
            if keep(&frame, self.dialect) {
                self.frames.push_back(frame);
            } else {
                self.forget(&frame);
            }
        }
        before - self.frames.len()
    }

    fn count(&mut self, frame: &Frame) {
        let bytes = frame.len(self.dialect);
        self.bytes += bytes;
        self.queued.inc_by(signed(bytes));
    }

    fn forget(&mut self, frame: &Frame) {
        let bytes = frame.len(self.dialect);
        self.bytes -= bytes;
        self.queued.dec_by(signed(bytes));
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.queued.dec_by(signed(self.bytes));
    }
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
