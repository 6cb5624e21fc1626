//! The events of one answer. The last one repeats its text whole; audio comes in
//! deltas only, and what was said in it is its transcript.

use serde_json::{Map, Value};

use super::response;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_responses::item;
use crate::dialect::socket::Audio;

#[derive(Default)]
pub(super) struct Stream {
    answer: Answer,
    audio: Audio,
    /// The last event came.
    whole: bool,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, _name: Option<&str>, data: Value) -> bool {
        let mut event = object(data);
        let kind = event.take_text("type").unwrap_or_default();
        match kind.as_str() {
            "response.created" => {
                let mut begun = event.take_object("response").unwrap_or_default();
                self.answer.id = begun.take_text("id");
                self.answer.choice(0);
            }
            "response.done" => self.end(event),
            "error" => self.answer.error = error_of(&Value::Object(event)),
            "response.output_audio.delta" | "response.audio.delta" => {
                let delta = event.take_text("delta").unwrap_or_default();
                self.audio.add(&delta);
                return !delta.is_empty();
            }
            _ if self.whole || self.torn => {}
            kind => return add(self.answer.choice(0), kind, event),
        }
        false
    }

    fn gap(&mut self) {
        self.torn = true;
        if !self.whole {
            self.audio.tear();
        }
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(mut self: Box<Self>) -> Answer {
        if let Some(audio) = self.audio.take() {
            self.answer.choice(0).parts.push(audio);
        }
        self.answer
    }
}

impl Stream {
    fn end(&mut self, mut event: Map<String, Value>) {
        if let Some(whole) = event.remove("response").filter(Value::is_object) {
            self.answer = response::answer(whole);
            self.whole = true;
        }
    }
}

/// Adds what an event brings; true where that is content.
fn add(draft: &mut ChoiceDraft, kind: &str, mut event: Map<String, Value>) -> bool {
    let index = event.number("output_index").unwrap_or(0);
    let delta = event.take_text("delta").unwrap_or_default();
    match kind {
        "response.output_text.delta"
        | "response.text.delta"
        | "response.output_audio_transcript.delta"
        | "response.audio_transcript.delta" => draft.text.push_str(&delta),
        "response.function_call_arguments.delta" => {
            if let Some(tool) = draft.tools.iter_mut().rfind(|tool| tool.index == index) {
                tool.arguments.push_str(&delta);
            }
        }
        "response.output_item.added" | "response.output_item.done" => {
            let mut item = event.take_object("item").unwrap_or_default();
            let kind = item.take_text("type").unwrap_or_default();
            if let Some(call) = item::tool_call(index, &kind, &mut item) {
                draft.tools.retain(|tool| tool.index != index);
                draft.tools.push(call);
            }
            return false;
        }
        _ => return false,
    }
    !delta.is_empty()
}
