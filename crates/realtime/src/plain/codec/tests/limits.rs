//! Group 9 of the Autobahn test suite, with room for all it sends and within our own bounds.

use super::{Incoming, Reading, WIDE, fragments, frame, ping, pinged, read, said, text};
use crate::plain::codec::{Bounds, Violation};

/// What a gateway takes unless configured otherwise.
const OURS: Bounds = Bounds { message_bytes: 4_096, passed_bytes: 65_536 };

/// Reads a message of `size` bytes that came as `sent`, as what `opcode` says.
fn check(number: &str, opcode: u8, size: usize, sent: &[u8], piece: usize) {
    let Reading(told, violation) = read(WIDE, sent, piece);
    assert_eq!(violation, None, "{number}");
    let is_whole = match &told[..] {
        [Incoming::Text(text)] if opcode == 1 => text.len() == size,
        [Incoming::Binary(bytes)] if opcode == 2 => *bytes == size as u64,
        _ => false,
    };
    assert!(is_whole, "{number}");
}

#[test]
fn group_9_1_and_9_2_long_messages() {
    let sizes = [64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20];
    for (index, size) in (1..).zip(sizes) {
        let payload = vec![b'*'; size];
        check(&format!("9.1.{index}"), 1, size, &frame(0x81, &payload), 4_096);
        check(&format!("9.2.{index}"), 2, size, &frame(0x82, &payload), 4_096);
    }
}

#[test]
fn group_9_3_and_9_4_long_messages_in_fragments() {
    let payload = vec![b'*'; 4 << 20];
    let lengths = [64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];
    for (index, length) in (1..).zip(lengths) {
        let parts: Vec<_> = payload.chunks(length).collect();
        let sent = |opcode| fragments(opcode, &parts).concat();
        check(&format!("9.3.{index}"), 1, payload.len(), &sent(1), 4_096);
        check(&format!("9.4.{index}"), 2, payload.len(), &sent(2), 4_096);
    }
}

#[test]
fn group_9_5_and_9_6_long_messages_in_chops() {
    let payload = vec![b'*'; 1 << 20];
    for (index, chop) in (1..).zip([64, 128, 256, 512, 1_024, 2_048]) {
        check(&format!("9.5.{index}"), 1, payload.len(), &frame(0x81, &payload), chop);
        check(&format!("9.6.{index}"), 2, payload.len(), &frame(0x82, &payload), chop);
    }
}

#[test]
fn group_9_7_and_9_8_a_thousand_messages() {
    for (index, size) in (1..).zip([0, 16, 64, 256, 1_024, 4_096]) {
        let message = "*".repeat(size);
        for (group, sent) in [(7, text(&message)), (8, frame(0x82, message.as_bytes()))] {
            let Reading(told, violation) = read(OURS, &sent.repeat(1_000), 4_096);
            assert_eq!((told.len(), violation), (1_000, None), "9.{group}.{index}");
        }
    }
}

#[test]
fn a_message_over_our_bound_is_refused_and_passed_over() {
    for size in [4_097, 60_000, 65_536] {
        for piece in [usize::MAX, 1, 1_000] {
            let sent = [text(&"*".repeat(size)), ping(b"p"), text("next")].concat();
            let Reading(told, violation) = read(OURS, &sent, piece);
            let expected = [Incoming::TooLarge, pinged(b"p"), said("next")];
            assert_eq!((&told[..], violation), (&expected[..], None));
        }
    }
    let exact = "*".repeat(4_096);
    assert_eq!(read(OURS, &text(&exact), usize::MAX).0, [said(&exact)]);
}

#[test]
fn a_message_over_our_bound_in_fragments_is_refused_once() {
    let part = [b'*'; 1_000];
    let sent = fragments(1, &[&part[..]; 20]);
    let sent = [&sent[..10], &[ping(b"p")], &sent[10..], &[text("next")]].concat().concat();
    for piece in [usize::MAX, 1, 1_000] {
        let Reading(told, violation) = read(OURS, &sent, piece);
        let expected = [Incoming::TooLarge, pinged(b"p"), said("next")];
        assert_eq!((&told[..], violation), (&expected[..], None));
    }
}

#[test]
fn what_is_passed_over_must_be_text_still() {
    let mut bytes = vec![b'*'; 5_000];
    bytes[4_999] = 0xff;
    let Reading(told, violation) = read(OURS, &frame(0x81, &bytes), 7);
    assert_eq!((&told[..], violation), (&[Incoming::TooLarge][..], Some(Violation::Utf8)));
}

#[test]
fn passing_over_ends_at_a_bound() {
    let sent = text(&"*".repeat(65_537));
    let Reading(told, violation) = read(OURS, &sent[..20], 1);
    assert_eq!((told.len(), violation), (0, Some(Violation::TooBig)), "at its header");
    assert_eq!(Violation::TooBig.close_code(), 1009);
    let part = vec![b'*'; 30_000];
    let Reading(told, violation) = read(OURS, &fragments(2, &[&part[..]; 3]).concat(), 997);
    assert_eq!((&told[..], violation), (&[Incoming::TooLarge][..], Some(Violation::TooBig)));
}

#[test]
fn a_message_in_more_pieces_than_it_may_have_bytes_ends_the_socket() {
    let sent: Vec<u8> = [vec![frame(0x01, b"")], vec![frame(0x00, b""); 4_096]].concat().concat();
    let Reading(told, violation) = read(OURS, &sent, 997);
    assert_eq!((told.len(), violation), (0, Some(Violation::TooBig)));
}
