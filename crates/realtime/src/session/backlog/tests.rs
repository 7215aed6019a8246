//! What waits is counted and given up to the byte.

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
