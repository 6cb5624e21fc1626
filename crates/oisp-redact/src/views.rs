//! A text as its readers see it: with the escapes of JSON and of programming
//! languages resolved, as often as they are nested, and with percent-encoding
//! (RFC 3986) resolved. Each view knows where in the text its characters come
//! from, so that what is found in one is taken out of the text itself.

use std::ops::Range;

use memchr::{memchr, memchr2};

/// How often escapes are resolved: JSON in a string of JSON in a string.
const NESTED: usize = 4;
/// How often percent-encoding is.
const ENCODED: usize = 2;
/// Long texts are looked at in parts of this length, which overlap by
/// [`OVERLAP`], so that views are small whatever the text.
const PART: usize = 1 << 20;
const OVERLAP: usize = 64 << 10;

/// A part of a text, with something resolved in it.
struct View {
    text: String,
    /// Where the way from this text to the one below it changes: a position
    /// here, and the one there. In order.
    steps: Vec<(usize, usize)>,
}

/// Takes a view, and what maps a place in it to the place in the text.
type Told<'a> = dyn FnMut(&str, &dyn Fn(Range<usize>) -> Range<usize>) + 'a;

/// Tells each view of the text, and what maps a place in it to the place in the
/// text.
pub(crate) fn each(text: &str, told: &mut Told<'_>) {
    if memchr2(b'\\', b'%', text.as_bytes()).is_none() {
        return;
    }
    let mut start = 0_usize;
    loop {
        let end = text.floor_char_boundary(start.saturating_add(PART));
        let part = text.get(start..end).unwrap_or_default();
        each_of_part(part, &mut |view, place| {
            told(view, &|range| {
                let Range {
                    start: from,
                    end: to,
                } = place(range);
                start + from..start + to
            });
        });
        if end >= text.len() {
            return;
        }
        start = text.floor_char_boundary(end - OVERLAP);
    }
}

fn each_of_part(part: &str, told: &mut Told<'_>) {
    let mut views: Vec<View> = Vec::new();
    let readings = [
        (unescape as fn(&str) -> Option<View>, NESTED),
        (unpercent, ENCODED),
    ];
    for (read, times) in readings {
        for _ in 0..times {
            let Some(view) = read(views.last().map_or(part, |view| &view.text)) else {
                break;
            };
            views.push(view);
            let top = views.last().map_or("", |view| &view.text);
            told(top, &|range| {
                views
                    .iter()
                    .rev()
                    .fold(range, |range, view| view.below(range))
            });
        }
    }
}

impl View {
    /// The place in the text below.
    fn below(&self, range: Range<usize>) -> Range<usize> {
        self.origin(range.start)..self.origin(range.end)
    }

    fn origin(&self, at: usize) -> usize {
        let next = self.steps.partition_point(|(here, _)| *here <= at);
        let step = next.checked_sub(1).and_then(|last| self.steps.get(last));
        let (here, there) = step.copied().unwrap_or_default();
        let limit = self.steps.get(next).map_or(usize::MAX, |(_, there)| *there);
        (there + at - here).min(limit)
    }
}

/// Copies a text, and notes where something else stands in the copy.
struct Copy<'a> {
    from: &'a str,
    told: usize,
    view: View,
}

impl<'a> Copy<'a> {
    fn of(from: &'a str) -> Self {
        let view = View {
            text: String::with_capacity(from.len()),
            steps: Vec::new(),
        };
        Self {
            from,
            told: 0,
            view,
        }
    }

    /// In place of `range`, this character.
    fn put(&mut self, range: Range<usize>, character: char) {
        self.view
            .text
            .push_str(self.from.get(self.told..range.start).unwrap_or_default());
        self.view.text.push(character);
        self.view.steps.push((self.view.text.len(), range.end));
        self.told = range.end;
    }

    /// `None` where nothing stands otherwise.
    fn done(mut self) -> Option<View> {
        self.view
            .text
            .push_str(self.from.get(self.told..).unwrap_or_default());
        (!self.view.steps.is_empty()).then_some(self.view)
    }
}

/// Resolves the escapes that begin with a backslash.
fn unescape(text: &str) -> Option<View> {
    let mut copy = Copy::of(text);
    let mut at = 0;
    while let Some(found) = text
        .get(at..)
        .and_then(|rest| memchr(b'\\', rest.as_bytes()))
    {
        let start = at + found;
        let rest = text.as_bytes().get(start + 1..).unwrap_or_default();
        at = match escape(rest) {
            Some((character, length)) => {
                copy.put(start..start + 1 + length, character);
                start + 1 + length
            }
            None => start + 1,
        };
    }
    copy.done()
}

/// What comes behind a backslash: the character that it means, and its length.
fn escape(rest: &[u8]) -> Option<(char, usize)> {
    let one = |character| Some((character, 1));
    match rest.first()? {
        b'n' => one('\n'),
        b'r' => one('\r'),
        b't' => one('\t'),
        b'b' | b'f' => one(' '),
        quoted @ (b'"' | b'\'' | b'\\' | b'/' | b'`') => one(char::from(*quoted)),
        b'x' => Some((char::from(u8::try_from(hex(rest, 1, 2)?).ok()?), 3)),
        b'u' => unicode(rest),
        _ => None,
    }
}

/// `u0041`, or two of them that make one character (RFC 8259, section 7).
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    let first = hex(rest, 1, 4)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 5));
    }
    let is_pair = rest.get(5..7) == Some(b"\\u");
    let second = hex(rest, 7, 4).filter(|_| is_pair)?;
    let both = 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
    Some((char::from_u32(both)?, 11))
}

fn hex(text: &[u8], from: usize, digits: usize) -> Option<u32> {
    let digits = text.get(from..from + digits)?;
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Resolves percent-encoded ASCII.
fn unpercent(text: &str) -> Option<View> {
    let mut copy = Copy::of(text);
    let mut at = 0;
    while let Some(found) = text
        .get(at..)
        .and_then(|rest| memchr(b'%', rest.as_bytes()))
    {
        let start = at + found;
        let byte = hex(text.as_bytes(), start + 1, 2).filter(|byte| *byte < 128);
        at = match byte.and_then(char::from_u32) {
            Some(character) => {
                copy.put(start..start + 3, character);
                start + 3
            }
            None => start + 1,
        };
    }
    copy.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn views(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        each(text, &mut |view, _| all.push(view.to_owned()));
        all
    }

    /// What stands in the text where a view says `wanted`.
    fn origin(text: &str, wanted: &str) -> Option<String> {
        let mut origin = None;
        each(text, &mut |view, place| {
            if let Some(at) = view.find(wanted) {
                origin.get_or_insert_with(|| text[place(at..at + wanted.len())].to_owned());
            }
        });
        origin
    }

    #[test]
    fn plain_text_has_no_views() {
        assert_eq!(views("nothing here"), Vec::<String>::new());
        assert_eq!(views("100 % and \\d+"), Vec::<String>::new());
    }

    #[test]
    fn escapes_are_resolved_as_often_as_they_are_nested() {
        assert_eq!(
            views(r#"{\"a\":\"b\\nc\"}"#),
            ["{\"a\":\"b\\nc\"}", "{\"a\":\"b\nc\"}"]
        );
        assert_eq!(views(r"\u0041\ud83d\ude00\x42"), ["A😀B"]);
        assert_eq!(views("a%2520b"), ["a%20b", "a b"]);
        assert_eq!(views(r"\u0026x%3D1"), ["&x%3D1", "&x=1"]);
    }

    #[test]
    fn a_place_in_a_view_is_one_in_the_text() {
        assert_eq!(
            origin(r"say \u0073k-key\n", "sk-key").unwrap(),
            r"\u0073k-key"
        );
        assert_eq!(
            origin(r#"{\\\"k\\\": \\\"v\\\\u0041\\\"}"#, "vA").unwrap(),
            r"v\\\\u0041"
        );
        assert_eq!(origin("?q=%61%40b.io&", "a@b.io").unwrap(), "%61%40b.io");
        assert_eq!(origin("grüße\\n%41", "e\nA").unwrap(), "e\\n%41");
    }

    #[test]
    fn long_texts_are_seen_in_parts_without_a_seam() {
        for shift in 0..3 {
            let text = format!(
                "{}\\u0041BC{}",
                "ä ".repeat(PART / 3 - 2 + shift),
                "x".repeat(PART)
            );
            assert_eq!(origin(&text, "ABC").unwrap(), "\\u0041BC");
        }
    }

    #[test]
    fn half_an_escape_is_no_escape() {
        assert_eq!(views(r"\u00"), Vec::<String>::new());
        assert_eq!(views(r"\ud83d\ud"), Vec::<String>::new());
        assert_eq!(views("\\"), Vec::<String>::new());
        assert_eq!(views("%4"), Vec::<String>::new());
    }
}
