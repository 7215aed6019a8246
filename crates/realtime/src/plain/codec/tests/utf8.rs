//! Group 6 of the Autobahn test suite: every sequence of its list, valid or not.

use super::{Case, Incoming, WIDE, case, fragments, frame, read, said, text};

const COSMOS: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

/// A text that is valid, then what is not in its middle: U+110000.
const GOOD_BAD_GOOD: [&[u8]; 3] = [COSMOS, b"\xf4\x90\x80\x80", b"edited"];

fn octets(bytes: &[u8]) -> Vec<Vec<u8>> {
    let parts: Vec<_> = bytes.chunks(1).collect();
    fragments(1, &parts)
}

/// The bytes as a message: whole, as the suite sends them, and one byte a fragment.
fn check(number: &str, bytes: &[u8], is_valid: bool) {
    for sent in [vec![frame(0x81, bytes)], octets(bytes)] {
        let case: Case = match std::str::from_utf8(bytes) {
            Ok(valid) => case(number, sent, vec![said(valid)]),
            Err(_) => case(number, sent, vec![]).fails(1007),
        };
        assert_eq!(case.expected.1.is_none(), is_valid, "{number}");
        case.check();
    }
}

fn check_all(group: &str, is_valid: bool, sequences: &[&[u8]]) {
    for (index, bytes) in (1..).zip(sequences) {
        check(&format!("6.{group}.{index}"), bytes, is_valid);
    }
}

#[test]
fn group_6_1_empty_fragments() {
    let payload = vec![frame(0x01, b""), frame(0x00, b"middle frame payload"), frame(0x80, b"")];
    case("6.1.1", vec![text("")], vec![said("")]).check();
    case("6.1.2", fragments(1, &[b"", b"", b""]), vec![said("")]).check();
    case("6.1.3", payload, vec![said("middle frame payload")]).check();
}

#[test]
fn group_6_2_valid_text_in_any_fragments() {
    let message = "Hello-µ@ßöäüàá-UTF-8!!";
    let (before, after) = message.split_at(message.find('ö').unwrap());
    let halves = fragments(1, &[before.as_bytes(), after.as_bytes()]);
    let cosmos = std::str::from_utf8(COSMOS).unwrap();
    case("6.2.1", vec![text(message)], vec![said(message)]).check();
    case("6.2.2", halves, vec![said(message)]).check();
    case("6.2.3", octets(message.as_bytes()), vec![said(message)]).check();
    case("6.2.4", octets(COSMOS), vec![said(cosmos)]).check();
}

#[test]
fn group_6_3_invalid_text_in_any_fragments() {
    let bytes = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
    case("6.3.1", vec![frame(0x81, bytes)], vec![]).fails(1007).check();
    case("6.3.2", octets(bytes), vec![]).fails(1007).check();
}

/// 6.4: what cannot become a text is refused at its first wrong byte, not at the message's end.
#[test]
fn group_6_4_fails_fast() {
    let sent = fragments(1, &GOOD_BAD_GOOD);
    let [first, second, _] = &sent[..] else { panic!("three fragments") };
    let two_bytes_of_four = first.len() + 6 + 2;
    for (number, upto) in [("6.4.1", first.len() + second.len()), ("6.4.2", two_bytes_of_four)] {
        let sent = &sent.concat()[..upto];
        assert!(read(WIDE, sent, usize::MAX).1.is_some(), "{number}");
        assert!(read(WIDE, &sent[..two_bytes_of_four - 1], 1).1.is_none(), "{number}");
    }
    let whole = frame(0x81, &GOOD_BAD_GOOD.concat());
    for (number, piece) in [("6.4.3", COSMOS.len() + 6 + 4), ("6.4.4", 1)] {
        let at = 6 + COSMOS.len() + 2;
        assert!(read(WIDE, &whole[..at], piece).1.is_some(), "{number}");
        assert!(read(WIDE, &whole[..at - 1], piece).1.is_none(), "{number}");
    }
}

#[test]
fn groups_6_5_to_6_11_lengths_and_boundaries() {
    check_all(
        "5",
        true,
        &[
            COSMOS,
            b"hello\x24world",
            b"hello\xc2\xa2world",
            b"hello\xe2\x82\xacworld",
            b"hello\xf0\xa4\xad\xa2world",
        ],
    );
    for upto in 1..=COSMOS.len() {
        let prefix = &COSMOS[..upto];
        let ends_a_character = [2, 5, 7, 9, 11].contains(&upto);
        check(&format!("6.6.{upto}"), prefix, ends_a_character);
    }
    check_all("7", true, &[b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]);
    check_all("8", false, &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]);
    check_all("9", true, &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]);
    check_all(
        "10",
        false,
        &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"],
    );
    check_all(
        "11",
        true,
        &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"],
    );
    check("6.11.5", b"\xf4\x90\x80\x80", false);
}

#[test]
fn groups_6_12_to_6_16_stray_and_missing_bytes() {
    let alternating = |count: usize| [0x80, 0xbf].into_iter().cycle().take(count);
    check("6.12.1", b"\x80", false);
    check("6.12.2", b"\xbf", false);
    for count in 2..=6 {
        let bytes: Vec<_> = alternating(count).collect();
        check(&format!("6.12.{}", count + 1), &bytes, false);
    }
    check("6.12.8", &(0x80..=0xbf).collect::<Vec<_>>(), false);
    let lonely = [0xc0..=0xdf, 0xe0..=0xef, 0xf0..=0xf7, 0xf8..=0xfb, 0xfc..=0xfd];
    for (index, starts) in (1..).zip(lonely) {
        let bytes: Vec<_> = starts.flat_map(|start: u8| [start, b' ']).collect();
        check(&format!("6.13.{index}"), &bytes, false);
    }
    let cut: [&[u8]; 10] = [
        b"\xc0",
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xfc\x80\x80\x80\x80",
        b"\xdf",
        b"\xef\xbf",
        b"\xf7\xbf\xbf",
        b"\xfb\xbf\xbf\xbf",
        b"\xfd\xbf\xbf\xbf\xbf",
    ];
    check_all("14", false, &cut);
    check("6.15.1", &cut.concat(), false);
    check_all("16", false, &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]);
}

#[test]
fn groups_6_17_to_6_19_overlong_sequences() {
    check_all(
        "17",
        false,
        &[
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xf0\x80\x80\xaf",
            b"\xf8\x80\x80\x80\xaf",
            b"\xfc\x80\x80\x80\x80\xaf",
        ],
    );
    check_all(
        "18",
        false,
        &[
            b"\xc1\xbf",
            b"\xe0\x9f\xbf",
            b"\xf0\x8f\xbf\xbf",
            b"\xf8\x87\xbf\xbf\xbf",
            b"\xfc\x83\xbf\xbf\xbf\xbf",
        ],
    );
    check_all(
        "19",
        false,
        &[
            b"\xc0\x80",
            b"\xe0\x80\x80",
            b"\xf0\x80\x80\x80",
            b"\xf8\x80\x80\x80\x80",
            b"\xfc\x80\x80\x80\x80\x80",
        ],
    );
}

#[test]
fn groups_6_20_to_6_23_surrogates_and_specials() {
    let singles: [&[u8]; 7] = [
        b"\xed\xa0\x80",
        b"\xed\xad\xbf",
        b"\xed\xae\x80",
        b"\xed\xaf\xbf",
        b"\xed\xb0\x80",
        b"\xed\xbe\x80",
        b"\xed\xbf\xbf",
    ];
    check_all("20", false, &singles);
    let highs = singles[..4].iter();
    let pairs = highs.flat_map(|high| [singles[4], singles[6]].map(|low| [high, low].concat()));
    for (index, pair) in (1..).zip(pairs) {
        check(&format!("6.21.{index}"), &pair, false);
    }
    let last_two = (0..=16_u32).flat_map(|plane| [plane << 16 | 0xfffe, plane << 16 | 0xffff]);
    for (index, point) in (1..).zip(last_two) {
        let text = char::from_u32(point).unwrap().to_string();
        check(&format!("6.22.{index}"), text.as_bytes(), true);
    }
    for (index, point) in (1..).zip('\u{fff9}'..='\u{ffff}') {
        check(&format!("6.23.{index}"), point.to_string().as_bytes(), true);
    }
    assert_eq!(read(WIDE, &text("\u{fffd}"), 1).0, [Incoming::Text("\u{fffd}".to_owned())]);
}
