//! Answers that were told before the request that they answer. Where one thread
//! writes and another reads, a capture may see the read return first; the times
//! tell what happened first.

use bytes::Bytes;
use oisp_core::Timestamp;

/// Most bytes that wait for their request; an answer that is longer was asked
/// for by nothing that was captured, or came before its request was whole.
const MAX_EARLY: usize = 64 << 10;

/// Bytes of an answer that wait for the request.
#[derive(Debug, Default)]
pub(super) struct Early {
    pieces: Vec<(Timestamp, Bytes)>,
    bytes: usize,
}

impl Early {
    /// Keeps bytes; gives them back where there is no room.
    pub(super) fn keep(&mut self, at: Timestamp, bytes: Bytes) -> Option<Bytes> {
        if self.bytes + bytes.len() > MAX_EARLY {
            return Some(bytes);
        }
        self.bytes += bytes.len();
        self.pieces.push((at, bytes));
        None
    }

    /// They came before `at`: what is told now is not what they wait for.
    pub(super) fn came_before(&self, at: Timestamp) -> bool {
        self.pieces.first().is_some_and(|(first, _)| *first < at)
    }

    pub(super) fn take(&mut self) -> Vec<(Timestamp, Bytes)> {
        self.bytes = 0;
        std::mem::take(&mut self.pieces)
    }

    pub(super) const fn held(&self) -> usize {
        self.bytes
    }
}
