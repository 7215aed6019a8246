//! A frame's first 2 to 14 bytes, judged one by one as they come.

use super::{Opcode, Violation};

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) opcode: Opcode,
    pub(crate) is_final: bool,
    pub(crate) length: u64,
    pub(crate) mask: [u8; 4],
}

/// Collects the bytes of one header after another.
#[derive(Debug, Default)]
pub(crate) struct HeaderReader {
    bytes: [u8; 14],
    len: usize,
}

impl HeaderReader {
    /// Takes bytes up to the end of a header: how many, and the header if it is complete.
    /// `is_within` says whether a message was begun and not ended.
    ///
    /// # Errors
    /// At the first byte that no header may have there.
    pub(crate) fn read(
        &mut self,
        input: &[u8],
        is_within: bool,
    ) -> Result<(usize, Option<Head>), Violation> {
        for (index, byte) in input.iter().enumerate() {
            self.bytes[self.len] = *byte;
            self.len += 1;
            self.judge(is_within)?;
            if self.len == self.size() {
                let head = self.head()?;
                self.len = 0;
                return Ok((index + 1, Some(head)));
            }
        }
        Ok((input.len(), None))
    }

    /// Judges the byte that came last.
    fn judge(&self, is_within: bool) -> Result<(), Violation> {
        match self.len {
            1 => self.judge_first(is_within),
            2 if self.bytes[1] & 0x80 == 0 => Err(Violation::Unmasked),
            2 if self.opcode()?.is_control() && self.bytes[1] & 0x7f > 125 => {
                Err(Violation::ControlFrame)
            }
            3 if self.bytes[1] & 0x7f == 127 && self.bytes[2] & 0x80 != 0 => Err(Violation::Length),
            len if len == 2 + self.length_bytes() => self.judge_length(),
            _ => Ok(()),
        }
    }

    fn judge_first(&self, is_within: bool) -> Result<(), Violation> {
        if self.bytes[0] & 0x70 != 0 {
            return Err(Violation::ReservedBit);
        }
        let opcode = self.opcode()?;
        if opcode.is_control() {
            return if self.is_final() { Ok(()) } else { Err(Violation::ControlFrame) };
        }
        let goes_on = opcode == Opcode::Continuation;
        if goes_on == is_within { Ok(()) } else { Err(Violation::Fragmentation) }
    }

    /// RFC 6455, 5.2: the minimal number of bytes must be used.
    fn judge_length(&self) -> Result<(), Violation> {
        let least = match self.length_bytes() {
            0 => 0,
            2 => 126,
            _ => 65_536,
        };
        if self.length() < least { Err(Violation::Length) } else { Ok(()) }
    }

    fn head(&self) -> Result<Head, Violation> {
        let at = 2 + self.length_bytes();
        let mask = std::array::from_fn(|index| self.bytes[at + index]);
        Ok(Head { opcode: self.opcode()?, is_final: self.is_final(), length: self.length(), mask })
    }

    const fn is_final(&self) -> bool {
        self.bytes[0] & 0x80 != 0
    }

    fn opcode(&self) -> Result<Opcode, Violation> {
        match self.bytes[0] & 0x0f {
            0 => Ok(Opcode::Continuation),
            1 => Ok(Opcode::Text),
            2 => Ok(Opcode::Binary),
            8 => Ok(Opcode::Close),
            9 => Ok(Opcode::Ping),
            10 => Ok(Opcode::Pong),
            _ => Err(Violation::ReservedOpcode),
        }
    }

    /// Bytes of the length beyond the seven bits of the second byte.
    const fn length_bytes(&self) -> usize {
        match self.bytes[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    fn length(&self) -> u64 {
        let long = &self.bytes[2..2 + self.length_bytes()];
        match long {
            [] => u64::from(self.bytes[1] & 0x7f),
            _ => long.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        }
    }

    /// Bytes of the whole header, as far as that is known.
    const fn size(&self) -> usize {
        if self.len < 2 { 2 } else { 6 + self.length_bytes() }
    }
}
