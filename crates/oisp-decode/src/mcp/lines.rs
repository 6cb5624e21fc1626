//! Messages one a line, as MCP's stdio transport writes them: the bytes of one
//! direction are cut at line ends. After a gap the rest of the torn line is
//! left out. Lines that hold no message are passed over by those above.

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use oisp_core::Timestamp;

use super::message;
use crate::http::{Ending, Half, HttpEvent, Part, Protocol};
use crate::json;

/// Longest line.
pub const MAX_LINE: usize = 16 << 20;
/// Longest line that is found midway, its end included.
const LONGEST_FOUND: usize = 8 << 10;
/// Memory kept from one line to the next.
const KEPT: usize = 64 << 10;

/// Both directions of a byte stream; [`Half::Request`] is what the process
/// writes.
#[derive(Default)]
pub struct Lines {
    written: Line,
    read: Line,
}

/// The line under way in one direction.
#[derive(Default)]
struct Line {
    bytes: BytesMut,
    /// Its end is awaited only to go on behind it.
    dropping: bool,
}

impl Protocol for Lines {
    fn push(&mut self, half: Half, at: Timestamp, mut bytes: Bytes, out: &mut Vec<HttpEvent>) {
        let line = self.line(half);
        while let Some(end) = memchr(b'\n', &bytes) {
            let head = bytes.split_to(end + 1);
            line.keep(head.get(..end).unwrap_or_default());
            if let Some(text) = line.take() {
                out.push(event(half, at, Part::Message(text)));
            }
        }
        line.keep(&bytes);
    }

    fn gap(&mut self, half: Half, _at: Timestamp, _len: u64, _out: &mut Vec<HttpEvent>) {
        self.line(half).drop_rest();
    }

    fn held(&self) -> usize {
        self.written.bytes.capacity() + self.read.bytes.capacity()
    }

    fn close(&mut self, at: Timestamp, ending: Ending, out: &mut Vec<HttpEvent>) {
        // The last line may lack its end: JSON tells whether it is whole.
        for half in [Half::Request, Half::Response] {
            if let Some(text) = self.line(half).take() {
                out.push(event(half, at, Part::Message(text)));
            }
        }
        out.push(event(Half::Response, at, Part::End(ending)));
    }
}

impl Lines {
    const fn line(&mut self, half: Half) -> &mut Line {
        match half {
            Half::Request => &mut self.written,
            Half::Response => &mut self.read,
        }
    }
}

impl Line {
    fn keep(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > MAX_LINE {
            self.drop_rest();
        }
        if !self.dropping {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn drop_rest(&mut self) {
        self.bytes = BytesMut::new();
        self.dropping = true;
    }

    /// The line, where it is whole and may hold a message.
    fn take(&mut self) -> Option<Bytes> {
        let dropped = std::mem::take(&mut self.dropping);
        if dropped || !message::may_be_message(&self.bytes) {
            self.bytes.clear();
            if self.bytes.capacity() > KEPT {
                self.bytes = BytesMut::new();
            }
            return None;
        }
        Some(std::mem::take(&mut self.bytes).freeze())
    }
}

fn event(half: Half, at: Timestamp, part: Part) -> HttpEvent {
    HttpEvent {
        exchange: 0,
        at,
        half,
        part,
    }
}

/// The line is one JSON-RPC object.
pub fn is_line(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"{")
        && message::may_be_message(line)
        && json::parse(line).is_some_and(|json| !message::messages(json).is_empty())
}

/// Where the first whole line that is a JSON-RPC object begins, in bytes that
/// may begin within a line.
pub fn find_line(bytes: &[u8]) -> Option<usize> {
    if !message::may_be_message(bytes) {
        return None;
    }
    let mut start = 0;
    while let Some(rest) = bytes.get(start..) {
        let end = memchr(b'\n', rest)?;
        // A search keeps no more than that of the bytes behind.
        if end < LONGEST_FOUND && is_line(rest.get(..end)?) {
            return Some(start);
        }
        start += end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test states its assumptions by panicking")]
    use super::*;

    const MESSAGE: &str = r#"{"jsonrpc":"2.0","method":"ping","id":1}"#;

    fn read(steps: &[Option<&[u8]>]) -> Vec<String> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        for step in steps {
            match step {
                Some(bytes) => lines.push(
                    Half::Request,
                    Timestamp::default(),
                    Bytes::copy_from_slice(bytes),
                    &mut out,
                ),
                None => lines.gap(Half::Request, Timestamp::default(), 1, &mut out),
            }
        }
        out.into_iter()
            .map(|event| match event.part {
                Part::Message(line) => String::from_utf8_lossy(&line).into_owned(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn after_a_gap_reading_goes_on_behind_the_next_line_end() {
        let line = format!("{MESSAGE}\n");
        let torn = [
            Some(line.as_bytes()),
            Some(b"{\"jsonrpc\":\"2".as_slice()),
            None,
            Some(b"{\"jsonrpc\":\"2.0\"}\n"),
            Some(line.as_bytes()),
        ];
        assert_eq!(read(&torn), [MESSAGE, MESSAGE]);
    }

    #[test]
    fn an_endless_line_is_let_go_and_the_next_one_is_read() {
        let piece = vec![b'x'; 1 << 20];
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for _ in 0..40 {
            let bytes = Bytes::copy_from_slice(&piece);
            lines.push(Half::Response, Timestamp::default(), bytes, &mut out);
            assert!(lines.read.bytes.len() <= MAX_LINE);
        }
        let rest = Bytes::from(format!("\"jsonrpc\"\n{MESSAGE}\n"));
        lines.push(Half::Response, Timestamp::default(), rest, &mut out);
        assert_eq!(out.len(), 1);
    }

    #[test]
    fn a_line_is_found_behind_the_end_of_another() {
        let bytes = format!("rest of \"jsonrpc\"}}\n{{\"a\":1}}\n{MESSAGE}\n");
        assert_eq!(
            find_line(bytes.as_bytes()),
            Some(bytes.len() - MESSAGE.len() - 1)
        );
        assert_eq!(find_line(MESSAGE.as_bytes()), None);
    }
}
