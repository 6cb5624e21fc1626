//! Amazon's event stream encoding (`application/vnd.amazon.eventstream`), as
//! Bedrock streams answers: a prelude of two lengths and their checksum,
//! headers, a payload, a checksum.
//!
//! A message whose checksum does not fit is left out; its prelude has one of its
//! own, so that the next message is found all the same. Where the prelude does
//! not fit, or after a gap, the next prelude whose checksum fits is searched for.

use super::{Framing, MAX_EVENT, StreamEvent, bytes_as_json};

const PRELUDE: usize = 12;
/// Prelude and the message's checksum.
const OVERHEAD: usize = PRELUDE + 4;
/// Most bytes of a message's headers, as the format says.
const MAX_HEADERS: usize = 128 << 10;

/// Splits messages.
#[derive(Debug, Default)]
pub struct EventStream {
    buffer: Vec<u8>,
    /// So many bytes belong to a message that is left out.
    skip: usize,
    searching: bool,
    broken: bool,
}

impl Framing for EventStream {
    fn push(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) {
        if self.buffer.is_empty() {
            let used = self.read(bytes, deliver);
            self.buffer
                .extend_from_slice(bytes.get(used..).unwrap_or_default());
            return;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.extend_from_slice(bytes);
        let used = self.read(&buffer, deliver);
        buffer.drain(..used);
        self.buffer = buffer;
    }

    fn gap(&mut self) {
        self.buffer = Vec::new();
        self.skip = 0;
        self.searching = true;
    }

    fn finish(&mut self, _: &mut dyn FnMut(&StreamEvent)) {
        self.gap();
    }

    fn is_broken(&self) -> bool {
        self.broken
    }
}

impl EventStream {
    /// Reads the messages that `bytes` begin with; how many bytes they were.
    fn read(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) -> usize {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.step(rest, deliver) {
                0 => return at,
                used => at += used,
            }
        }
    }

    /// Takes a message, or a byte where none begins; 0 where more is needed.
    fn step(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) -> usize {
        if self.skip > 0 {
            let used = self.skip.min(bytes.len());
            self.skip -= used;
            return used;
        }
        let Some(prelude) = bytes.first_chunk::<PRELUDE>() else {
            return 0;
        };
        let Some(prelude) = Prelude::read(prelude) else {
            self.broken |= !self.searching;
            self.searching = true;
            return 1;
        };
        self.searching = false;
        if prelude.total > MAX_EVENT {
            self.broken = true;
            self.skip = prelude.total;
            return self.step(bytes, deliver);
        }
        let Some(message) = bytes.get(..prelude.total) else {
            return 0;
        };
        match event_of(message, prelude.headers) {
            Some(event) => deliver(&StreamEvent {
                after_loss: self.broken,
                ..event
            }),
            None => self.broken = true,
        }
        prelude.total
    }
}

struct Prelude {
    total: usize,
    headers: usize,
}

impl Prelude {
    /// `None` for what cannot be one.
    fn read(bytes: &[u8; PRELUDE]) -> Option<Self> {
        let ([total, headers, crc], []) = bytes.as_chunks::<4>() else {
            return None;
        };
        let total = usize::try_from(u32::from_be_bytes(*total)).ok()?;
        let headers = usize::try_from(u32::from_be_bytes(*headers)).ok()?;
        let is_plausible = headers <= MAX_HEADERS && total.checked_sub(OVERHEAD)? >= headers;
        (is_plausible && crc32fast::hash(bytes.get(..8)?) == u32::from_be_bytes(*crc))
            .then_some(Self { total, headers })
    }
}

/// What a whole message says; `None` where its checksum or its headers are
/// wrong.
fn event_of(message: &[u8], headers: usize) -> Option<StreamEvent> {
    let (checked, crc) = message.split_last_chunk::<4>()?;
    if crc32fast::hash(checked) != u32::from_be_bytes(*crc) {
        return None;
    }
    let (headers, payload) = checked.get(PRELUDE..)?.split_at_checked(headers)?;
    let headers = Headers::read(headers)?;
    let name = match headers.message_type {
        Some("exception") => headers.exception_type,
        Some("error") => headers.error_code,
        _ => headers.event_type,
    };
    let data = match (headers.message_type, headers.error_message) {
        (Some("error"), Some(message)) => serde_json::json!({"message": message}).to_string(),
        _ => text_of(payload),
    };
    Some(StreamEvent {
        name: name.map(str::to_owned),
        data,
        ..StreamEvent::default()
    })
}

/// An empty payload says as much as an empty object.
fn text_of(payload: &[u8]) -> String {
    match std::str::from_utf8(payload) {
        Ok("") => "{}".into(),
        Ok(text) => text.into(),
        Err(_) => bytes_as_json(payload.len()),
    }
}

/// The headers that say what a message is.
#[derive(Default)]
struct Headers<'a> {
    message_type: Option<&'a str>,
    event_type: Option<&'a str>,
    exception_type: Option<&'a str>,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
}

impl<'a> Headers<'a> {
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let mut headers = Self::default();
        while let Some((len, rest)) = bytes.split_first() {
            let (name, rest) = rest.split_at_checked(usize::from(*len))?;
            let (kind, rest) = rest.split_first()?;
            let (value, rest) = take_value(*kind, rest)?;
            bytes = rest;
            let field = match name {
                b":message-type" => &mut headers.message_type,
                b":event-type" => &mut headers.event_type,
                b":exception-type" => &mut headers.exception_type,
                b":error-code" => &mut headers.error_code,
                b":error-message" => &mut headers.error_message,
                _ => continue,
            };
            if *kind == 7 {
                *field = Some(std::str::from_utf8(value).ok()?);
            }
        }
        Some(headers)
    }
}

/// The bytes of a value, and what follows it.
fn take_value(kind: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bytes, len) = match kind {
        // True and false.
        0 | 1 => (bytes, 0),
        // Integers of 1, 2, 4 and 8 bytes; a time.
        2 => (bytes, 1),
        3 => (bytes, 2),
        4 => (bytes, 4),
        5 | 8 => (bytes, 8),
        // Bytes and text.
        6 | 7 => {
            let (len, bytes) = bytes.split_first_chunk::<2>()?;
            (bytes, usize::from(u16::from_be_bytes(*len)))
        }
        // A UUID.
        9 => (bytes, 16),
        _ => return None,
    };
    bytes.split_at_checked(len)
}

#[cfg(test)]
mod tests;
