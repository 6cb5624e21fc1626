//! `invocations-response-stream`: events named `PayloadPart` whose payloads are
//! pieces of what the container streams, cut anywhere: lines of JSON or
//! server-sent events.

use serde_json::Value;

use crate::dialect::answer::Answer;
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::{AnswerStream, Dialect as _, prompt};

/// Longest line.
const MAX_LINE: usize = 8 << 20;

/// Joins the pieces to lines and hands these to the container's stream.
#[derive(Default)]
pub(super) struct Stream {
    inner: Option<Box<dyn AnswerStream + Send>>,
    /// What stands in for an answer that has not begun.
    nothing: Answer,
    /// The line under way.
    line: String,
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = crate::dialect::converse::exception(name, &data) {
            self.nothing.error = Some(error);
            return false;
        }
        // What a framing gives in place of bytes that are no text.
        if data.get("$bytes").is_some() {
            self.gap();
            return false;
        }
        let torn = self.torn;
        let inner = self.inner.get_or_insert_with(|| begun(&data, torn));
        inner.event(None, data)
    }

    fn text_event(&mut self, name: Option<&str>, text: &str) -> Option<bool> {
        if name != Some("PayloadPart") || text.starts_with("{\"$bytes\":") {
            return None;
        }
        let mut content = false;
        let mut pieces = text.split('\n');
        self.line.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            content |= self.end_line();
            self.line.push_str(piece);
        }
        if self.line.len() > MAX_LINE {
            self.gap();
        }
        Some(content)
    }

    fn gap(&mut self) {
        self.torn = true;
        self.line.clear();
        if let Some(inner) = &mut self.inner {
            inner.gap();
        }
    }

    fn so_far(&self) -> &Answer {
        self.inner
            .as_ref()
            .map_or(&self.nothing, |inner| inner.so_far())
    }

    fn finish(mut self: Box<Self>) -> Answer {
        self.end_line();
        let mut answer = match self.inner {
            Some(inner) => inner.finish(),
            None => Answer::default(),
        };
        answer.error = answer.error.or(self.nothing.error);
        answer
    }
}

impl Stream {
    fn end_line(&mut self) -> bool {
        let line = std::mem::take(&mut self.line);
        let json = line.trim();
        let json = json.strip_prefix("data:").unwrap_or(json);
        match serde_json::from_str(json) {
            Ok(data @ Value::Object(_)) => self.event(None, data),
            _ => false,
        }
    }
}

fn begun(event: &Value, torn: bool) -> Box<dyn AnswerStream + Send> {
    let mut stream = match event.get("choices").is_some_and(super::has_messages) {
        true => OpenAiChat.stream(),
        false => Box::<prompt::Stream>::default(),
    };
    if torn {
        stream.gap();
    }
    stream
}
