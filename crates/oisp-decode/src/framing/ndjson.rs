//! Newline-delimited JSON: a value a line (Ollama, and JSON-RPC over a pipe).
//! Blank lines are tolerated. After a gap the rest of the line is dropped.

use memchr::memchr;

use super::{Framing, KEPT, MAX_EVENT, StreamEvent, is_json};

/// Splits lines.
#[derive(Debug, Default)]
pub struct Ndjson {
    line: Vec<u8>,
    /// Reused: an allocation less for each line.
    event: StreamEvent,
    /// The line under way is too long, or bytes of it are missing.
    dropping: bool,
    broken: bool,
}

impl Framing for Ndjson {
    fn push(&mut self, mut bytes: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) {
        while let Some((line, rest)) =
            memchr(b'\n', bytes).and_then(|end| Some((bytes.get(..end)?, bytes.get(end + 1..)?)))
        {
            if self.line.is_empty() && !self.dropping {
                self.deliver(line, deliver);
            } else {
                self.keep(line);
                let line = std::mem::take(&mut self.line);
                self.deliver(&line, deliver);
                self.line = line;
                self.line.clear();
                self.line.shrink_to(KEPT);
            }
            self.dropping = false;
            bytes = rest;
        }
        self.keep(bytes);
    }

    fn gap(&mut self) {
        self.line.clear();
        self.dropping = true;
    }

    /// The last line counts without its line feed where it is whole JSON.
    fn finish(&mut self, deliver: &mut dyn FnMut(&StreamEvent)) {
        let line = std::mem::take(&mut self.line);
        if is_json(&line) {
            self.deliver(&line, deliver);
        }
    }

    fn is_broken(&self) -> bool {
        self.broken
    }
}

impl Ndjson {
    fn keep(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > MAX_EVENT {
            self.gap();
            self.broken = true;
        }
        if !self.dropping {
            self.line.extend_from_slice(bytes);
        }
    }

    fn deliver(&mut self, line: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) {
        let line = line.trim_ascii();
        if self.dropping || line.is_empty() {
            return;
        }
        match std::str::from_utf8(line) {
            Ok(text) if text.len() <= MAX_EVENT => {
                self.event.data.clear();
                self.event.data.push_str(text);
                self.event.after_loss = self.broken;
                deliver(&self.event);
                self.event.data.clear();
                self.event.data.shrink_to(KEPT);
            }
            _ => self.broken = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{chunks, cuts, split, unnamed};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_a_line_with_blank_lines_and_no_last_line_feed() {
        let (events, broken) = split(
            Ndjson::default(),
            &[b"{\"a\":1}\r\n\n  \n[2]\n{\"b\":\"\xc3\xa9\"}"],
        );
        assert_eq!(events, ["{\"a\":1}", "[2]", "{\"b\":\"é\"}"].map(unnamed));
        assert!(!broken);
    }

    #[test]
    fn a_torn_last_line_is_dropped() {
        assert!(split(Ndjson::default(), &[b"{\"a\":"]).0.is_empty());
    }

    #[test]
    fn after_a_gap_the_next_line_counts() {
        let mut events = Vec::new();
        let mut keep = |event: &StreamEvent| events.push(event.data.clone());
        let mut lines = Ndjson::default();
        lines.push(b"{\"a\":", &mut keep);
        lines.gap();
        lines.push(b"1}\n{\"b\":2}\n", &mut keep);
        lines.gap();
        lines.push(b"3", &mut keep);
        lines.finish(&mut keep);
        assert_eq!(events, ["{\"b\":2}"]);
    }

    #[test]
    fn a_line_that_is_too_long_or_no_text_is_left_out_and_told() {
        let long = vec![b'1'; MAX_EVENT + 1];
        let (events, broken) = split(Ndjson::default(), &[b"1", &long, b"\n2\n"]);
        assert_eq!((events, broken), (vec![unnamed("2")], true));
        assert_eq!(
            split(Ndjson::default(), &[b"\xff\n2\n"]),
            (vec![unnamed("2")], true)
        );
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events(stream in "(\\{\"a\":1\\}|\r\n|\n|é| |\\[|2){0,60}", cuts in cuts()) {
            let bytes = stream.as_bytes();
            prop_assert_eq!(split(Ndjson::default(), &chunks(bytes, &cuts)), split(Ndjson::default(), &[bytes]));
        }
    }
}
