//! The envelope that gRPC and Connect share: a byte of flags, the length in four
//! bytes, a message, which may be compressed on its own.
//!
//! Messages are JSON, or protocol buffers, which are given as JSON
//! ([`crate::protobuf`]). The trailer that Connect and gRPC-Web send as the last
//! message is an event named `end`. After a gap nothing more is delivered: an
//! envelope has no mark to find it by.

use super::{Framing, KEPT, MAX_EVENT, StreamEvent, bytes_as_json};
use crate::http::coding;
use crate::protobuf;

const HEAD: usize = 5;
const COMPRESSED: u8 = 0x01;
const CONNECT_END: u8 = 0x02;
const GRPC_WEB_END: u8 = 0x80;

/// Splits messages.
#[derive(Debug)]
pub struct Envelope {
    /// `None` where it was not told; it is gzip then, as good as always.
    coding: Option<String>,
    is_json: bool,
    /// The flag of the last message, where the protocol has one.
    end_flag: u8,
    buffer: Vec<u8>,
    /// So many bytes belong to a message that is left out.
    skip: usize,
    lost: bool,
    broken: bool,
}

impl Envelope {
    /// For a body of that content type; `None` where it has no envelopes. The
    /// coding is the value of `grpc-encoding` or `connect-content-encoding`.
    pub fn new(content_type: &str, coding: Option<&str>) -> Option<Self> {
        let kind = content_type.split(';').next()?.trim().to_ascii_lowercase();
        let (rest, end_flag) = if let Some(rest) = kind.strip_prefix("application/connect+") {
            (rest, CONNECT_END)
        } else {
            let rest = kind.strip_prefix("application/grpc")?;
            match rest.strip_prefix("-web") {
                Some(rest) => (rest, GRPC_WEB_END),
                None => (rest, 0),
            }
        };
        let is_json = match rest.trim_start_matches('+') {
            "" | "proto" => false,
            "json" => true,
            _ => return None,
        };
        Some(Self {
            coding: coding.map(str::to_owned),
            is_json,
            end_flag,
            buffer: Vec::new(),
            skip: 0,
            lost: false,
            broken: false,
        })
    }

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

    /// Takes a message; 0 where more is needed.
    fn step(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) -> usize {
        if self.lost {
            return bytes.len();
        }
        if self.skip > 0 {
            let used = self.skip.min(bytes.len());
            self.skip -= used;
            return used;
        }
        let Some(([flags, len @ ..], rest)) = bytes.split_first_chunk::<HEAD>() else {
            return 0;
        };
        if flags & !(COMPRESSED | self.end_flag) != 0 {
            (self.lost, self.broken) = (true, true);
            return bytes.len();
        }
        let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
        if len > MAX_EVENT {
            self.broken = true;
            self.skip = len;
            return HEAD;
        }
        let Some(message) = rest.get(..len) else {
            return 0;
        };
        match self.event_of(*flags, message) {
            Some(event) => deliver(&event),
            None => self.broken = true,
        }
        HEAD + len
    }

    fn event_of(&self, flags: u8, message: &[u8]) -> Option<StreamEvent> {
        let plain;
        let message = if flags & COMPRESSED == 0 {
            message
        } else {
            plain = self.decompressed(message)?;
            &plain
        };
        let is_end = flags & self.end_flag != 0;
        let data = match (is_end, self.end_flag) {
            (true, GRPC_WEB_END) => fields_as_json(message),
            (is_end, _) if is_end || self.is_json => String::from_utf8(message.to_vec()).ok()?,
            _ => protobuf::to_json(message).unwrap_or_else(|| bytes_as_json(message.len())),
        };
        let name = is_end.then(|| "end".to_owned());
        Some(StreamEvent {
            name,
            data,
            after_loss: self.broken,
        })
    }

    /// `None` where the coding is broken, or gives more than an event may have.
    fn decompressed(&self, message: &[u8]) -> Option<Vec<u8>> {
        let coding = self.coding.as_deref().unwrap_or("gzip");
        let mut plain = Vec::new();
        let mut decoder = coding::Decoder::new(Some(coding)).ok()?;
        let cut = decoder.push(message, MAX_EVENT, &mut plain).ok()?;
        decoder.finish().ok()?;
        (!cut).then_some(plain)
    }
}

/// Trailer fields, written as lines, as an object.
fn fields_as_json(lines: &[u8]) -> String {
    let text = String::from_utf8_lossy(lines);
    let fields: serde_json::Map<_, _> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().into()))
        .collect();
    serde_json::Value::Object(fields).to_string()
}

impl Framing for Envelope {
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
        buffer.shrink_to(KEPT);
        self.buffer = buffer;
    }

    fn gap(&mut self) {
        self.buffer = Vec::new();
        self.lost = true;
    }

    fn finish(&mut self, _: &mut dyn FnMut(&StreamEvent)) {
        self.gap();
    }

    fn is_broken(&self) -> bool {
        self.broken
    }
}

#[cfg(test)]
mod tests;
