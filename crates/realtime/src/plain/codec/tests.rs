//! The codec against the Autobahn test suite's list, against tungstenite, and at our own limits.
//!
//! Every case is read whole, byte by byte, and in pieces: the verdict must never depend on how
//! the bytes were split.

use super::{Bounds, Decoder, Incoming, Violation};

mod autobahn;
mod differential;
mod limits;
mod utf8;

/// What any client could have drawn.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Room for everything the suite sends.
const WIDE: Bounds = Bounds { message_bytes: 16 << 20, passed_bytes: 16 << 20 };

/// How a server takes a stream: what it was told, and the close code it fails with, if it does.
type Verdict = (Vec<Incoming>, Option<u16>);

/// One case of the suite.
struct Case {
    number: String,
    sent: Vec<u8>,
    expected: Verdict,
}

fn case(number: impl Into<String>, sent: Vec<Vec<u8>>, told: Vec<Incoming>) -> Case {
    Case {
        number: number.into(),
        sent: sent.into_iter().flatten().collect(),
        expected: (told, None),
    }
}

impl Case {
    fn fails(mut self, code: u16) -> Self {
        self.expected.1 = Some(code);
        self
    }

    /// Judges the case split in every way the suite splits, and more.
    fn check(&self) {
        for piece in [usize::MAX, 1, 2, 3, 7, 997] {
            let verdict = read(WIDE, &self.sent, piece).map_violation();
            assert!(verdict == self.expected, "{} in pieces of {piece}: {verdict:?}", self.number);
        }
    }
}

/// What came out, and how it ended.
struct Reading(Vec<Incoming>, Option<Violation>);

impl Reading {
    fn map_violation(self) -> Verdict {
        (self.0, self.1.map(Violation::close_code))
    }
}

/// Reads `sent` in pieces of at most `piece` bytes.
fn read(bounds: Bounds, sent: &[u8], piece: usize) -> Reading {
    let mut decoder = Decoder::new(bounds);
    let mut told = Vec::new();
    for piece in sent.chunks(piece.min(sent.len().max(1))) {
        let mut piece = piece.to_vec();
        let mut rest = &mut piece[..];
        loop {
            match decoder.read(rest) {
                Ok((used, Some(incoming))) => {
                    told.push(incoming);
                    rest = &mut rest[used..];
                }
                Ok((used, None)) => {
                    assert_eq!(used, rest.len(), "bytes were left unread");
                    break;
                }
                Err(violation) => return Reading(told, Some(violation)),
            }
        }
    }
    Reading(told, None)
}

/// A frame as a client sends it: its first byte as it is, then length, mask and payload.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ ..126 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        middle @ ..65_536 => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0xff);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A message in fragments, the first with `opcode`.
fn fragments(opcode: u8, parts: &[&[u8]]) -> Vec<Vec<u8>> {
    let last = parts.len() - 1;
    let numbered = parts.iter().enumerate();
    let frames = numbered.map(|(index, part)| {
        let opcode = if index == 0 { opcode } else { 0 };
        frame(opcode | if index == last { 0x80 } else { 0 }, part)
    });
    frames.collect()
}

fn text(message: &str) -> Vec<u8> {
    frame(0x81, message.as_bytes())
}

fn ping(payload: &[u8]) -> Vec<u8> {
    frame(0x89, payload)
}

fn close(payload: &[u8]) -> Vec<u8> {
    frame(0x88, payload)
}

fn said(message: &str) -> Incoming {
    Incoming::Text(message.to_owned())
}

fn pinged(payload: &[u8]) -> Incoming {
    Incoming::Ping(payload.to_vec().into())
}

fn closed(code: u16, reason: &str) -> Incoming {
    Incoming::Close(Some((code, reason.to_owned())))
}

#[test]
fn unmasking_is_the_same_from_every_offset() {
    let plain: Vec<u8> = (0..=255).collect();
    for shift in 0..4 {
        for length in [0, 1, 7, 8, 9, 31, 256] {
            let mut bytes = plain[..length].to_vec();
            super::unmask(&mut bytes, MASK, shift);
            let expected = plain[..length].iter().zip(MASK.iter().cycle().skip(shift));
            let expected: Vec<_> = expected.map(|(byte, mask)| byte ^ mask).collect();
            assert_eq!(bytes, expected);
        }
    }
}

#[test]
fn what_a_server_must_not_take_is_named() {
    let unmasked = |first: u8| vec![first, 5, b'h', b'e', b'l', b'l', b'o'];
    let long = |length: u64| [&[0x82, 0xff][..], &length.to_be_bytes(), &MASK].concat();
    let middle = |length: u16| [&[0x82, 0xfe][..], &length.to_be_bytes(), &MASK].concat();
    let cases = [
        (unmasked(0x81), Violation::Unmasked),
        (unmasked(0x89), Violation::Unmasked),
        (vec![0x81, 0], Violation::Unmasked),
        (frame(0xc1, b""), Violation::ReservedBit),
        (frame(0xa1, b""), Violation::ReservedBit),
        (frame(0x91, b""), Violation::ReservedBit),
        (frame(0x83, b""), Violation::ReservedOpcode),
        (frame(0x8f, b""), Violation::ReservedOpcode),
        (frame(0x80, b""), Violation::Fragmentation),
        ([frame(0x01, b"a"), frame(0x82, b"b")].concat(), Violation::Fragmentation),
        (frame(0x09, b""), Violation::ControlFrame),
        (frame(0x89, &[0; 126]), Violation::ControlFrame),
        (frame(0x88, &vec![0; 70_000]), Violation::ControlFrame),
        (middle(125), Violation::Length),
        (long(65_535), Violation::Length),
        (long(1 << 63), Violation::Length),
        (long(u64::MAX), Violation::Length),
        (long(u64::MAX >> 1), Violation::TooBig),
        (close(&[3]), Violation::CloseCode),
        (close(&1_005_u16.to_be_bytes()), Violation::CloseCode),
        (text("ok")[..6].iter().copied().chain([0xff ^ MASK[0]]).collect(), Violation::Utf8),
    ];
    for (sent, expected) in cases {
        for piece in [usize::MAX, 1, 3] {
            let Reading(told, violation) = read(WIDE, &sent, piece);
            assert_eq!((told.len(), violation), (0, Some(expected)), "{sent:?}");
        }
    }
}

#[test]
fn what_is_wrong_is_noticed_at_its_first_byte() {
    let bad = [
        (frame(0xc1, b"hello"), 1),
        (frame(0x83, b"hello"), 1),
        (frame(0x80, b"hello"), 1),
        (frame(0x09, b"hello"), 1),
        (vec![0x81, 5, b'h'], 2),
        (frame(0x89, &[0; 126]), 2),
        (vec![0x82, 0xff, 0x80, 0], 3),
        (vec![0x82, 0xfe, 0, 125, 0], 4),
        (frame(0x81, b"ab\xffcd"), 9),
        (frame(0x88, b"\x03\xedreason"), 8),
    ];
    for (sent, at) in bad {
        let before = read(WIDE, &sent[..at - 1], 1);
        assert_eq!((before.0.len(), before.1), (0, None), "{sent:?}");
        assert!(read(WIDE, &sent[..at], 1).1.is_some(), "{sent:?}");
    }
}

#[test]
fn nothing_is_kept_between_messages() {
    let mut decoder = Decoder::new(WIDE);
    for sent in [text("hello"), ping(b"x"), frame(0x82, &[7; 500])] {
        assert!(decoder.read(&mut sent.clone()).unwrap().1.is_some());
        assert!(decoder.message.is_none() && decoder.frame.is_none());
        assert_eq!(decoder.control.capacity(), 0);
    }
    assert!(size_of::<Decoder>() <= 256, "{}", size_of::<Decoder>());
}
