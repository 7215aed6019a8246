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
mod tests {
    use bytes::Bytes;

    use super::{Backlog, ByteGauge, Frame};
    use crate::{Dialect, Encoded, Importance};

    fn event(json: &str, importance: Importance) -> Frame {
        Frame::Event(Encoded::plain(json, importance))
    }

    #[test]
    fn bytes_are_counted_to_the_last() {
        let queued = ByteGauge::default();
        let mut backlog = Backlog::new(Dialect::Plain, queued.clone());
        backlog.push(event("{}", Importance::Event));
        assert!(!backlog.push(event("{1}", Importance::Tick)));
        assert!(backlog.push(event("{123}", Importance::Tick)));
        assert_eq!((backlog.len(), queued.get(), backlog.bytes_behind()), (2, 11, 7));
        backlog.put_back(Frame::Rest(Bytes::from_static(b"rest")));
        assert_eq!((queued.get(), backlog.bytes_behind()), (15, 11));
        backlog.push(event("{4}", Importance::Event));
        assert_eq!((backlog.shed_ticks(), queued.get()), (1, 13));
        backlog.clear();
        assert_eq!((backlog.len(), queued.get()), (1, 4));
        assert!(matches!(backlog.pop(), Some(Frame::Rest(_))));
        assert_eq!(queued.get(), 0);
        backlog.push(event("{}", Importance::Event));
        drop(backlog);
        assert_eq!(queued.get(), 0);
    }

    #[test]
    fn what_was_taken_of_many_frames_is_gone_to_the_byte() {
        let raw = |text: &'static str| Frame::Raw(Bytes::from_static(text.as_bytes()));
        for taken in 0..=15 {
            let queued = ByteGauge::default();
            let mut backlog = Backlog::new(Dialect::Plain, queued.clone());
            backlog.push(raw("first"));
            backlog.push(event("{}", Importance::Event));
            backlog.push(raw("second"));
            backlog.push(Frame::Disconnect);
            let frames = backlog.first_frames();
            assert_eq!(frames.len(), 3, "the end is no frame");
            assert_eq!(backlog.advance(taken), u64::from(taken > 5), "{taken}");
            let mut rest = Vec::new();
            while let Some(frame) = backlog.pop() {
                rest.extend_from_slice(frame.bytes().map_or(b"!", |bytes| bytes));
            }
            let expected = [&frames.concat()[taken..], b"!"].concat();
            assert_eq!(rest, expected, "{taken}");
            assert_eq!(queued.get(), 0);
        }
        let mut others = Backlog::new(Dialect::SocketIo, ByteGauge::default());
        others.push(event("{}", Importance::Event));
        others.push(event("{}", Importance::Event));
        assert!(others.first_frames().is_empty());
    }
}
