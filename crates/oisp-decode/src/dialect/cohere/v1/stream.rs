//! `POST /v1/chat` with `stream: true`: `stream-start` to `stream-end`. The last
//! event repeats the answer whole; what is put together from pieces counts only
//! where it did not come.

use oisp_core::event::ai::Error;
use serde_json::{Map, Value};

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::prompt;

/// Puts the events together.
#[derive(Default)]
pub(in crate::dialect) struct Stream {
    answer: Answer,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
            return false;
        }
        let mut event = object(data);
        let kind = event
            .take_text("event_type")
            .or_else(|| name.map(str::to_owned));
        match kind.unwrap_or_default().as_str() {
            "stream-start" => {
                self.answer.id = event.take_text("generation_id");
                self.answer.choice(0);
            }
            "stream-end" => self.end(event),
            "stream-error" => self.fail(event.take_text("err")),
            _ if self.torn => {}
            kind => return add(self.answer.choice(0), kind, event),
        }
        false
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(self: Box<Self>) -> Answer {
        self.answer
    }
}

impl Stream {
    fn end(&mut self, mut event: Map<String, Value>) {
        let reason = event.take_text("finish_reason");
        if let Some(whole) = event.take_object("response") {
            self.replace(whole);
        }
        if reason
            .as_deref()
            .is_some_and(|reason| reason.starts_with("ERROR"))
        {
            let message = event.take_text("error").or_else(|| event.take_text("err"));
            if message.is_some() {
                self.fail(message);
            }
        }
        prompt::finish(self.answer.choice(0), reason);
    }

    /// The answer as the last event repeats it. Behind Bedrock it may be that of
    /// `generate`.
    fn replace(&mut self, whole: Map<String, Value>) {
        let is_generation = whole.contains_key("generations");
        let whole = Value::Object(whole);
        let whole = match is_generation {
            true => prompt::answer(whole),
            false => response::answer(whole),
        };
        let begun = std::mem::replace(&mut self.answer, whole);
        self.answer.id = self.answer.id.take().or(begun.id);
        self.answer.error = self.answer.error.take().or(begun.error);
        if self.answer.choices.is_empty() {
            self.answer.choices = begun.choices;
        }
    }

    fn fail(&mut self, message: Option<String>) {
        self.answer.error = Some(Error {
            message,
            ..Error::default()
        });
    }
}

/// Adds what an event brings; true where that is content.
fn add(draft: &mut ChoiceDraft, kind: &str, mut event: Map<String, Value>) -> bool {
    match kind {
        "text-generation" | "tool-calls-chunk" => {
            let text = event.take_text("text").unwrap_or_default();
            draft.text.push_str(&text);
            let delta = event.take_object("tool_call_delta");
            !text.is_empty() | delta.is_some_and(|delta| add_tool_delta(draft, delta))
        }
        "tool-calls-generation" => {
            draft.tools.clear();
            for (index, call) in event.take_items("tool_calls").into_iter().enumerate() {
                draft
                    .tools
                    .push(response::tool_call(index as u64, object(call)));
            }
            true
        }
        "citation-generation" | "search-queries-generation" => {
            draft.parts.extend(response::parts(&mut event));
            false
        }
        _ => false,
    }
}

fn add_tool_delta(draft: &mut ChoiceDraft, mut delta: Map<String, Value>) -> bool {
    let text = delta.take_text("text").unwrap_or_default();
    draft.text.push_str(&text);
    let name = delta.take_text("name");
    let parameters = delta.take_text("parameters");
    if name.is_none() && parameters.is_none() {
        return !text.is_empty();
    }
    let index = delta.number("index").unwrap_or(0);
    if !draft.tools.iter().any(|tool| tool.index == index) {
        draft.tools.push(ToolDraft {
            index,
            kind: "function".into(),
            ..ToolDraft::default()
        });
    }
    if let Some(tool) = draft.tools.iter_mut().rfind(|tool| tool.index == index) {
        tool.name.push_str(name.as_deref().unwrap_or_default());
        tool.arguments
            .push_str(parameters.as_deref().unwrap_or_default());
    }
    true
}
