//! The primitives of a header block: integers and strings (RFC 7541, section 5).

use super::{Broken, huffman};

/// Largest number that is read: no index, length or size of a sane block
/// comes near it.
const MAX_NUMBER: u32 = 1 << 28;

/// The part of a block that is still to be read.
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) const fn new(block: &'a [u8]) -> Self {
        Self { rest: block }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or_default()
    }

    fn byte(&mut self) -> Result<u8, Broken> {
        let (first, rest) = self.rest.split_first().ok_or(Broken)?;
        self.rest = rest;
        Ok(*first)
    }

    /// An integer that begins in the low `prefix` bits of the next byte.
    pub(super) fn number(&mut self, prefix: u8) -> Result<usize, Broken> {
        let full = u8::MAX >> (8 - prefix.clamp(1, 8));
        let first = self.byte()? & full;
        if first < full {
            return Ok(usize::from(first));
        }
        let (mut number, mut shift) = (u32::from(full), 0u32);
        loop {
            let byte = self.byte()?;
            // Four bytes hold 28 bits; a fifth could only add zeros.
            let part = u32::from(byte & 0x7f)
                .checked_shl(shift)
                .filter(|_| shift < 28);
            number = part
                .and_then(|part| number.checked_add(part))
                .ok_or(Broken)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return usize::try_from(number)
                    .ok()
                    .filter(|_| number <= MAX_NUMBER)
                    .ok_or(Broken);
            }
        }
    }

    /// A string, into `out`, which is emptied first.
    pub(super) fn string(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        out.clear();
        let is_huffman = self.peek() & 0x80 != 0;
        let len = self.number(7)?;
        let (text, rest) = self.rest.split_at_checked(len).ok_or(Broken)?;
        self.rest = rest;
        if is_huffman {
            return huffman::decode(text, out).ok_or(Broken);
        }
        out.extend_from_slice(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(prefix: u8, bytes: &[u8]) -> Result<usize, Broken> {
        Input::new(bytes).number(prefix)
    }

    #[test]
    fn the_integers_of_the_rfc() {
        assert_eq!(number(5, &[0b1110_1010]), Ok(10));
        assert_eq!(
            number(5, &[0b0001_1111, 0b1001_1010, 0b0000_1010]),
            Ok(1337)
        );
        assert_eq!(number(8, &[42]), Ok(42));
    }

    #[test]
    fn numbers_out_of_range_and_cut_ones_are_broken() {
        assert_eq!(
            number(7, &[0x7f, 0x80, 0xff, 0xff, 0x7f]),
            Ok((1 << 28) - 1)
        );
        assert_eq!(
            number(7, &[0x7f, 0xff, 0xff, 0xff, 0x7f]),
            Err(Broken),
            "above 2^28"
        );
        assert_eq!(
            number(7, &[0x7f, 0xff, 0xff, 0xff, 0xff, 0x01]),
            Err(Broken)
        );
        assert_eq!(
            number(7, &[0x7f, 0x80, 0x80, 0x80, 0x80, 0x00]),
            Err(Broken),
            "endless zeros"
        );
        assert_eq!(number(7, &[0x7f]), Err(Broken));
        assert_eq!(number(7, &[]), Err(Broken));
    }

    #[test]
    fn a_string_longer_than_the_block_is_broken() {
        let mut out = Vec::new();
        assert_eq!(Input::new(&[3, b'a', b'b']).string(&mut out), Err(Broken));
        assert_eq!(Input::new(&[2, b'a', b'b']).string(&mut out), Ok(()));
        assert_eq!(out, b"ab");
    }
}
