//! HTTP on one connection, both directions at once: bytes in, message parts
//! out. HTTP/1 ([`h1`]) and HTTP/2 ([`h2`]) give the same parts, so that
//! nothing above this module knows which one it was.

pub mod coding;
pub mod h1;
pub mod h2;
mod headers;
pub mod sniff;

use bytes::Bytes;
use oisp_core::Timestamp;

pub use headers::Headers;

/// Which message of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What the client sends.
    Request,
    /// What the server answers.
    Response,
}

/// A part of a message, as soon as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpEvent {
    /// Names the exchange within its connection: the order of requests in
    /// HTTP/1, the stream in HTTP/2. Both halves carry the same.
    pub exchange: u64,
    /// Capture time of the bytes that completed the part.
    pub at: Timestamp,
    /// Which half it belongs to.
    pub half: Half,
    /// The part.
    pub part: Part,
}

/// One part of a message. A message is a head, then bodies and gaps in order,
/// then one end. Where the response switches to WebSocket, the bytes of both
/// sides follow as more bodies and gaps of each half, and another end of each.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The head of a request.
    Request(RequestHead),
    /// The head of a final response; informational (1xx) ones are left out.
    Response(ResponseHead),
    /// Body bytes without their framing, content coding still on.
    Body(Bytes),
    /// So many body bytes were not captured; the framing holds.
    Gap(u64),
    /// Fields after the body.
    Trailers(Headers),
    /// A message of a protocol that has no heads: one line of JSON.
    Message(Bytes),
    /// The message is over.
    End(Ending),
}

/// The head of a request. Absent is what was not captured: HTTP/2 joined midway
/// may refer to header fields that were sent before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestHead {
    /// When its first byte was captured.
    pub began: Timestamp,
    /// Method.
    pub method: Option<String>,
    /// Host with port, from `:authority`, the `Host` field or the target.
    pub authority: Option<String>,
    /// Path with query.
    pub path: Option<String>,
    /// Header fields.
    pub headers: Headers,
}

impl RequestHead {
    /// Memory, about.
    pub fn held(&self) -> usize {
        let texts = [&self.method, &self.authority, &self.path];
        let texts = texts.into_iter().flatten().map(String::capacity);
        texts.sum::<usize>() + self.headers.held()
    }
}

/// The head of a final response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseHead {
    /// Status; absent where it was not captured.
    pub status: Option<u16>,
    /// Header fields.
    pub headers: Headers,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As its framing says.
    Complete,
    /// The connection ended first.
    ConnectionClosed,
    /// One side gave the exchange up (RST_STREAM, GOAWAY).
    Reset,
    /// Bytes were not captured, and with them the framing was lost.
    Lost,
    /// The bytes break the protocol's rules.
    Malformed,
    /// The capture ended first.
    CaptureEnded,
    /// Nothing came for so long that nothing is expected any more.
    TimedOut,
}

impl Ending {
    /// The name used in `confidence.reasons`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ConnectionClosed => "connection_closed",
            Self::Reset => "stream_reset",
            Self::Lost => "bytes_lost",
            Self::Malformed => "malformed",
            Self::CaptureEnded => "capture_ended",
            Self::TimedOut => "timed_out",
        }
    }
}

/// A reader of one connection's two directions.
pub trait Protocol {
    /// Bytes of one half, in order. Never blocks, never panics; keeps at most
    /// what its limits allow.
    fn push(&mut self, half: Half, at: Timestamp, bytes: Bytes, out: &mut Vec<HttpEvent>);

    /// `len` bytes of one half were not captured.
    fn gap(&mut self, half: Half, at: Timestamp, len: u64, out: &mut Vec<HttpEvent>);

    /// Memory that waits for more bytes, about.
    fn held(&self) -> usize;

    /// Nothing more will come. Ends every unfinished message with `ending`,
    /// save those that the close itself completes.
    fn close(&mut self, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>);
}
