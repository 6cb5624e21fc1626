//! Header blocks from the frames that carry them: HEADERS or PUSH_PROMISE, then
//! CONTINUATION until END_HEADERS (RFC 9113, section 4.3).

use bytes::{Bytes, BytesMut};
use oisp_core::Timestamp;

use super::frame::{END_HEADERS, END_STREAM, Frame, Kind};
use super::hpack::Broken;
use super::payload::Collected;

/// A header block, complete as far as it was captured.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) stream: u32,
    pub(super) end_stream: bool,
    /// It heads a request that the server makes up (PUSH_PROMISE).
    pub(super) is_promise: bool,
    pub(super) bytes: Bytes,
    /// Bytes are missing behind `bytes`, by a gap or by our limit.
    pub(super) cut: bool,
    /// When its first byte came.
    pub(super) began: Timestamp,
}

/// Puts blocks together.
#[derive(Debug)]
pub(super) struct Assembly {
    /// A block whose END_HEADERS is still to come.
    open: Option<Block>,
    more: BytesMut,
    limit: usize,
}

impl Assembly {
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn new(limit: usize) -> Self {
        Self {
            open: None,
            more: BytesMut::new(),
            limit,
        }
    }

    /// Memory of the block that is not complete.
    pub(super) fn held(&self) -> usize {
        let open = self.open.as_ref().map_or(0, |open| open.bytes.len());
        open + self.more.capacity()
    }

    pub(super) fn clear(&mut self) {
        self.open = None;
        self.more = BytesMut::new();
    }

    /// False for a frame that may not come here: nothing comes between the
    /// frames of a block.
    pub(super) fn expects(&self, frame: &Frame) -> bool {
        match &self.open {
            Some(open) => frame.kind == Kind::Continuation && frame.stream == open.stream,
            None => frame.kind != Kind::Continuation,
        }
    }

    /// Takes a frame of a block; gives the block where that completes it.
    pub(super) fn push(
        &mut self,
        payload: Collected,
        began: Timestamp,
    ) -> Result<Option<Block>, Broken> {
        let Collected { frame, bytes, cut } = payload;
        let fragment = fragment(&frame, bytes)?;
        let block = match self.open.take() {
            Some(open) => self.extend(open, &fragment, cut),
            None => Block {
                stream: frame.stream,
                end_stream: frame.kind == Kind::Headers && frame.has(END_STREAM),
                is_promise: frame.kind == Kind::PushPromise,
                bytes: fragment,
                cut,
                began,
            },
        };
        if frame.has(END_HEADERS) {
            let more = std::mem::take(&mut self.more);
            let bytes = if more.is_empty() {
                block.bytes
            } else {
                more.freeze()
            };
            return Ok(Some(Block { bytes, ..block }));
        }
        self.open = Some(block);
        Ok(None)
    }

    /// From the first CONTINUATION on, the block's bytes are in `more`.
    fn extend(&mut self, mut open: Block, fragment: &[u8], cut: bool) -> Block {
        if self.more.is_empty() {
            self.more
                .extend_from_slice(&std::mem::take(&mut open.bytes));
        }
        if !open.cut {
            let room = self.limit.saturating_sub(self.more.len());
            self.more
                .extend_from_slice(fragment.get(..room).unwrap_or(fragment));
            open.cut = cut || fragment.len() > room;
        }
        open
    }
}

/// The part of a payload that belongs to the header block.
fn fragment(frame: &Frame, payload: Bytes) -> Result<Bytes, Broken> {
    let (start, padding) = match (frame.is_padded(), payload.first()) {
        (true, Some(padding)) => (1 + frame.prefix(), usize::from(*padding)),
        (true, None) => (1, 0),
        (false, _) => (frame.prefix(), 0),
    };
    // Where the payload is cut, its end is that of the frame nevertheless.
    let end = frame
        .payload()
        .checked_sub(padding)
        .filter(|end| start <= *end)
        .ok_or(Broken)?;
    let (start, end) = (start.min(payload.len()), end.min(payload.len()));
    Ok(payload.slice(start..end))
}
