//! The same streams judged by tungstenite, good ones and broken ones.
//!
//! Where the two differ it is meant, and only here: tungstenite takes a length in more bytes than
//! it needs (RFC 6455, 5.2: "the minimal number of bytes MUST be used"), and refuses close code
//! 1014, which was registered later. It also reads a whole frame before it judges it, so that the
//! streams end with whole frames.

use std::io::{self, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Bounds, Incoming, MASK, Reading, closed, pinged, read, said};
use crate::plain::codec::Violation;

/// Both know the same bound.
const BYTES_MAX: u64 = 1 << 16;

/// A frame as it may be sent by anybody.
#[derive(Clone, Debug)]
struct Sent {
    first: u8,
    is_masked: bool,
    length: Length,
    payload: Vec<u8>,
}

/// How a length is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Minimal,
    /// In two or eight bytes, needed or not.
    Middle,
    Long,
}

impl Sent {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.first];
        let masked = if self.is_masked { 0x80 } else { 0 };
        let length = self.payload.len();
        match (self.length, u8::try_from(length)) {
            (Length::Minimal, Ok(short @ ..126)) => bytes.push(masked | short),
            (Length::Minimal | Length::Middle, _) => {
                bytes.push(masked | 0x7e);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            (Length::Long, _) => {
                bytes.push(masked | 0x7f);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        let mask = if self.is_masked { MASK } else { [0; 4] };
        bytes.extend_from_slice(if self.is_masked { &mask } else { &[] });
        bytes.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![
        2 => prop_oneof![1_000..=1_013_u16, 1_015..=1_020_u16],
        1 => prop_oneof![2_990..=3_005_u16, 4_990..=5_010_u16],
        1 => any::<u16>().prop_filter("taken by one of the two", |code| *code != 1_014),
    ];
    let close = (code, ".{0,8}")
        .prop_map(|(code, reason)| [&code.to_be_bytes()[..], reason.as_bytes()].concat());
    prop_oneof![
        4 => ".{0,40}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..6),
        2 => close,
        1 => vec(Just(b'x'), 120..130),
        1 => vec(Just(b'y'), 65_500..65_530),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let opcode = prop_oneof![
        6 => Just(1_u8), 3 => Just(0), 2 => Just(2), 1 => Just(8), 2 => Just(9), 2 => Just(10),
        1 => 0..=15_u8,
    ];
    let is_final = prop_oneof![3 => Just(0x80_u8), 1 => Just(0)];
    let reserved = prop_oneof![30 => Just(0_u8), 1 => (1..8_u8).prop_map(|bits| bits << 4)];
    let is_masked = prop_oneof![30 => Just(true), 1 => Just(false)];
    let length = prop_oneof![
        30 => Just(Length::Minimal), 1 => Just(Length::Middle), 1 => Just(Length::Long),
    ];
    (opcode, is_final, reserved, is_masked, length, payload()).prop_map(
        |(opcode, is_final, reserved, is_masked, length, payload)| Sent {
            first: is_final | reserved | opcode,
            is_masked,
            length,
            payload,
        },
    )
}

/// A stream that ends, and takes whatever is answered.
struct Stream<'a>(&'a [u8]);

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite makes of the stream, and whether it fails.
fn judged_by_tungstenite(bytes: &[u8]) -> (Vec<Incoming>, bool) {
    let bound = usize::try_from(BYTES_MAX).ok();
    let config = WebSocketConfig::default().max_message_size(bound).max_frame_size(bound);
    let mut socket = WebSocket::from_raw_socket(Stream(bytes), Role::Server, Some(config));
    let mut told = Vec::new();
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => told.push(said(&text)),
            Ok(Message::Binary(bytes)) => told.push(Incoming::Binary(bytes.len() as u64)),
            Ok(Message::Ping(payload)) => told.push(pinged(&payload)),
            Ok(Message::Pong(_)) => told.push(Incoming::Pong),
            Ok(Message::Close(Some(close)))
                if close.code == CloseCode::Protocol && close.reason == "Protocol violation" =>
            {
                return (told, true);
            }
            Ok(Message::Close(close)) => {
                let close = close.map(|close| closed(close.code.into(), &close.reason));
                told.push(close.unwrap_or(Incoming::Close(None)));
                return (told, false);
            }
            Ok(Message::Frame(_)) => unreachable!("it is never read"),
            Err(Error::Protocol(error)) => {
                let is_end = error.to_string().contains("without closing handshake");
                return (told, !is_end);
            }
            Err(_) => return (told, true),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn both_judge_alike(frames in vec(sent(), 1..8), piece in 1..80_usize) {
        let bytes: Vec<u8> = frames.iter().flat_map(Sent::bytes).collect();
        let bounds = Bounds { message_bytes: BYTES_MAX, passed_bytes: BYTES_MAX };
        let Reading(ours, violation) = read(bounds, &bytes, piece);
        let (theirs, fails) = judged_by_tungstenite(&bytes);
        // A control frame has no room for a longer length, which is how ours sees it first.
        let is_length = matches!(violation, Some(Violation::Length | Violation::ControlFrame));
        if is_length && frames.iter().any(|frame| frame.length != Length::Minimal) {
            prop_assert!(theirs.starts_with(&ours));
        } else {
            prop_assert_eq!(ours, theirs);
            prop_assert_eq!(violation.is_some(), fails, "{:?}", violation);
        }
    }

    #[test]
    fn noise_never_confuses_it(noise in vec(any::<u8>(), 0..200), piece in 1..80_usize) {
        let bounds = Bounds { message_bytes: 64, passed_bytes: 128 };
        let Reading(whole, at_once) = read(bounds, &noise, usize::MAX);
        let Reading(pieces, in_pieces) = read(bounds, &noise, piece);
        prop_assert_eq!(whole, pieces);
        prop_assert_eq!(at_once, in_pieces);
    }
}

#[test]
fn a_close_code_registered_later_is_taken_by_us_alone() {
    let close = Sent {
        first: 0x88,
        is_masked: true,
        length: Length::Minimal,
        payload: 1_014_u16.to_be_bytes().to_vec(),
    };
    let bytes = close.bytes();
    assert_eq!(read(super::WIDE, &bytes, 1).0, [closed(1_014, "")]);
    assert_eq!(judged_by_tungstenite(&bytes), (vec![], true));
}
