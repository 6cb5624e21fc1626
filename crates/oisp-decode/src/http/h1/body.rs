//! Message bodies: by length, chunked (RFC 9112 §7.1), or until the close.

use bytes::{Buf, Bytes};

use crate::http::Headers;

/// Longest chunk-size or trailer line, bytes.
const MAX_LINE: usize = 16 << 10;
/// Most bytes of all trailer lines.
const MAX_TRAILERS: usize = 64 << 10;

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}

/// Where the next message begins can no longer be told.
#[derive(Debug)]
pub(super) struct FramingLost;

/// What a body took from the bytes it was given.
pub(super) enum Taken {
    Data(Bytes),
    Framing,
    Trailers(Headers),
}

/// A body under way.
#[derive(Debug)]
pub(super) struct Body {
    state: State,
    /// A line of the chunked framing that is not complete.
    line: Vec<u8>,
    trailers: Headers,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        Self {
            state,
            line: Vec::new(),
            trailers: Headers::default(),
            trailer_bytes: 0,
        }
    }

    /// Memory of a line and of trailers that are not complete.
    pub(super) fn held(&self) -> usize {
        self.line.capacity() + self.trailers.held()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.state == State::Done
    }

    pub(super) fn is_until_close(&self) -> bool {
        self.state == State::UntilClose
    }

    /// Takes some bytes, at least one.
    pub(super) fn take(&mut self, bytes: &mut Bytes) -> Result<Taken, FramingLost> {
        match self.state {
            State::Done => Ok(Taken::Framing),
            State::UntilClose => Ok(Taken::Data(std::mem::take(bytes))),
            State::Length(left) => {
                let data = split_up_to(bytes, left);
                self.state = State::Length(left - data.len() as u64).ended();
                Ok(Taken::Data(data))
            }
            State::ChunkData(left) => {
                let data = split_up_to(bytes, left);
                self.state = State::ChunkData(left - data.len() as u64).ended();
                Ok(Taken::Data(data))
            }
            State::ChunkSize | State::ChunkEnd | State::Trailer => self.take_line(bytes),
        }
    }

    /// Goes past `len` bytes that were not captured; true where that was the
    /// rest of the body.
    pub(super) fn skip(&mut self, len: u64) -> Result<bool, FramingLost> {
        self.state = match self.state {
            State::UntilClose => State::UntilClose,
            State::Length(left) if len <= left => State::Length(left - len).ended(),
            State::ChunkData(left) if len <= left => State::ChunkData(left - len).ended(),
            _ => return Err(FramingLost),
        };
        Ok(self.is_complete())
    }

    fn take_line(&mut self, bytes: &mut Bytes) -> Result<Taken, FramingLost> {
        let room = MAX_LINE - self.line.len();
        let end = memchr::memchr(b'\n', bytes).filter(|at| *at < room);
        let taken = bytes.split_to(end.map_or(bytes.len().min(room), |at| at + 1));
        if self.line.is_empty() && end.is_some() {
            return self.line_read(taken.trim_ascii());
        }
        self.line.extend_from_slice(&taken);
        if end.is_none() {
            return if self.line.len() < MAX_LINE {
                Ok(Taken::Framing)
            } else {
                Err(FramingLost)
            };
        }
        let line = std::mem::take(&mut self.line);
        self.line_read(line.trim_ascii())
    }

    fn line_read(&mut self, line: &[u8]) -> Result<Taken, FramingLost> {
        match self.state {
            State::ChunkEnd if line.is_empty() => self.state = State::ChunkSize,
            State::ChunkEnd => return Err(FramingLost),
            State::Trailer if line.is_empty() => {
                self.state = State::Done;
                return Ok(Taken::Trailers(std::mem::take(&mut self.trailers)));
            }
            State::Trailer => self.trailer(line)?,
            _ => {
                self.state = match chunk_size(line)? {
                    0 => State::Trailer,
                    size => State::ChunkData(size),
                }
            }
        }
        Ok(Taken::Framing)
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), FramingLost> {
        self.trailer_bytes += line.len();
        if self.trailer_bytes > MAX_TRAILERS {
            return Err(FramingLost);
        }
        if let Some(colon) = memchr::memchr(b':', line)
            && let Some((name, value)) = line.split_at_checked(colon)
            && let Ok(name) = std::str::from_utf8(name)
        {
            self.trailers
                .push(name.trim(), value.get(1..).unwrap_or_default().trim_ascii());
        }
        Ok(())
    }
}

impl State {
    /// The state that follows when nothing is left of this one.
    const fn ended(self) -> Self {
        match self {
            Self::Length(0) => Self::Done,
            Self::ChunkData(0) => Self::ChunkEnd,
            other => other,
        }
    }
}

fn split_up_to(bytes: &mut Bytes, most: u64) -> Bytes {
    let most = usize::try_from(most)
        .unwrap_or(usize::MAX)
        .min(bytes.remaining());
    bytes.split_to(most)
}

fn chunk_size(line: &[u8]) -> Result<u64, FramingLost> {
    let digits = line
        .split(|byte| matches!(byte, b';' | b' ' | b'\t'))
        .next()
        .unwrap_or_default();
    let digits = std::str::from_utf8(digits).map_err(|_| FramingLost)?;
    if digits.is_empty()
        || digits.len() > 15
        || !digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return Err(FramingLost);
    }
    u64::from_str_radix(digits, 16).map_err(|_| FramingLost)
}
