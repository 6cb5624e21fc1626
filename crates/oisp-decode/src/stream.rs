//! One direction of a connection as an ordered stream of bytes with gaps.
//!
//! Backends give each piece its absolute position. What repeats is dropped,
//! what was skipped becomes a gap of known length, so that everything above
//! sees every byte at most once and learns of each one that is missing.

use bytes::{Buf, Bytes};

/// What a piece of input turns out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The next bytes.
    Data(Bytes),
    /// So many bytes are missing here.
    Gap(u64),
}

/// The position reached in one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stream {
    next: u64,
}

impl Stream {
    /// Takes bytes at their position; gives a gap where bytes before them were
    /// skipped, and only what is new of them.
    pub fn data(&mut self, offset: u64, mut bytes: Bytes) -> (Option<Piece>, Option<Piece>) {
        let gap = self.advance_to(offset);
        let seen = usize::try_from(self.next - offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        bytes.advance(seen);
        self.next = self.next.saturating_add(bytes.len() as u64);
        (gap, (!bytes.is_empty()).then_some(Piece::Data(bytes)))
    }

    /// Takes a gap at its position.
    pub fn gap(&mut self, offset: u64, len: u64) -> Option<Piece> {
        self.advance_to(offset.saturating_add(len))
    }

    /// Moves to `offset` where it lies ahead; what is skipped is a gap.
    fn advance_to(&mut self, offset: u64) -> Option<Piece> {
        let skipped = offset.saturating_sub(self.next);
        self.next = self.next.max(offset);
        (skipped > 0).then_some(Piece::Gap(skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_bytes_are_a_gap_and_repeated_ones_are_dropped() {
        let mut stream = Stream::default();
        assert_eq!(
            stream.data(0, "abc".into()),
            (None, Some(Piece::Data("abc".into())))
        );
        assert_eq!(
            stream.data(1, "bcde".into()),
            (None, Some(Piece::Data("de".into())))
        );
        assert_eq!(stream.data(2, "c".into()), (None, None));
        assert_eq!(
            stream.data(9, "j".into()),
            (Some(Piece::Gap(4)), Some(Piece::Data("j".into())))
        );
    }

    #[test]
    fn a_gap_that_is_told_twice_counts_once() {
        let mut stream = Stream::default();
        assert_eq!(stream.gap(0, 5), Some(Piece::Gap(5)));
        assert_eq!(stream.gap(0, 5), None);
        assert_eq!(
            stream.data(5, "x".into()),
            (None, Some(Piece::Data("x".into())))
        );
    }
}
