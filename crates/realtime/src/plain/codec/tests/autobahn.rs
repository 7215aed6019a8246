//! Groups 1 to 5, 7 and 10 of the Autobahn test suite, by number, as a server is tested.

use super::{Case, case, close, closed, fragments, frame, ping, pinged, said, text};
use crate::plain::codec::Incoming;

const HELLO: &str = "Hello, world!";

fn check(cases: impl IntoIterator<Item = Case>) {
    cases.into_iter().for_each(|case| case.check());
}

#[test]
fn group_1_framing() {
    let sizes = [0, 125, 126, 127, 128, 65_535, 65_536, 65_536];
    for (index, size) in sizes.into_iter().enumerate() {
        let message = "*".repeat(size);
        let number = format!("1.1.{}", index + 1);
        check([case(number, vec![text(&message)], vec![said(&message)])]);
        let binary = frame(0x82, &vec![0xfe; size]);
        let number = format!("1.2.{}", index + 1);
        check([case(number, vec![binary], vec![Incoming::Binary(size as u64)])]);
    }
}

#[test]
fn group_2_pings_and_pongs() {
    let octets = [0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff];
    let (pong, unsaid) = (frame(0x8a, b"unsolicited"), frame(0x8a, b""));
    let ten = || (0..10_u8).map(|number| [b'p', number]).collect::<Vec<_>>();
    check([
        case("2.1", vec![ping(b"")], vec![pinged(b"")]),
        case("2.2", vec![ping(HELLO.as_bytes())], vec![pinged(HELLO.as_bytes())]),
        case("2.3", vec![ping(&octets)], vec![pinged(&octets)]),
        case("2.4", vec![ping(&[0xfe; 125])], vec![pinged(&[0xfe; 125])]),
        case("2.5", vec![ping(&[0xfe; 126])], vec![]).fails(1002),
        case("2.6", vec![ping(&[0xfe; 125])], vec![pinged(&[0xfe; 125])]),
        case("2.7", vec![unsaid], vec![Incoming::Pong]),
        case("2.8", vec![pong.clone()], vec![Incoming::Pong]),
        case("2.9", vec![pong, ping(b"p")], vec![Incoming::Pong, pinged(b"p")]),
        case(
            "2.10",
            ten().iter().map(|p| ping(p)).collect(),
            ten().iter().map(|p| pinged(p)).collect(),
        ),
        case(
            "2.11",
            ten().iter().map(|p| ping(p)).collect(),
            ten().iter().map(|p| pinged(p)).collect(),
        ),
    ]);
}

#[test]
fn group_3_reserved_bits() {
    let hello = HELLO.as_bytes();
    check([
        case("3.1", vec![frame(0x91, hello)], vec![]).fails(1002),
        case("3.2", vec![text(HELLO), frame(0xa1, hello), ping(b"")], vec![said(HELLO)])
            .fails(1002),
        case("3.3", vec![text(HELLO), frame(0xb1, hello), ping(b"")], vec![said(HELLO)])
            .fails(1002),
        case("3.4", vec![text(HELLO), frame(0xc1, hello), ping(b"")], vec![said(HELLO)])
            .fails(1002),
        case("3.5", vec![frame(0xd2, &[0xff; 8])], vec![]).fails(1002),
        case("3.6", vec![frame(0xe9, hello)], vec![]).fails(1002),
        case("3.7", vec![frame(0xf8, b"")], vec![]).fails(1002),
    ]);
}

#[test]
fn group_4_reserved_opcodes() {
    let payload = |index: u8| if index.is_multiple_of(2) { &b""[..] } else { &b"payload"[..] };
    for (group, first) in [(1, 3), (2, 11)] {
        for index in 0..5 {
            let bad = frame(0x80 | (first + index), payload(index));
            let number = format!("4.{group}.{}", index + 1);
            if index < 2 {
                check([case(number, vec![bad, ping(b"")], vec![]).fails(1002)]);
            } else {
                let sent = vec![text(HELLO), bad, ping(b"")];
                check([case(number, sent, vec![said(HELLO)]).fails(1002)]);
            }
        }
    }
}

#[test]
fn group_5_fragmentation() {
    let both = fragments(1, &[b"fragment1", b"fragment2"]);
    let whole = || vec![said("fragment1fragment2")];
    let within = vec![both[0].clone(), ping(b"p"), both[1].clone()];
    let told = || vec![pinged(b"p"), said("fragment1fragment2")];
    let (last, goes_on) = (frame(0x80, b"nothing"), frame(0x00, b"nothing"));
    let after = |lost: &Vec<u8>| vec![lost.clone(), text(HELLO)];
    check([
        case("5.1", fragments(9, &[b"fragment1", b"fragment2"]), vec![]).fails(1002),
        case("5.2", fragments(10, &[b"fragment1", b"fragment2"]), vec![]).fails(1002),
        case("5.3", both.clone(), whole()),
        case("5.4", both.clone(), whole()),
        case("5.5", both.clone(), whole()),
        case("5.6", within.clone(), told()),
        case("5.7", within.clone(), told()),
        case("5.8", within, told()),
        case("5.9", after(&last), vec![]).fails(1002),
        case("5.10", after(&last), vec![]).fails(1002),
        case("5.11", after(&last), vec![]).fails(1002),
        case("5.12", after(&goes_on), vec![]).fails(1002),
        case("5.13", after(&goes_on), vec![]).fails(1002),
        case("5.14", after(&goes_on), vec![]).fails(1002),
        case("5.15", [both, after(&goes_on)].concat(), whole()).fails(1002),
        case("5.16", [after(&goes_on), after(&goes_on)].concat(), vec![]).fails(1002),
        case("5.17", [after(&last), after(&last)].concat(), vec![]).fails(1002),
        case("5.18", vec![frame(0x01, b"fragment1"), text("fragment2")], vec![]).fails(1002),
    ]);
    let parts = fragments(1, &[b"one", b"two", b"three", b"four", b"five"]);
    let mut sent = parts[..2].to_vec();
    sent.push(ping(b"first"));
    sent.extend_from_slice(&parts[2..4]);
    sent.push(ping(b"second"));
    sent.push(parts[4].clone());
    let told = || vec![pinged(b"first"), pinged(b"second"), said("onetwothreefourfive")];
    check([case("5.19", sent.clone(), told()), case("5.20", sent, told())]);
}

#[test]
fn group_7_1_what_comes_after_a_close() {
    let normal = || close(&1_000_u16.to_be_bytes());
    let end = || closed(1_000, "");
    let parts = fragments(1, &[b"fragment1", b"fragment2"]);
    let split = vec![parts[0].clone(), normal(), parts[1].clone()];
    let long = "BAsd7&jh23".repeat(26_214);
    check([
        case("7.1.1", vec![text(HELLO), normal()], vec![said(HELLO), end()]),
        case("7.1.2", vec![normal(), normal()], vec![end()]),
        case("7.1.3", vec![normal(), ping(b"")], vec![end()]),
        case("7.1.4", vec![normal(), text(HELLO)], vec![end()]),
        case("7.1.5", split, vec![end()]),
        case("7.1.6", vec![text(&long), normal(), ping(b"")], vec![said(&long), end()]),
    ]);
}

#[test]
fn group_7_3_and_7_5_what_a_close_may_carry() {
    let with = |reason: &[u8]| close(&[&1_000_u16.to_be_bytes()[..], reason].concat());
    let longest = "*".repeat(123);
    check([
        case("7.3.1", vec![close(b"")], vec![Incoming::Close(None)]),
        case("7.3.2", vec![close(b"a")], vec![]).fails(1002),
        case("7.3.3", vec![with(b"")], vec![closed(1_000, "")]),
        case("7.3.4", vec![with(HELLO.as_bytes())], vec![closed(1_000, HELLO)]),
        case("7.3.5", vec![with(longest.as_bytes())], vec![closed(1_000, &longest)]),
        case("7.3.6", vec![with(&[b'*'; 124])], vec![]).fails(1002),
        case("7.5.1", vec![with(b"\xce\xba\xed\xa0\x80edited")], vec![]).fails(1007),
    ]);
}

#[test]
fn group_7_7_to_7_13_close_codes() {
    let valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    for (index, code) in (1..).zip(valid) {
        let sent = vec![close(&u16::to_be_bytes(code))];
        check([case(format!("7.7.{index}"), sent, vec![closed(code, "")])]);
    }
    let invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
    for (index, code) in (1..).zip(invalid) {
        let sent = vec![close(&u16::to_be_bytes(code))];
        check([case(format!("7.9.{index}"), sent, vec![]).fails(1002)]);
    }
    // The suite leaves it to the server whether these are refused; ours refuses them.
    for (index, code) in (1..).zip([5_000, 65_535]) {
        let sent = vec![close(&u16::to_be_bytes(code))];
        check([case(format!("7.13.{index}"), sent, vec![]).fails(1002)]);
    }
}

#[test]
fn group_10_fragments_of_another_size_than_the_message() {
    let message = "*".repeat(65_536);
    let parts: Vec<_> = message.as_bytes().chunks(1_300).collect();
    check([case("10.1.1", fragments(1, &parts), vec![said(&message)])]);
}
