//! The stream of Workers AI: pieces in `response`, or OpenAI's chunks.

use serde_json::Value;

use super::response;
use crate::dialect::answer::{Answer, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::{AnswerStream, Dialect};

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    /// The reader of OpenAI's chunks, once one came.
    chunks: Option<Box<dyn AnswerStream + Send>>,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if self.chunks.is_none() && data.get("choices").is_some() {
            let mut chunks = OpenAiChat.stream();
            if self.torn {
                chunks.gap();
            }
            self.chunks = Some(chunks);
        }
        if let Some(chunks) = &mut self.chunks {
            return chunks.event(name, data);
        }
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
        }
        let mut event = object(data);
        response::usage(&mut self.answer, &mut event);
        let text = event.take_text("response").filter(|_| !self.torn);
        let calls = event.take_items("tool_calls");
        let is_content = text.is_some() || !calls.is_empty();
        if is_content && !self.torn {
            let draft = self.answer.choice(0);
            draft.text.push_str(&text.unwrap_or_default());
            for call in calls {
                let index = draft.tools.len() as u64;
                draft.tools.push(response::tool_call(index, object(call)));
            }
        }
        is_content
    }

    fn gap(&mut self) {
        self.torn = true;
        if let Some(chunks) = &mut self.chunks {
            chunks.gap();
        }
    }

    fn so_far(&self) -> &Answer {
        match &self.chunks {
            Some(chunks) => chunks.so_far(),
            None => &self.answer,
        }
    }

    fn finish(self: Box<Self>) -> Answer {
        match self.chunks {
            Some(chunks) => chunks.finish(),
            None => self.answer,
        }
    }
}
