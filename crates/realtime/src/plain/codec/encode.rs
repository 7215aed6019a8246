//! Frames of the server, unmasked: the same bytes for whoever receives them.

use bytes::Bytes;

use super::Opcode;

/// The most that a control frame carries.
pub(crate) const CONTROL_BYTES_MAX: usize = 125;

/// A whole text message in one frame.
pub(crate) fn text(message: &str) -> Bytes {
    frame(Opcode::Text, message.as_bytes())
}

/// A ping without a payload.
pub(crate) const fn ping() -> Bytes {
    Bytes::from_static(&[0x89, 0])
}

/// The answer to a ping, with its payload.
pub(crate) fn pong(payload: &[u8]) -> Bytes {
    frame(Opcode::Pong, &payload[..payload.len().min(CONTROL_BYTES_MAX)])
}

/// A close frame; without a code it says nothing.
pub(crate) fn close(code: Option<u16>, reason: &str) -> Bytes {
    let Some(code) = code else { return frame(Opcode::Close, &[]) };
    let mut cut = reason.len().min(CONTROL_BYTES_MAX - 2);
    while !reason.is_char_boundary(cut) {
        cut -= 1;
    }
    let payload = [&code.to_be_bytes()[..], &reason.as_bytes()[..cut]].concat();
    frame(Opcode::Close, &payload)
}

/// One final frame; its length takes as few bytes as it can.
fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(payload.len() + 10);
    bytes.push(0x80 | opcode as u8);
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => bytes.push(short),
        (_, Ok(middle)) => {
            bytes.push(126);
            bytes.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::{close, ping, pong, text};

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        let head = |length: usize| {
            let frame = text(&"x".repeat(length));
            frame[..frame.len() - length].to_vec()
        };
        assert_eq!(head(0), [0x81, 0]);
        assert_eq!(head(125), [0x81, 125]);
        assert_eq!(head(126), [0x81, 126, 0, 126]);
        assert_eq!(head(65_535), [0x81, 126, 0xff, 0xff]);
        assert_eq!(head(65_536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn control_frames_are_short() {
        assert_eq!(ping()[..], [0x89, 0]);
        assert_eq!(pong(b"hi")[..], *b"\x8a\x02hi");
        assert_eq!(pong(&[7; 300]).len(), 127);
        assert_eq!(close(None, "unsaid")[..], [0x88, 0]);
        assert_eq!(close(Some(4_002), "slow")[..], *b"\x88\x06\x0f\xa2slow");
        let long = close(Some(1_002), &"é".repeat(100));
        assert_eq!(long[1], 124, "no character is cut in two");
        assert!(std::str::from_utf8(&long[4..]).is_ok());
    }
}
