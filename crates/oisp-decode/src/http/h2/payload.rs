//! The payload of a frame other than DATA: collected, up to a limit, and what
//! it says.

use bytes::{Bytes, BytesMut};

use super::frame::{Frame, Kind};

/// Most bytes kept of a frame that carries no header block: more settings
/// than there are.
const MAX_CONTROL: usize = 1024;

/// A payload while it arrives.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) frame: Frame,
    left: usize,
    kept: BytesMut,
    /// Bytes are missing behind those that are kept.
    cut: bool,
}

/// A payload that is over.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) frame: Frame,
    pub(super) bytes: Bytes,
    /// Bytes are missing behind `bytes`.
    pub(super) cut: bool,
}

impl Payload {
    pub(super) fn new(frame: Frame) -> Self {
        Self {
            frame,
            left: frame.payload(),
            kept: BytesMut::new(),
            cut: false,
        }
    }

    /// Memory of what came of it.
    pub(super) fn held(&self) -> usize {
        self.kept.capacity()
    }

    /// Takes its part of `bytes`; gives the payload where that completes it.
    pub(super) fn take(&mut self, bytes: &mut Bytes, block_limit: usize) -> Option<Collected> {
        let limit = if self.frame.is_block() {
            block_limit
        } else {
            MAX_CONTROL
        };
        let piece = bytes.split_to(self.left.min(bytes.len()));
        self.left -= piece.len();
        if piece.len() == self.frame.payload() && piece.len() <= limit {
            // The common case, a frame in one piece, is not copied.
            return Some(self.collected(piece));
        }
        self.keep(&piece, limit);
        if self.left > 0 {
            return None;
        }
        let kept = std::mem::take(&mut self.kept).freeze();
        Some(self.collected(kept))
    }

    /// `len` bytes are missing; false where they are more than the payload.
    pub(super) fn skip(&mut self, len: usize) -> bool {
        if len > self.left {
            return false;
        }
        self.left -= len;
        self.cut = true;
        true
    }

    const fn collected(&self, bytes: Bytes) -> Collected {
        Collected {
            frame: self.frame,
            bytes,
            cut: self.cut,
        }
    }

    fn keep(&mut self, piece: &[u8], limit: usize) {
        if self.cut {
            return;
        }
        let room = limit.saturating_sub(self.kept.len());
        self.kept
            .extend_from_slice(piece.get(..room).unwrap_or(piece));
        self.cut = piece.len() > room;
    }
}

/// What a frame of the connection says that matters to us.
#[derive(Debug)]
pub(super) enum Control {
    /// These settings.
    Settings(Bytes),
    /// The stream is given up.
    Reset { stream: u32 },
    /// Streams above it were not and will not be answered.
    GoAway { last: u32 },
}

impl Collected {
    pub(super) fn control(self) -> Option<Control> {
        match self.frame.kind {
            Kind::Settings => Some(Control::Settings(self.bytes)),
            Kind::RstStream => Some(Control::Reset {
                stream: self.frame.stream,
            }),
            Kind::GoAway => {
                let last = u32::from_be_bytes(*self.bytes.first_chunk::<4>()?);
                Some(Control::GoAway {
                    last: last & 0x7fff_ffff,
                })
            }
            _ => None,
        }
    }
}
