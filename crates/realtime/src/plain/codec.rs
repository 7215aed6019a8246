//! RFC 6455 as a server speaks it: bytes in, messages out, without I/O and without extensions.
//!
//! Nothing is kept but the message that is not complete. What breaks the protocol is noticed at
//! the first byte that shows it, however the bytes are split.

use std::fmt;

use bytes::Bytes;
use header::{Head, HeaderReader};
use utf8::Utf8;

pub(crate) mod encode;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod header;
mod utf8;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A whole text message.
    Text(String),
    /// A whole binary message of so many bytes; they are not kept.
    Binary(u64),
    /// A message begins that is longer than is taken; what is left of it is passed over.
    TooLarge,
    /// A ping, to be answered with the same payload.
    Ping(Bytes),
    /// The answer to a ping, or none.
    Pong,
    /// The client closes: its code and reason, if it said one. Nothing counts after it.
    Close(Option<(u16, String)>),
}

/// How a client broke the protocol; the connection ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Violation {
    /// A reserved bit, as only an extension that nobody asked for would set.
    ReservedBit,
    /// An opcode that means nothing.
    ReservedOpcode,
    /// A control frame that is fragmented or longer than 125 bytes.
    ControlFrame,
    /// A frame that is not masked.
    Unmasked,
    /// A length in more bytes than it needs, or with its top bit set.
    Length,
    /// A continuation of nothing, or a new message within one.
    Fragmentation,
    /// A close frame of one byte, or with a code that nobody may send.
    CloseCode,
    /// A text or a reason that is not UTF-8.
    Utf8,
    /// A message far longer than is taken, or in more pieces than make sense.
    TooBig,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// How much of a message is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes of a message that is kept; a longer one is refused and passed over.
    pub(crate) message_bytes: u64,
    /// Bytes at which even passing over ends.
    pub(crate) passed_bytes: u64,
}

/// Reads what one client sends.
#[derive(Debug)]
pub(crate) struct Decoder {
    bounds: Bounds,
    header: HeaderReader,
    /// The frame whose payload is being read.
    frame: Option<Payload>,
    /// The message begun and not ended, if any.
    message: Option<Message>,
    control: Vec<u8>,
    is_over: bool,
}

/// A frame's payload on its way in.
#[derive(Debug)]
struct Payload {
    head: Head,
    read: u64,
}

/// A message that is not complete.
#[derive(Debug)]
struct Message {
    is_text: bool,
    kept: Vec<u8>,
    length: u64,
    frames: u64,
    is_too_large: bool,
    utf8: Utf8,
}

impl Decoder {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            header: HeaderReader::default(),
            frame: None,
            message: None,
            control: Vec::new(),
            is_over: false,
        }
    }

    /// Reads on, up to the end of one message or control frame: how many bytes of `input` that
    /// took, and what it was. Without one all of it was read and more is needed. The input is
    /// unmasked in place.
    ///
    /// # Errors
    /// How the protocol was broken. Nothing may be read after that.
    pub(crate) fn read(
        &mut self,
        input: &mut [u8],
    ) -> Result<(usize, Option<Incoming>), Violation> {
        let mut used = 0;
        while !self.is_over {
            let (taken, incoming) = match self.frame.take() {
                None => self.read_header(&input[used..])?,
                Some(payload) => self.read_payload(payload, &mut input[used..])?,
            };
            used += taken;
            if incoming.is_some() {
                return Ok((used, incoming));
            }
            let needs_more = self.frame.as_ref().is_none_or(|frame| !frame.is_complete());
            if used == input.len() && needs_more {
                return Ok((used, None));
            }
        }
        Ok((input.len(), None))
    }

    fn read_header(&mut self, input: &[u8]) -> Result<(usize, Option<Incoming>), Violation> {
        let (taken, head) = self.header.read(input, self.message.is_some())?;
        let Some(head) = head else { return Ok((taken, None)) };
        let incoming = match head.opcode {
            Opcode::Text | Opcode::Binary | Opcode::Continuation => self.announce(&head)?,
            Opcode::Close | Opcode::Ping | Opcode::Pong => None,
        };
        self.frame = Some(Payload { head, read: 0 });
        Ok((taken, incoming))
    }

    /// A data frame begins: whether it still fits.
    fn announce(&mut self, head: &Head) -> Result<Option<Incoming>, Violation> {
        let message = self.message.get_or_insert_with(|| Message::new(head.opcode));
        message.length = message.length.saturating_add(head.length);
        message.frames += 1;
        let is_endless = message.frames > self.bounds.message_bytes;
        if message.length > self.bounds.passed_bytes || is_endless {
            return Err(Violation::TooBig);
        }
        if message.is_too_large || message.length <= self.bounds.message_bytes {
            return Ok(None);
        }
        message.is_too_large = true;
        message.kept = Vec::new();
        Ok(Some(Incoming::TooLarge))
    }

    fn read_payload(
        &mut self,
        mut payload: Payload,
        input: &mut [u8],
    ) -> Result<(usize, Option<Incoming>), Violation> {
        let part = payload.take(input);
        let taken = part.len();
        if payload.head.opcode.is_control() {
            self.control.extend_from_slice(part);
            if payload.head.opcode == Opcode::Close {
                // The reason is text: wrong bytes are noticed when they come.
                check_close(&self.control, payload.is_complete())?;
            }
        } else if let Some(message) = &mut self.message {
            message.take(part)?;
        }
        if !payload.is_complete() {
            self.frame = Some(payload);
            return Ok((taken, None));
        }
        let incoming = match payload.head.opcode {
            Opcode::Text | Opcode::Binary | Opcode::Continuation if !payload.head.is_final => None,
            Opcode::Text | Opcode::Binary | Opcode::Continuation => self.end_message()?,
            control => Some(self.end_control(control)),
        };
        Ok((taken, incoming))
    }

    fn end_message(&mut self) -> Result<Option<Incoming>, Violation> {
        let Some(message) = self.message.take() else { return Ok(None) };
        if !message.utf8.is_complete() {
            return Err(Violation::Utf8);
        }
        if message.is_too_large {
            return Ok(None);
        }
        if !message.is_text {
            return Ok(Some(Incoming::Binary(message.length)));
        }
        let text = String::from_utf8(message.kept).map_err(|_| Violation::Utf8)?;
        Ok(Some(Incoming::Text(text)))
    }

    fn end_control(&mut self, opcode: Opcode) -> Incoming {
        let payload = std::mem::take(&mut self.control);
        match opcode {
            Opcode::Ping => Incoming::Ping(payload.into()),
            Opcode::Close => {
                self.is_over = true;
                Incoming::Close(read_close(&payload))
            }
            _ => Incoming::Pong,
        }
    }
}

impl Payload {
    fn is_complete(&self) -> bool {
        self.read == self.head.length
    }

    /// The part of the payload that `input` begins with, unmasked.
    fn take<'a>(&mut self, input: &'a mut [u8]) -> &'a [u8] {
        let left = self.head.length - self.read;
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let part = &mut input[..count];
        // The remainder of four always fits.
        let shift = usize::try_from(self.read % 4).unwrap_or_default();
        unmask(part, self.head.mask, shift);
        self.read += count as u64;
        part
    }
}

impl Message {
    fn new(opcode: Opcode) -> Self {
        Self {
            is_text: opcode == Opcode::Text,
            kept: Vec::new(),
            length: 0,
            frames: 0,
            is_too_large: false,
            utf8: Utf8::default(),
        }
    }

    fn take(&mut self, part: &[u8]) -> Result<(), Violation> {
        if !self.is_text {
            return Ok(());
        }
        self.utf8.feed(part).map_err(|_| Violation::Utf8)?;
        if !self.is_too_large {
            self.kept.extend_from_slice(part);
        }
        Ok(())
    }
}

impl Opcode {
    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

impl Violation {
    /// The close code that RFC 6455 has for it.
    pub(crate) const fn close_code(self) -> u16 {
        match self {
            Self::Utf8 => 1007,
            Self::TooBig => 1009,
            _ => 1002,
        }
    }

    /// Its name in metrics and in the close frame.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ReservedBit => "reserved_bit",
            Self::ReservedOpcode => "reserved_opcode",
            Self::ControlFrame => "control_frame",
            Self::Unmasked => "unmasked",
            Self::Length => "length",
            Self::Fragmentation => "fragmentation",
            Self::CloseCode => "close_code",
            Self::Utf8 => "utf8",
            Self::TooBig => "too_big",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// RFC 6455, 5.3: byte i of the payload with byte i mod 4 of the key, from `shift` on.
fn unmask(bytes: &mut [u8], mask: [u8; 4], shift: usize) {
    let turned: [u8; 4] = std::array::from_fn(|index| mask[(index + shift) % 4]);
    let word = u64::from_ne_bytes(std::array::from_fn(|index| turned[index % 4]));
    let mut words = bytes.chunks_exact_mut(8);
    for chunk in words.by_ref() {
        let plain: [u8; 8] = std::array::from_fn(|index| chunk[index]);
        chunk.copy_from_slice(&(u64::from_ne_bytes(plain) ^ word).to_ne_bytes());
    }
    for (index, byte) in words.into_remainder().iter_mut().enumerate() {
        *byte ^= turned[index % 4];
    }
}

/// Judges a close frame's payload, or as much of it as is there.
fn check_close(payload: &[u8], is_complete: bool) -> Result<(), Violation> {
    match payload {
        [_] if is_complete => Err(Violation::CloseCode),
        [] | [_] => Ok(()),
        [high, low, reason @ ..] => {
            if !may_be_sent(u16::from_be_bytes([*high, *low])) {
                return Err(Violation::CloseCode);
            }
            let mut utf8 = Utf8::default();
            utf8.feed(reason).map_err(|_| Violation::Utf8)?;
            if is_complete && !utf8.is_complete() {
                return Err(Violation::Utf8);
            }
            Ok(())
        }
    }
}

fn read_close(payload: &[u8]) -> Option<(u16, String)> {
    let (code, reason) = payload.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()))
}

/// The close codes of RFC 6455, 7.4, those registered since, and the ranges for libraries and
/// applications; 1005, 1006 and 1015 never go over the wire.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests;
