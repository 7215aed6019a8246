//! Any bytes at all to the codec, judged against a second reading of RFC 6455.
//!
//! The verdict must not depend on how the bytes were split, and must be that of [`whole_frames`],
//! which is written for one slice and without a thought for speed.

use super::{Bounds, Decoder, Incoming, Violation, encode, may_be_sent};

/// How much is taken, by two bits of the input's first byte.
const BOUNDS: [Bounds; 4] = [
    Bounds { message_bytes: 4_096, passed_bytes: 65_536 },
    Bounds { message_bytes: 8, passed_bytes: 24 },
    Bounds { message_bytes: 64, passed_bytes: 128 },
    Bounds { message_bytes: 1 << 20, passed_bytes: 1 << 20 },
];

/// What any client could have drawn.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What came out, and how the protocol was broken, if it was.
type Reading = (Vec<Incoming>, Option<Violation>);

/// Reads what the third byte begins: as it is, or, if the first byte is odd, as a list of frames
/// to be masked (first byte, length, payload), which reach further than noise does. The second
/// byte says how it is split.
///
/// # Panics
/// If the codec judges one stream in two ways, or otherwise than the second reading.
pub fn codec(input: &[u8]) {
    let [flags, split, rest @ ..] = input else { return };
    let bounds = BOUNDS[usize::from(flags >> 1) % BOUNDS.len()];
    let stream = if flags & 1 == 0 { rest.to_vec() } else { framed(rest) };
    let whole = read(bounds, &stream, |_| usize::MAX);
    let bytes = read(bounds, &stream, |_| 1);
    assert_eq!(whole, bytes, "byte by byte is not as at once");
    let pieces = read(bounds, &stream, |at| 1 + (at.wrapping_mul(31) ^ usize::from(*split)) % 17);
    assert_eq!(whole, pieces, "in pieces is not as at once");
    compare(&whole, whole_frames(bounds, &stream));
    for told in &whole.0 {
        goes_out_and_comes_back(bounds, told);
    }
}

/// Frames as a client masks them.
fn framed(mut list: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let [first, length, rest @ ..] = list {
        let (payload, after) = rest.split_at(rest.len().min(usize::from(*length)));
        stream.extend(frame(*first, payload));
        list = after;
    }
    stream
}

/// One frame of fewer than 65,536 bytes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    if let Ok(short @ ..126) = u8::try_from(payload.len()) {
        frame.push(0x80 | short);
    } else {
        frame.push(0xfe);
        frame.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Reads `stream` in pieces as long as `length` says of where each begins.
fn read(bounds: Bounds, stream: &[u8], length: impl Fn(usize) -> usize) -> Reading {
    let mut decoder = Decoder::new(bounds);
    let (mut told, mut at) = (Vec::new(), 0);
    while at < stream.len() {
        let end = at.saturating_add(length(at)).min(stream.len());
        let mut piece = stream[at..end].to_vec();
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
                Err(violation) => return (told, Some(violation)),
            }
        }
        at = end;
    }
    (told, None)
}

/// Where the second reading stopped.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// At the end of a frame, or after a close.
    Here,
    /// Within a frame that is not complete: what it will be is not judged.
    Within,
    /// At what breaks the protocol.
    Violation(Violation),
}

fn compare((told, violation): &Reading, (expected, stop): (Vec<Incoming>, Stop)) {
    match stop {
        Stop::Here => assert_eq!((told, violation), (&expected, &None)),
        Stop::Violation(broken) => assert_eq!((told, violation), (&expected, &Some(broken))),
        Stop::Within => {
            // All that an unfinished frame can add is that its message will be too long.
            let more = told.strip_prefix(&expected[..]);
            assert!(matches!(more, Some([] | [Incoming::TooLarge])), "{told:?} and {expected:?}");
        }
    }
}

/// A message on its way.
#[derive(Default)]
struct Begun {
    is_text: bool,
    bytes: Vec<u8>,
    frames: u64,
    is_too_large: bool,
}

/// RFC 6455 once more, frame by frame from one slice.
fn whole_frames(bounds: Bounds, mut stream: &[u8]) -> (Vec<Incoming>, Stop) {
    let (mut told, mut begun) = (Vec::new(), None);
    while !stream.is_empty() {
        let (first, payload, after) = match split_frame(stream, begun.is_some()) {
            Ok(Some(frame)) => frame,
            Ok(None) => return (told, Stop::Within),
            Err(violation) => return (told, Stop::Violation(violation)),
        };
        stream = after;
        let judged = match first & 0x0f {
            8 => close(&payload).map(Some),
            9 => Ok(Some(Incoming::Ping(payload.into()))),
            10 => Ok(Some(Incoming::Pong)),
            _ => data(bounds, first, &payload, &mut begun, &mut told),
        };
        match judged {
            Ok(incoming) => told.extend(incoming),
            Err(violation) => return (told, Stop::Violation(violation)),
        }
        if matches!(told.last(), Some(Incoming::Close(_))) {
            break;
        }
    }
    (told, Stop::Here)
}

/// First byte, payload in the clear and what follows; nothing if the frame is not complete.
type Split<'a> = Option<(u8, Vec<u8>, &'a [u8])>;

fn split_frame(stream: &[u8], is_within: bool) -> Result<Split<'_>, Violation> {
    let [first, second, rest @ ..] = stream else { return Ok(None) };
    let (opcode, is_final, is_control) = (first & 0x0f, first & 0x80 != 0, first & 8 != 0);
    let refused = [
        (first & 0x70 != 0, Violation::ReservedBit),
        (![0, 1, 2, 8, 9, 10].contains(&opcode), Violation::ReservedOpcode),
        (is_control && !is_final, Violation::ControlFrame),
        (!is_control && (opcode == 0) != is_within, Violation::Fragmentation),
        (second & 0x80 == 0, Violation::Unmasked),
        (is_control && second & 0x7f > 125, Violation::ControlFrame),
    ];
    if let Some((_, violation)) = refused.into_iter().find(|(broken, _)| *broken) {
        return Err(violation);
    }
    let (longer, least) = match second & 0x7f {
        126 => (2, 126),
        127 => (8, 65_536),
        _ => (0, 0),
    };
    let Some((longer, rest)) = rest.split_at_checked(longer) else { return Ok(None) };
    let short = if longer.is_empty() { u64::from(second & 0x7f) } else { 0 };
    let length = longer.iter().fold(short, |length, byte| length << 8 | u64::from(*byte));
    if length < least || length >> 63 == 1 {
        return Err(Violation::Length);
    }
    let Some((mask, rest)) = rest.split_at_checked(4) else { return Ok(None) };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let Some((payload, after)) = rest.split_at_checked(length) else { return Ok(None) };
    let clear = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    Ok(Some((*first, clear, after)))
}

fn close(payload: &[u8]) -> Result<Incoming, Violation> {
    let [high, low, reason @ ..] = payload else {
        return if payload.is_empty() {
            Ok(Incoming::Close(None))
        } else {
            Err(Violation::CloseCode)
        };
    };
    let code = u16::from_be_bytes([*high, *low]);
    if !may_be_sent(code) {
        return Err(Violation::CloseCode);
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Violation::Utf8)?;
    Ok(Incoming::Close(Some((code, reason.to_owned()))))
}

fn data(
    bounds: Bounds,
    first: u8,
    payload: &[u8],
    begun: &mut Option<Begun>,
    told: &mut Vec<Incoming>,
) -> Result<Option<Incoming>, Violation> {
    let is_text = first & 0x0f == 1;
    let message = begun.get_or_insert_with(|| Begun { is_text, ..Begun::default() });
    message.frames += 1;
    message.bytes.extend(payload);
    let length = message.bytes.len() as u64;
    if length > bounds.passed_bytes || message.frames > bounds.message_bytes {
        return Err(Violation::TooBig);
    }
    if length > bounds.message_bytes && !message.is_too_large {
        message.is_too_large = true;
        told.push(Incoming::TooLarge);
    }
    let is_final = first & 0x80 != 0;
    let text = std::str::from_utf8(&message.bytes);
    let is_broken = text.is_err_and(|error| is_final || error.error_len().is_some());
    if message.is_text && is_broken {
        return Err(Violation::Utf8);
    }
    let incoming = match text {
        _ if !is_final || message.is_too_large => None,
        Ok(text) if message.is_text => Some(Incoming::Text(text.to_owned())),
        _ => Some(Incoming::Binary(length)),
    };
    if is_final {
        *begun = None;
    }
    Ok(incoming)
}

/// What we would send with the same content is a frame that says the same.
fn goes_out_and_comes_back(bounds: Bounds, told: &Incoming) {
    let sent = match told {
        Incoming::Text(text) => encode::text(text),
        Incoming::Close(Some((code, reason))) => encode::close(Some(*code), reason),
        _ => return,
    };
    assert_eq!(sent[1] & 0x80, 0, "a server masks nothing");
    let header = if sent[1] == 126 { 4 } else { 2 };
    if sent[1] != 127 {
        let masked = frame(sent[0], &sent[header..]);
        assert_eq!(read(bounds, &masked, |_| usize::MAX), (vec![told.clone()], None));
    }
}
