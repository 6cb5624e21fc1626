//! Server-sent events (WHATWG HTML §9.2), split while the bytes arrive: CRLF,
//! CR or LF line ends, comments, multi-line data, a byte order mark.

use memchr::{memchr, memchr2};

use super::{Framing, KEPT, MAX_EVENT, StreamEvent, is_json};

/// Splits an event stream.
#[derive(Debug, Default)]
pub struct Sse {
    line: Vec<u8>,
    event: StreamEvent,
    has_data: bool,
    /// A carriage return ended the last line: a line feed now belongs to it.
    after_cr: bool,
    began: bool,
    /// An event is being dropped: it is too long or bytes of it are missing.
    dropping: bool,
    broken: bool,
}

impl Framing for Sse {
    fn push(&mut self, mut bytes: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(rest) = bytes.strip_prefix(b"\n")
            {
                bytes = rest;
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.keep(bytes);
                return;
            };
            let (head, tail) = bytes.split_at(end);
            self.after_cr = tail.first() == Some(&b'\r');
            bytes = tail.get(1..).unwrap_or_default();
            if self.line.is_empty() {
                self.line_read(head, deliver);
            } else {
                self.keep(head);
                let line = std::mem::take(&mut self.line);
                self.line_read(&line, deliver);
                self.line = line;
                self.line.clear();
            }
        }
    }

    /// Bytes are missing: the event under way cannot be trusted, nor can the
    /// line that the stream goes on with.
    fn gap(&mut self) {
        self.line.clear();
        self.reset_event();
        self.dropping = true;
        self.after_cr = false;
    }

    /// The stream ended. An event without its closing blank line is delivered
    /// all the same where its data is whole JSON or `[DONE]`: some servers
    /// leave the last blank line out.
    fn finish(&mut self, deliver: &mut dyn FnMut(&StreamEvent)) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.line_read(&line, deliver);
        }
        let whole = self.event.data == "[DONE]" || is_json(self.event.data.as_bytes());
        if self.has_data && whole && !self.dropping {
            deliver(&self.event);
        }
        self.reset_event();
    }

    fn is_broken(&self) -> bool {
        self.broken
    }
}

impl Sse {
    /// The event under way is too long.
    fn drop_event(&mut self) {
        self.gap();
        self.broken = true;
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > MAX_EVENT {
            self.drop_event();
        }
        if !self.dropping {
            self.line.extend_from_slice(bytes);
        } else if self.line.is_empty() && !bytes.is_empty() {
            // Marks the line as not blank.
            self.line.push(b':');
        }
    }

    fn line_read(&mut self, line: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) {
        let line = if std::mem::replace(&mut self.began, true) {
            line
        } else {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        };
        if line.is_empty() {
            let dropped = std::mem::take(&mut self.dropping);
            if self.has_data && !dropped {
                deliver(&self.event);
            }
            self.reset_event();
            return;
        }
        if self.dropping {
            return;
        }
        let (field, value) = match memchr(b':', line).and_then(|colon| line.split_at_checked(colon))
        {
            Some((field, value)) => (field, value.get(1..).unwrap_or_default()),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.add_data(value),
            b"event" => self.event.name = Some(String::from_utf8_lossy(value).into_owned()),
            _ => {}
        }
    }

    fn add_data(&mut self, value: &[u8]) {
        if self.event.data.len() + value.len() > MAX_EVENT {
            return self.drop_event();
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.event.data.push('\n');
        }
        match std::str::from_utf8(value) {
            Ok(text) => self.event.data.push_str(text),
            Err(_) => self.event.data.push_str(&String::from_utf8_lossy(value)),
        }
    }

    /// The text is reused: an allocation less for each event.
    fn reset_event(&mut self) {
        self.has_data = false;
        self.event.name = None;
        self.event.data.clear();
        self.event.data.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{self, Pair, chunks, cuts, unnamed};
    use super::*;
    use proptest::prelude::*;

    fn split(chunks: &[&[u8]]) -> Vec<Pair> {
        tests::split(Sse::default(), chunks).0
    }

    #[test]
    fn line_ends_comments_names_and_multi_line_data() {
        let stream = b"\xef\xbb\xbf: hello\r\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\ndata: x\rid: 7\r\rdata\n\n";
        assert_eq!(
            split(&[stream]),
            [(Some("a".into()), "1\n2".into()), unnamed("x"), unnamed("")]
        );
    }

    #[test]
    fn the_last_event_counts_without_its_blank_line_only_when_it_is_whole() {
        assert_eq!(split(&[b"data: {\"a\":1}"]), [unnamed("{\"a\":1}")]);
        assert_eq!(split(&[b"data: [DONE]\n"]), [unnamed("[DONE]")]);
        assert!(split(&[b"data: {\"a\":"]).is_empty());
    }

    #[test]
    fn after_a_gap_the_rest_of_the_torn_event_is_dropped() {
        let mut events = Vec::new();
        let mut keep = |event: &StreamEvent| events.push(event.data.clone());
        let mut sse = Sse::default();
        sse.push(b"data: {\"a\":", &mut keep);
        sse.gap();
        sse.push(b"1}\ndata: torn\n\ndata: next\n\n", &mut keep);
        assert_eq!(events, ["next"]);
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events(stream in "(data|event|:|id|x|\r\n|\n|\r|: |\u{feff}|é|[a-z]){0,60}", cuts in cuts()) {
            let bytes = stream.as_bytes();
            prop_assert_eq!(split(&chunks(bytes, &cuts)), split(&[bytes]));
        }
    }

    #[test]
    fn an_event_that_is_too_long_is_left_out_and_told() {
        let long = vec![b'x'; MAX_EVENT + 1];
        let (events, broken) =
            tests::split(Sse::default(), &[b"data: ", &long, b"\n\ndata: 1\n\n"]);
        assert_eq!((events, broken), (vec![unnamed("1")], true));
    }
}
