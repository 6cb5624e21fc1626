//! One JSON array whose elements are delivered while it arrives (Gemini's
//! `streamGenerateContent` without `alt=sse`). One object in place of the array
//! is one event. Linear in the bytes: strings are skipped, braces are counted,
//! nothing is parsed.
//!
//! After a gap nothing more is delivered: whether a quote opens or closes a
//! string can no longer be told.

use memchr::memchr2;

use super::{Framing, KEPT, MAX_EVENT, StreamEvent};

/// Splits an array.
#[derive(Debug, Default)]
pub struct JsonArray {
    state: State,
    in_array: bool,
    /// The element under way, as far as it came.
    element: Vec<u8>,
    /// The element is too long to be kept.
    dropping: bool,
    broken: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the array or the object.
    #[default]
    Start,
    /// Before an element, a comma or the end.
    Between,
    /// Inside an element, outside its strings.
    Element { depth: u32 },
    /// Inside a string of an element.
    Text { depth: u32, escaped: bool },
    /// The end came.
    Over,
    /// The place is lost.
    Lost,
}

impl Framing for JsonArray {
    fn push(&mut self, mut bytes: &[u8], deliver: &mut dyn FnMut(&StreamEvent)) {
        while !bytes.is_empty() {
            let used = match self.state {
                State::Start | State::Between => self.between(bytes),
                State::Element { depth } => self.element(depth, bytes, deliver),
                State::Text { depth, escaped } => self.text(depth, escaped, bytes),
                State::Over => return self.after(bytes),
                State::Lost => return,
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    fn gap(&mut self) {
        self.state = State::Lost;
        self.element = Vec::new();
    }

    fn finish(&mut self, _: &mut dyn FnMut(&StreamEvent)) {
        self.gap();
    }

    fn is_broken(&self) -> bool {
        self.broken
    }
}

impl JsonArray {
    /// Takes one byte that no element holds.
    fn between(&mut self, bytes: &[u8]) -> usize {
        match (bytes.first(), self.state) {
            (Some(b'{'), _) => {
                self.state = State::Element { depth: 0 };
                return 0;
            }
            (Some(b'['), State::Start) => {
                self.in_array = true;
                self.state = State::Between;
            }
            (Some(b']'), State::Between) => self.state = State::Over,
            (Some(b','), State::Between) => {}
            (Some(byte), _) if byte.is_ascii_whitespace() => {}
            // The bytes of a byte order mark.
            (Some(0xef | 0xbb | 0xbf), State::Start) => {}
            _ => self.lose(),
        }
        1
    }

    fn lose(&mut self) {
        self.broken = true;
        self.gap();
    }

    /// Only blanks may follow the end.
    fn after(&mut self, bytes: &[u8]) {
        self.broken |= !bytes.trim_ascii().is_empty();
    }

    fn element(
        &mut self,
        depth: u32,
        bytes: &[u8],
        deliver: &mut dyn FnMut(&StreamEvent),
    ) -> usize {
        let Some(at) = next_mark(bytes) else {
            self.keep(bytes);
            return bytes.len();
        };
        let used = at + 1;
        self.keep(bytes.get(..used).unwrap_or_default());
        match bytes.get(at) {
            Some(b'"') => {
                self.state = State::Text {
                    depth,
                    escaped: false,
                }
            }
            Some(b'{' | b'[') => {
                self.state = State::Element {
                    depth: depth.saturating_add(1),
                }
            }
            _ if depth > 1 => self.state = State::Element { depth: depth - 1 },
            _ => self.complete(deliver),
        }
        used
    }

    fn text(&mut self, depth: u32, escaped: bool, bytes: &[u8]) -> usize {
        let (used, state) = if escaped {
            (
                1,
                State::Text {
                    depth,
                    escaped: false,
                },
            )
        } else {
            match memchr2(b'"', b'\\', bytes) {
                None => (bytes.len(), self.state),
                Some(at) if bytes.get(at) == Some(&b'"') => (at + 1, State::Element { depth }),
                Some(at) => (
                    at + 1,
                    State::Text {
                        depth,
                        escaped: true,
                    },
                ),
            }
        };
        self.keep(bytes.get(..used).unwrap_or_default());
        self.state = state;
        used
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.element.len() + bytes.len() > MAX_EVENT {
            self.dropping = true;
            self.broken = true;
            self.element.clear();
        }
        if !self.dropping {
            self.element.extend_from_slice(bytes);
        }
    }

    fn complete(&mut self, deliver: &mut dyn FnMut(&StreamEvent)) {
        self.state = if self.in_array {
            State::Between
        } else {
            State::Over
        };
        if std::mem::take(&mut self.dropping) {
            return;
        }
        match String::from_utf8(std::mem::take(&mut self.element)) {
            Ok(data) => {
                let event = StreamEvent {
                    data,
                    after_loss: self.broken,
                    ..StreamEvent::default()
                };
                deliver(&event);
                self.element = event.data.into_bytes();
                self.element.clear();
                self.element.shrink_to(KEPT);
            }
            Err(_) => self.broken = true,
        }
    }
}

/// The next byte that opens or closes something.
fn next_mark(bytes: &[u8]) -> Option<usize> {
    bytes
        .iter()
        .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{chunks, cuts, split, unnamed};
    use super::*;
    use proptest::prelude::*;

    fn texts(bytes: &[u8]) -> (Vec<String>, bool) {
        let (events, broken) = split(JsonArray::default(), &[bytes]);
        (events.into_iter().map(|(_, data)| data).collect(), broken)
    }

    #[test]
    fn elements_with_braces_quotes_and_escapes_in_their_strings() {
        let stream = r#" [{"a":"]}\"{[,"},
            {"b":[{"c":"\\"},[1,2]]} , {}
        ]
        "#;
        let (events, broken) = texts(stream.as_bytes());
        let want = [r#"{"a":"]}\"{[,"}"#, r#"{"b":[{"c":"\\"},[1,2]]}"#, "{}"];
        assert_eq!(events, want);
        assert!(!broken);
        assert!(
            want.iter()
                .all(|event| crate::framing::is_json(event.as_bytes()))
        );
    }

    #[test]
    fn an_element_is_delivered_before_the_next_one_comes() {
        let mut events = 0;
        JsonArray::default().push(b"[{\"a\":1}", &mut |_| events += 1);
        assert_eq!(events, 1);
    }

    #[test]
    fn one_object_in_place_of_the_array_is_one_event() {
        assert_eq!(
            texts(b" {\"error\":{}}\n"),
            (vec!["{\"error\":{}}".into()], false)
        );
        assert_eq!(texts(b"[]"), (vec![], false));
    }

    #[test]
    fn what_is_neither_is_told() {
        assert_eq!(texts(b"<html>"), (vec![], true));
        assert_eq!(texts(b"[{}, 7, {}]"), (vec!["{}".into()], true));
        assert_eq!(texts(b"{}{}"), (vec!["{}".into()], true));
        assert_eq!(texts(b"[{\"a\":\"\xff\"},{}]"), (vec!["{}".into()], true));
    }

    #[test]
    fn nothing_is_delivered_after_a_gap() {
        let mut events = 0;
        let mut array = JsonArray::default();
        array.push(b"[{\"a\":\"", &mut |_| events += 1);
        array.gap();
        array.push(b"\"},{\"b\":1}]", &mut |_| events += 1);
        assert_eq!((events, array.is_broken()), (0, false));
    }

    #[test]
    fn an_element_that_is_too_long_is_left_out_and_told() {
        let long = vec![b'x'; MAX_EVENT + 1];
        let (events, broken) = split(JsonArray::default(), &[b"[{\"a\":\"", &long, b"\"},{}]"]);
        assert_eq!((events, broken), (vec![unnamed("{}")], true));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events(stream in r#"\[?(\{"a":|\}|\[|\]|,|"|\\|é| |\{\},){0,60}"#, cuts in cuts()) {
            let bytes = stream.as_bytes();
            prop_assert_eq!(split(JsonArray::default(), &chunks(bytes, &cuts)), split(JsonArray::default(), &[bytes]));
        }
    }
}
