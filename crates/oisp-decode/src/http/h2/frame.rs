//! Frame headers (RFC 9113, sections 4.1 and 6).

use crate::http::Half;

/// Bytes of a frame header.
pub(super) const HEADER: usize = 9;

/// END_STREAM on DATA and HEADERS, ACK on SETTINGS and PING.
pub(super) const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
/// END_HEADERS on HEADERS, PUSH_PROMISE and CONTINUATION.
pub(super) const END_HEADERS: u8 = 0x4;
/// PADDED on DATA, HEADERS and PUSH_PROMISE.
pub(super) const PADDED: u8 = 0x8;
/// PRIORITY on HEADERS.
pub(super) const PRIORITY: u8 = 0x20;

/// Longest frame that a search believes in. Peers rarely allow more than the
/// 16 KiB they start with; the first byte of what is longer is not 0.
const PLAUSIBLE_LENGTH: u32 = (64 << 10) - 1;

/// Frame types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    RstStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// ALTSVC, ORIGIN, PRIORITY_UPDATE.
    Extension,
    Unknown,
}

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Length of the payload, below 2^24.
    pub(super) length: u32,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    /// Stream, below 2^31; 0 is the connection.
    pub(super) stream: u32,
    reserved: bool,
}

impl Frame {
    pub(super) fn parse(header: &[u8; HEADER]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = *header;
        Self {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            kind: Kind::from(kind),
            flags,
            stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]),
            reserved: s0 & 0x80 != 0,
        }
    }

    /// Length of the payload.
    pub(super) const fn payload(&self) -> usize {
        self.length as usize
    }

    pub(super) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// True for the frames that carry a header block.
    pub(super) const fn is_block(&self) -> bool {
        matches!(
            self.kind,
            Kind::Headers | Kind::PushPromise | Kind::Continuation
        )
    }

    /// Bytes before the header block or the data, without the pad length.
    pub(super) const fn prefix(&self) -> usize {
        match self.kind {
            Kind::Headers if self.has(PRIORITY) => 5,
            Kind::PushPromise => 4,
            _ => 0,
        }
    }

    /// True where PADDED has its meaning and is set.
    pub(super) const fn is_padded(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Headers | Kind::PushPromise) && self.has(PADDED)
    }

    /// False for a frame after which an endpoint gives up the connection.
    pub(super) const fn is_legal(&self, from: Half) -> bool {
        let on_stream = self.stream != 0;
        match self.kind {
            Kind::Data | Kind::Headers | Kind::Continuation | Kind::Priority => on_stream,
            Kind::PushPromise => on_stream && matches!(from, Half::Response),
            Kind::RstStream => on_stream && self.length == 4,
            Kind::Settings => !on_stream && self.length.is_multiple_of(6),
            Kind::Ping => !on_stream && self.length == 8,
            Kind::GoAway => !on_stream && self.length >= 8,
            Kind::WindowUpdate => self.length == 4,
            Kind::Extension | Kind::Unknown => true,
        }
    }

    /// True for what a peer is likely to send: far stricter than
    /// [`Frame::is_legal`], for finding frames in bytes that may be anything.
    pub(super) const fn is_plausible(&self, from: Half, highest_stream: u32) -> bool {
        let odd = self.stream % 2 == 1;
        self.is_legal(from)
            && !self.reserved
            && self.length <= PLAUSIBLE_LENGTH
            && self.stream <= highest_stream
            && self.flags & !self.known_flags() == 0
            && match self.kind {
                // Runs of zeros are no empty frames.
                Kind::Data => odd && (self.length > 0 || self.has(END_STREAM)),
                Kind::Headers | Kind::Continuation | Kind::PushPromise => odd && self.length > 0,
                Kind::Priority => self.length == 5,
                Kind::Settings => self.length <= 6 * 32 && !(self.has(ACK) && self.length > 0),
                Kind::GoAway => self.length <= 1024,
                Kind::RstStream => odd,
                Kind::Ping => true,
                Kind::WindowUpdate => odd || self.stream == 0,
                Kind::Extension => self.length <= 1024,
                Kind::Unknown => false,
            }
    }

    const fn known_flags(&self) -> u8 {
        match self.kind {
            Kind::Data => END_STREAM | PADDED,
            Kind::Headers => END_STREAM | END_HEADERS | PADDED | PRIORITY,
            Kind::PushPromise => END_HEADERS | PADDED,
            Kind::Continuation => END_HEADERS,
            Kind::Settings | Kind::Ping => ACK,
            _ => 0,
        }
    }
}

impl From<u8> for Kind {
    fn from(number: u8) -> Self {
        match number {
            0x0 => Self::Data,
            0x1 => Self::Headers,
            0x2 => Self::Priority,
            0x3 => Self::RstStream,
            0x4 => Self::Settings,
            0x5 => Self::PushPromise,
            0x6 => Self::Ping,
            0x7 => Self::GoAway,
            0x8 => Self::WindowUpdate,
            0x9 => Self::Continuation,
            0xa | 0xc | 0x10 => Self::Extension,
            _ => Self::Unknown,
        }
    }
}
