//! permessage-deflate (RFC 7692): messages compressed, each direction with one
//! window for all of them.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// What a sender leaves away at the end of a message.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
const STEP: usize = 64 << 10;

/// Compresses messages of one direction.
pub(super) struct Deflater(Compress);

/// Decompresses messages of the other.
pub(super) struct Inflater {
    state: Decompress,
    max: usize,
}

impl Deflater {
    pub(super) fn new() -> Self {
        Self(Compress::new(Compression::fast(), false))
    }

    pub(super) fn message(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(STEP);
        let before = self.0.total_in();
        loop {
            let done = usize::try_from(self.0.total_in() - before).ok()?;
            let rest = text.get(done..)?;
            out.reserve(STEP);
            self.0
                .compress_vec(rest, &mut out, FlushCompress::Sync)
                .ok()?;
            let done = usize::try_from(self.0.total_in() - before).ok()?;
            // Room that is left over: everything was flushed.
            if done == text.len() && out.len() < out.capacity() {
                break;
            }
        }
        out.truncate(out.strip_suffix(&TAIL)?.len());
        Some(out)
    }
}

impl Inflater {
    /// One whose messages may have `max` bytes.
    pub(super) fn new(max: usize) -> Self {
        Self {
            state: Decompress::new(false),
            max,
        }
    }

    pub(super) fn message(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        let input = [payload, &TAIL].concat();
        let mut out = Vec::new();
        let before = self.state.total_in();
        loop {
            let done = usize::try_from(self.state.total_in() - before).ok()?;
            let rest = input.get(done..)?;
            out.reserve(STEP);
            self.state
                .decompress_vec(rest, &mut out, FlushDecompress::Sync)
                .ok()?;
            let done = usize::try_from(self.state.total_in() - before).ok()?;
            if out.len() > self.max {
                return None;
            }
            if done == input.len() && out.len() < out.capacity() {
                return Some(out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_refer_to_the_ones_before() {
        let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new(1 << 20));
        let long = "Grüezi 🌤️ ".repeat(20_000);
        let mut lengths = Vec::new();
        for text in [
            "{}",
            "a message like any other, of no use",
            "a message like any other, of no use",
            &long,
            "",
        ] {
            let packed = deflater.message(text.as_bytes()).unwrap();
            assert_eq!(inflater.message(&packed).unwrap(), text.as_bytes());
            lengths.push(packed.len());
        }
        assert!(lengths[2] < lengths[1] / 2, "{lengths:?}");
    }

    #[test]
    fn a_message_that_grows_too_large_or_is_none_ends_it() {
        let packed = Deflater::new().message(&vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(Inflater::new(1 << 19).message(&packed), None);
        assert_eq!(Inflater::new(1 << 19).message(&[0xff; 9]), None);
    }

    /// The example of RFC 7692, section 7.2.3.1 and its second message by 7.2.3.2.
    #[test]
    fn the_examples_of_the_standard_are_read() {
        let mut inflater = Inflater::new(100);
        let first = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflater.message(&first).unwrap(), b"Hello");
        assert_eq!(
            inflater.message(&[0xf2, 0x00, 0x11, 0x00, 0x00]).unwrap(),
            b"Hello"
        );
    }
}
