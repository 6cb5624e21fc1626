//! Finding the next frame in a direction whose framing is not known: joined
//! midway, after missing bytes, after bytes that break the rules.
//!
//! A position is taken for a frame when a chain of [`CHAIN`] plausible headers
//! begins there, or a shorter one that ends exactly where a captured call
//! ended. Where that never happens, the direction stays lost: no frame is
//! better than a wrong one.
//!
//! Limits: keeps at most the longest chain. Each position is looked at a
//! constant number of times.

use bytes::{Buf, Bytes, BytesMut};

use super::frame::{Frame, HEADER, Kind};
use crate::http::Half;

/// So many plausible headers in a row are frames.
const CHAIN: usize = 3;

/// A search in one direction.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Begins at the earliest position that may still be a frame.
    pending: BytesMut,
    /// Nothing can be said before so many bytes are there.
    need: usize,
}

/// What is plausible where we search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    pub(super) half: Half,
    /// No stream above it is believed.
    pub(super) highest_stream: u32,
}

impl Search {
    /// A search in a direction of which `bytes`, less than a frame header, are
    /// the first.
    pub(super) fn after(bytes: &[u8]) -> Self {
        Self {
            pending: BytesMut::from(bytes),
            need: HEADER,
        }
    }

    /// Memory of what may be needed later.
    pub(super) fn held(&self) -> usize {
        self.pending.capacity()
    }

    /// Looks for a frame in what is pending and `bytes`. Gives the bytes from
    /// the frame on; without one, keeps what may be needed later.
    ///
    /// `at_call_start`: `bytes` is a captured call from its first byte.
    pub(super) fn push(
        &mut self,
        bytes: Bytes,
        at_call_start: bool,
        around: Surroundings,
    ) -> Option<Bytes> {
        let call_start = at_call_start.then_some(self.pending.len());
        if self.pending.is_empty() {
            return self.push_first(bytes, call_start, around);
        }
        self.pending.extend_from_slice(&bytes);
        if self.pending.len() < self.need {
            return None;
        }
        match find(&self.pending, call_start, around) {
            Found::Frame(at) => {
                self.pending.advance(at);
                Some(self.pending.split().freeze())
            }
            Found::Maybe { from, need } => {
                self.pending.advance(from);
                self.need = need;
                None
            }
        }
    }

    /// The same with nothing pending: copies only what may be needed later.
    fn push_first(
        &mut self,
        bytes: Bytes,
        call_start: Option<usize>,
        around: Surroundings,
    ) -> Option<Bytes> {
        match find(&bytes, call_start, around) {
            Found::Frame(at) => Some(bytes.slice(at..)),
            Found::Maybe { from, need } => {
                self.pending
                    .extend_from_slice(bytes.get(from..).unwrap_or_default());
                self.need = need;
                None
            }
        }
    }
}

enum Found {
    Frame(usize),
    /// A frame may begin at `from`: `need` bytes from there on will tell more.
    Maybe {
        from: usize,
        need: usize,
    },
}

enum Chain {
    Frames,
    Broken,
    Open { need: usize },
}

fn find(bytes: &[u8], call_start: Option<usize>, around: Surroundings) -> Found {
    let mut from = 0;
    // A plausible length is below 2^16, so that a frame begins with a 0.
    while let Some(zero) = bytes.get(from..).and_then(|rest| memchr::memchr(0, rest)) {
        from += zero;
        let rest = bytes.get(from..).unwrap_or_default();
        match chain(rest, call_start == Some(from), around) {
            Chain::Frames => return Found::Frame(from),
            Chain::Open { need } => return Found::Maybe { from, need },
            Chain::Broken => from += 1,
        }
    }
    Found::Maybe {
        from: bytes.len(),
        need: 0,
    }
}

/// Follows frame headers from the start of `bytes`, which end where a captured
/// call ended.
fn chain(bytes: &[u8], at_call_start: bool, around: Surroundings) -> Chain {
    let mut at = 0;
    for frames in 0..CHAIN {
        if at == bytes.len() && (frames > 1 || frames == 1 && at_call_start) {
            return Chain::Frames;
        }
        let Some(header) = bytes
            .get(at..)
            .and_then(|rest| rest.first_chunk::<HEADER>())
        else {
            let need = if at > bytes.len() { at } else { at + HEADER };
            return Chain::Open { need };
        };
        let frame = Frame::parse(header);
        let goes_on = frames == 0 && frame.kind == Kind::Continuation;
        if goes_on || !frame.is_plausible(around.half, around.highest_stream) {
            return Chain::Broken;
        }
        at += HEADER + frame.payload();
    }
    Chain::Frames
}

#[cfg(test)]
mod tests {
    use super::*;

    const AROUND: Surroundings = Surroundings {
        half: Half::Response,
        highest_stream: 1000,
    };

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [&[0, len[0], len[1], kind, flags, 0, 0, 0, stream], payload].concat()
    }

    fn in_one_call(bytes: &[u8]) -> Option<Bytes> {
        Search::default().push(Bytes::copy_from_slice(bytes), true, AROUND)
    }

    #[test]
    fn three_frames_in_a_row_are_found_behind_anything() {
        let frames = [
            frame(0, 0, 3, b"hello"),
            frame(6, 0, 0, &[7; 8]),
            frame(0, 1, 3, b"x"),
        ]
        .concat();
        let bytes = [b"some text\0\0\0 and".as_slice(), &frames, b"cut"].concat();
        assert_eq!(
            in_one_call(&bytes).unwrap(),
            [frames.as_slice(), b"cut"].concat()
        );
    }

    #[test]
    fn a_call_that_is_one_frame_is_believed_and_its_copy_in_a_body_is_not() {
        let ping = frame(6, 0, 0, &[7; 8]);
        assert_eq!(in_one_call(&ping).unwrap(), ping);
        assert_eq!(in_one_call(&[b"body".as_slice(), &ping].concat()), None);
        assert_eq!(in_one_call(&[ping.as_slice(), b"body"].concat()), None);
    }

    #[test]
    fn nothing_is_found_in_zeros_or_text() {
        assert_eq!(in_one_call(&[0; 4096]), None);
        assert_eq!(
            in_one_call(&b"data: {\"delta\":\"a\"}\n\n".repeat(1000)),
            None
        );
    }

    #[test]
    fn byte_by_byte_finds_the_same() {
        let frames = [
            frame(0, 0, 3, &[b'a'; 500]),
            frame(6, 0, 0, &[7; 8]),
            frame(0, 1, 3, b"x"),
        ]
        .concat();
        let mut search = Search::default();
        let found = [b"tail\0".as_slice(), &frames]
            .concat()
            .iter()
            .find_map(|byte| search.push(Bytes::copy_from_slice(&[*byte]), true, AROUND));
        assert!(found.unwrap().starts_with(&frames[..500]));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut search = Search::default();
        // A header of the longest frame, over and over: never a chain.
        let header = [0, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff];
        for _ in 0..100_000 {
            search.push(Bytes::copy_from_slice(&header), true, AROUND);
            assert!(search.pending.len() <= CHAIN * (HEADER + 0xffff) + header.len());
        }
    }
}
