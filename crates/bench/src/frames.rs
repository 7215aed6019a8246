//! Just enough of RFC 6455 for clients that cost little.

/// A frame's first byte: the last of its message, and its kind.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

/// Kind, start and end of the first frame of `bytes`, once all of it is there.
pub(crate) fn whole(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (kind, length) = (*bytes.first()?, *bytes.get(1)?);
    let (start, length) = match length {
        126 => (4, u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into()),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        short => (2, usize::from(short)),
    };
    (start + length <= bytes.len()).then_some((kind, start, start + length))
}

/// A client's frame of less than 64 KiB: it masks what it sends, and a mask of zeros leaves it as
/// it is.
pub(crate) fn masked(kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len()).ok()?;
    let mut frame = Vec::with_capacity(payload.len() + 8);
    match u8::try_from(length) {
        Ok(short) if short < 126 => frame.extend([kind, 0x80 | short]),
        _ => {
            frame.extend([kind, 0x80 | 0x7e]);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    Some(frame)
}

#[cfg(test)]
mod tests {
    use super::{TEXT, masked, whole};

    #[test]
    fn a_frame_is_whole_with_its_last_byte() {
        for length in [0, 125, 126, 70_000_usize] {
            let mut frame = match length {
                0..126 => vec![TEXT, u8::try_from(length).unwrap()],
                126 => vec![TEXT, 126, 0, 126],
                _ => [&[TEXT, 127][..], &(length as u64).to_be_bytes()].concat(),
            };
            let start = frame.len();
            frame.resize(start + length, b'x');
            assert_eq!(whole(&frame), Some((TEXT, start, start + length)));
            assert_eq!(whole(&frame[..frame.len() - 1]), None);
        }
    }

    #[test]
    fn what_a_client_sends_is_marked_as_masked() {
        assert_eq!(masked(TEXT, b"3").unwrap(), [0x81, 0x81, 0, 0, 0, 0, b'3']);
        assert_eq!(masked(TEXT, &[b'x'; 126]).unwrap()[..4], [0x81, 0xfe, 0, 126]);
    }
}
