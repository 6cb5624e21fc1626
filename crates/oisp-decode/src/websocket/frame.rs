//! Frames (RFC 6455, section 5.2).

use std::borrow::Cow;

use super::MAX_CONTROL;

/// Longest head: two bytes, a length of eight, a mask of four.
pub(super) const MAX_HEAD: usize = 14;
/// The reserved bit that marks a compressed message.
pub(super) const RSV1: u8 = 0x40;

/// The bytes break the protocol's rules.
#[derive(Debug)]
pub(super) struct Malformed;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    PingOrPong,
}

/// A frame under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// It is the last one of its message.
    pub(super) fin: bool,
    /// The reserved bits, where they stand.
    pub(super) reserved: u8,
    /// Payload that has not come yet.
    pub(super) left: u64,
    /// What the next byte of the payload is masked with, and the following.
    mask: [u8; 4],
}

impl Frame {
    /// Reads a head, and tells its length; `None` where it is not complete.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Malformed> {
        let Some((first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let kind = kind_of(first & 0x0f)?;
        let Some((second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        let Some((left, rest)) = length(second & 0x7f, rest) else {
            return Ok(None);
        };
        let is_masked = second & 0x80 != 0;
        let (mask, rest) = match rest.split_first_chunk::<4>() {
            Some((mask, rest)) if is_masked => (*mask, rest),
            None if is_masked => return Ok(None),
            _ => ([0; 4], rest),
        };
        let frame = Self {
            kind,
            fin: first & 0x80 != 0,
            reserved: first & 0x70,
            left,
            mask,
        };
        frame.check()?;
        Ok(Some((frame, bytes.len() - rest.len())))
    }

    fn check(&self) -> Result<(), Malformed> {
        let is_control = matches!(self.kind, Kind::Close | Kind::PingOrPong);
        let is_short = usize::try_from(self.left).is_ok_and(|left| left <= MAX_CONTROL);
        if is_control && !(self.fin && is_short) || self.left > i64::MAX.unsigned_abs() {
            return Err(Malformed);
        }
        Ok(())
    }

    /// The next bytes of the payload without their mask.
    pub(super) fn unmasked<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if self.mask == [0; 4] {
            return bytes.into();
        }
        let mut plain = bytes.to_vec();
        let (words, rest) = plain.as_chunks_mut::<4>();
        for word in words {
            *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(self.mask)).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.mask) {
            *byte ^= key;
        }
        plain.into()
    }

    /// So many bytes of the payload are over.
    pub(super) fn pass(&mut self, len: u64) {
        self.left = self.left.saturating_sub(len);
        let turn = usize::from(len.to_le_bytes()[0] % 4);
        self.mask.rotate_left(turn);
    }
}

fn kind_of(opcode: u8) -> Result<Kind, Malformed> {
    match opcode {
        0 => Ok(Kind::Continuation),
        1 => Ok(Kind::Text),
        2 => Ok(Kind::Binary),
        8 => Ok(Kind::Close),
        9 | 10 => Ok(Kind::PingOrPong),
        _ => Err(Malformed),
    }
}

/// A payload's length, and what follows it.
fn length(short: u8, bytes: &[u8]) -> Option<(u64, &[u8])> {
    match short {
        126 => {
            let (len, rest) = bytes.split_first_chunk::<2>()?;
            Some((u16::from_be_bytes(*len).into(), rest))
        }
        127 => {
            let (len, rest) = bytes.split_first_chunk::<8>()?;
            Some((u64::from_be_bytes(*len), rest))
        }
        short => Some((short.into(), bytes)),
    }
}
