//! Text that comes in pieces: a secret may be cut between two of them. What
//! grows is redacted as a whole each time, and told up to a word that lies
//! behind whatever may still become half of something; whole lines are let go.

use std::collections::{HashMap, VecDeque};

use oisp_core::Event;
use oisp_core::event::Data;

use crate::{Redactor, pem};

/// Most answers that grow at a time; above it the oldest is told no further.
const MAX_ANSWERS: usize = 512;
/// So much of the text stays untold: longer than what any rule needs to see of a
/// secret without spaces.
const TAIL: usize = 160;
/// More text than this without a line's end is given up: the finished answer has
/// it.
const MAX_HELD: usize = 32 << 10;

/// Holds back what may be half of something.
#[derive(Debug, Default)]
pub struct Growing {
    held: HashMap<Key, Held>,
    order: VecDeque<Key>,
}

/// An alternative of an answer: the request's id, and its position.
type Key = (String, u64);

#[derive(Debug, Default)]
struct Held {
    /// What came since the last line that was let go.
    raw: String,
    /// What was told of it, redacted.
    told: String,
    given_up: bool,
}

impl Growing {
    /// Takes an event on its way to redaction; gives it back with the text that
    /// may go on, or `None` where nothing of it may. Events that are no pieces
    /// of a growing answer pass.
    pub fn pass(&mut self, mut event: Event, redactor: &Redactor) -> Option<Event> {
        let choice = event.attrs.get("oisp.choice.index");
        let choice = choice.and_then(serde_json::Value::as_u64).unwrap_or(0);
        match &mut event.data {
            Data::StreamingChunk(chunk) => {
                let key = (chunk.request_id.clone(), choice);
                let is_last = chunk.finish_reason.is_some();
                let new = chunk.delta.content.take().unwrap_or_default();
                let ready = self.held(&key).add(&new, is_last, redactor);
                chunk.delta.content = Some(ready).filter(|text| !text.is_empty());
                let delta = &chunk.delta;
                let says = delta.content.is_some() || delta.tool_calls.is_some() || is_last;
                says.then_some(event)
            }
            Data::AiResponse(response) => {
                self.held.retain(|(id, _), _| *id != response.request_id);
                self.order.retain(|(id, _)| *id != response.request_id);
                Some(event)
            }
            _ => Some(event),
        }
    }

    fn held(&mut self, key: &Key) -> &mut Held {
        if !self.held.contains_key(key) {
            self.order.push_back(key.clone());
            if self.order.len() > MAX_ANSWERS
                && let Some(oldest) = self.order.pop_front()
            {
                self.held.remove(&oldest);
            }
        }
        self.held.entry(key.clone()).or_default()
    }
}

impl Held {
    fn add(&mut self, new: &str, is_last: bool, redactor: &Redactor) -> String {
        if self.given_up {
            return String::new();
        }
        self.raw.push_str(new);
        let mut out = String::new();
        let lines = if is_last {
            self.raw.len()
        } else {
            whole_lines(&self.raw)
        };
        if lines > 0 {
            let rest = self.raw.split_off(lines);
            let done = std::mem::replace(&mut self.raw, rest);
            let safe = redactor.redact_text(&done).unwrap_or(done);
            self.tell(&safe, safe.len(), &mut out);
            self.told.clear();
        }
        if !self.raw.is_empty() {
            let safe = redactor
                .redact_text(&self.raw)
                .unwrap_or_else(|| self.raw.clone());
            self.tell(&safe, whole_words(&safe), &mut out);
        }
        if self.raw.len() > MAX_HELD {
            self.give_up();
        }
        out
    }

    /// Tells `safe` up to `end`. Where what was told before is not the beginning
    /// of it, a finding reached back: nothing more is told then.
    fn tell(&mut self, safe: &str, end: usize, out: &mut String) {
        if !safe.starts_with(&self.told) {
            return self.give_up();
        }
        if let Some(more) = safe.get(self.told.len()..end) {
            out.push_str(more);
            self.told.push_str(more);
        }
    }

    fn give_up(&mut self) {
        *self = Self {
            given_up: true,
            ..Self::default()
        };
    }
}

/// The end of the last line that can be let go: what follows cannot belong to
/// something in it.
fn whole_lines(text: &str) -> usize {
    let end = pem::open(text).unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(text);
    let ends = text.rmatch_indices('\n').map(|(at, _)| at + 1);
    let is_closed = |end: &usize| {
        let line = text.get(..*end).unwrap_or_default().trim_end();
        !line.ends_with([':', '=', ',', '"', '\'', '\\', '(', '['])
    };
    ends.into_iter().find(is_closed).unwrap_or(0)
}

/// The end of the last word before the tail.
fn whole_words(text: &str) -> usize {
    let end = text.len().saturating_sub(TAIL);
    let end = (0..=end).rev().find(|at| text.is_char_boundary(*at));
    let before = end.and_then(|end| text.get(..end)).unwrap_or_default();
    let space = before.char_indices().rfind(|(_, c)| c.is_whitespace());
    space.map_or(0, |(at, space)| at + space.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mode;

    /// What goes out, piece by piece.
    fn told(pieces: &[&str]) -> Vec<String> {
        let redactor = Redactor::new(Mode::Safe);
        let mut held = Held::default();
        let last = pieces.len() - 1;
        let pieces = pieces.iter().enumerate();
        pieces
            .map(|(n, piece)| held.add(piece, n == last, &redactor))
            .collect()
    }

    #[test]
    fn whole_lines_go_out_and_half_ones_wait() {
        assert_eq!(
            told(&["one\ntw", "o\n", "three", ""]),
            ["one\n", "two\n", "", "three"]
        );
    }

    #[test]
    fn a_long_paragraph_grows_word_by_word_behind_a_tail() {
        let words: Vec<String> = (0..200).map(|n| format!("word{n} ")).collect();
        let mut pieces: Vec<_> = words.iter().map(String::as_str).collect();
        pieces.push("");
        let told = told(&pieces);
        assert_eq!(told.concat(), words.concat());
        assert!(told[..200].iter().filter(|text| !text.is_empty()).count() > 150);
        assert!(told[200].len() < TAIL + 20);
    }

    #[test]
    fn a_secret_behind_a_word_that_names_it_is_not_told_however_long_it_is() {
        let token = "Zx9-".repeat(100);
        let text = format!(
            "send Authorization: Bearer {token} with it {}",
            "and more ".repeat(60)
        );
        let pieces: Vec<_> = text
            .as_bytes()
            .chunks(3)
            .map(|piece| std::str::from_utf8(piece).unwrap())
            .collect();
        let told = told(&[&pieces[..], &[""]].concat()).concat();
        assert!(!told.contains("Zx9"), "{told}");
        assert!(told.ends_with("and more "), "{told}");
    }

    #[test]
    fn a_secret_is_never_told_however_it_is_cut() {
        let key = format!("sk-proj-{}", "a1B2".repeat(8));
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----",
            "MIIEmadeup".repeat(6),
            "Qmadeup9".repeat(6)
        );
        let text = format!(
            "first\nthe key is {key} and\npassword:\nhunter2hunter2\nthen {pem}\nmail jo@example.org\nend"
        );
        let secrets = [
            key.as_str(),
            "hunter2hunter2",
            "MIIEmadeup",
            "Qmadeup9",
            "jo@example.org",
        ];
        for cut in (0..text.len()).step_by(3) {
            for other in (cut..text.len()).step_by(53) {
                let pieces = [&text[..cut], &text[cut..other], &text[other..], ""];
                let told = told(&pieces).concat();
                for secret in secrets {
                    assert!(!told.contains(secret), "{cut} {other}: {told}");
                }
                assert!(told.starts_with("first\n") && told.ends_with("\nend"));
            }
        }
    }

    #[test]
    fn text_that_cannot_be_told_is_given_up_not_kept() {
        let redactor = Redactor::new(Mode::Safe);
        let mut held = Held::default();
        for _ in 0..40 {
            assert_eq!(held.add(&"x".repeat(1 << 10), false, &redactor), "");
        }
        assert!(held.given_up && held.raw.is_empty());
    }
}
