//! Text that comes in pieces: a secret may be cut between two of them, so text
//! is held back until it stands in whole lines, and lines that belong together
//! go out together.

use std::collections::{HashMap, VecDeque};

use oisp_core::Event;
use oisp_core::event::Data;

/// Most answers that grow at a time; above it the oldest is told no further.
const MAX_ANSWERS: usize = 512;
/// A line longer than this is cut between words.
const LONG_LINE: usize = 4 << 10;
/// So much of a long line stays held: longer than what any rule looks for.
const TAIL: usize = 1 << 10;
/// More held text than this is given up: the finished answer has it.
const MAX_HELD: usize = 256 << 10;

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
    text: String,
    given_up: bool,
}

impl Growing {
    /// Takes an event on its way to redaction; gives it back with the text that
    /// may go on, or `None` where nothing of it may. Events that are no pieces
    /// of a growing answer pass.
    pub fn pass(&mut self, mut event: Event) -> Option<Event> {
        let choice = event.attrs.get("oisp.choice.index");
        let choice = choice.and_then(serde_json::Value::as_u64).unwrap_or(0);
        match &mut event.data {
            Data::StreamingChunk(chunk) => {
                let key = (chunk.request_id.clone(), choice);
                let is_last = chunk.finish_reason.is_some();
                let new = chunk.delta.content.take().unwrap_or_default();
                let ready = self.held(&key).add(&new, is_last);
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
    fn add(&mut self, new: &str, is_last: bool) -> String {
        if self.given_up {
            return String::new();
        }
        self.text.push_str(new);
        if is_last {
            return std::mem::take(&mut self.text);
        }
        if self.text.len() > MAX_HELD {
            self.given_up = true;
            self.text = String::new();
        }
        let rest = self.text.split_off(safe_end(&self.text));
        std::mem::replace(&mut self.text, rest)
    }
}

/// Up to where the text can be told without cutting something in two.
fn safe_end(text: &str) -> usize {
    let end = open_key(text).unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(text);
    let lines = memchr_lines(text).find(|end| {
        let line = text.get(..*end).unwrap_or_default().trim_end();
        !line.ends_with([':', '=', ',', '"', '\'', '\\', '(', '['])
    });
    let words = (text.len() > LONG_LINE)
        .then(|| last_space(text, text.len() - TAIL))
        .flatten();
    lines.max(words).unwrap_or(0)
}

/// Where a private key begins that does not end in this text.
fn open_key(text: &str) -> Option<usize> {
    let begin = text.rfind("-----BEGIN")?;
    let body = text.get(begin..)?;
    (!body.contains("-----END")).then_some(begin)
}

/// The ends of lines, the last one first.
fn memchr_lines(text: &str) -> impl Iterator<Item = usize> {
    text.rmatch_indices('\n').map(|(at, _)| at + 1)
}

/// The end of the last word before `end`.
fn last_space(text: &str, end: usize) -> Option<usize> {
    let end = (0..=end).rev().find(|at| text.is_char_boundary(*at))?;
    let at = text.get(..end)?.rfind(char::is_whitespace)?;
    let space = text.get(at..)?.chars().next()?;
    Some(at + space.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, Redactor};

    /// What goes out, piece by piece.
    fn told(pieces: &[&str]) -> Vec<String> {
        let redactor = Redactor::new(Mode::Safe);
        let mut held = Held::default();
        let last = pieces.len() - 1;
        let pieces = pieces.iter().enumerate();
        pieces
            .map(|(n, piece)| held.add(piece, n == last))
            .map(|text| redactor.redact_text(&text).unwrap_or(text))
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
    fn a_line_without_end_is_told_between_words() {
        let line = "word ".repeat(2000);
        let told = told(&[&line, "x", ""]);
        assert!(told[0].len() > 5000 && told[0].len() <= line.len() - TAIL);
        assert_eq!(told.concat(), format!("{line}x"));
    }

    #[test]
    fn text_that_cannot_be_told_is_given_up_not_kept() {
        let mut held = Held::default();
        for _ in 0..300 {
            assert_eq!(held.add(&"x".repeat(1 << 10), false), "");
        }
        assert!(held.given_up && held.text.is_empty());
    }
}
