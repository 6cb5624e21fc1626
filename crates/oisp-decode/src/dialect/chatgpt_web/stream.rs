//! The stream of ChatGPT's web client: whole messages that replace each other,
//! or patches of them. A turn may be several messages.

use oisp_core::event::ai::FinishReason;
use serde_json::Value;

use super::patch::Document;
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ToolDraft, error_of};
use crate::dialect::json::object;

/// Most messages of a turn.
const MAX_MESSAGES: usize = 256;

#[derive(Default)]
pub(super) struct Stream {
    /// Errors, and the text while it grows; at the end all is read anew.
    answer: Answer,
    /// So much of the text of the message under way is in the answer.
    shown: usize,
    document: Document,
    /// Messages that others followed.
    past: Vec<Value>,
    /// Bytes were lost, or a patch did not fit: what follows means nothing.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = error_of(&data) {
            self.answer.error = Some(error);
            return false;
        }
        let is_patch =
            name == Some("delta") || (data.get("v").is_some() && data.get("type").is_none());
        if self.torn || !(is_patch || data.get("message").is_some()) {
            return false;
        }
        let before = self.text_length();
        if is_patch {
            self.patch(data);
        } else {
            self.follow(&data);
            self.document.value = data;
        }
        self.show();
        self.text_length() != before
    }

    fn gap(&mut self) {
        self.torn = true;
    }

    fn so_far(&self) -> &Answer {
        &self.answer
    }

    fn finish(mut self: Box<Self>) -> Answer {
        let last = std::mem::take(&mut self.document.value);
        self.answer.choices.clear();
        let messages = std::mem::take(&mut self.past).into_iter().chain([last]);
        for message in messages {
            add(&mut self.answer, &message);
        }
        self.answer
    }
}

impl Stream {
    fn patch(&mut self, data: Value) {
        let mut patch = object(data);
        let is_new = patch
            .get("v")
            .is_some_and(|value| value.get("message").is_some());
        if is_new {
            let value = patch.get("v").cloned().unwrap_or_default();
            self.follow(&value);
            patch.insert("p".into(), "".into());
            patch.insert("o".into(), "add".into());
        }
        self.torn |= !self.document.apply(patch);
    }

    /// Puts the message under way aside where `next` is another one.
    fn follow(&mut self, next: &Value) {
        let id = |value: &Value| value.pointer("/message/id").cloned();
        if self.document.value.is_null() || id(&self.document.value) == id(next) {
            return;
        }
        self.shown = 0;
        if self.past.len() < MAX_MESSAGES {
            self.past.push(std::mem::take(&mut self.document.value));
        }
    }

    /// Puts what is new of the text into the answer.
    fn show(&mut self) {
        let message = &self.document.value;
        if !is_text_for_all(message) {
            return;
        }
        let parts = message.pointer("/message/content/parts");
        let text = texts(parts).next().unwrap_or_default();
        if let Some(new) = text.get(self.shown..).filter(|new| !new.is_empty()) {
            self.answer.choice(0).text.push_str(new);
            self.shown = text.len();
        }
    }

    fn text_length(&self) -> (usize, usize) {
        let parts = self.document.value.pointer("/message/content/parts");
        let length = texts(parts).map(str::len).sum();
        (self.past.len(), length)
    }
}

/// It is what the assistant says to the user.
fn is_text_for_all(message: &Value) -> bool {
    let text = |path: &str| message.pointer(path).and_then(Value::as_str);
    let kind = text("/message/content/content_type").unwrap_or("text");
    text("/message/author/role") == Some("assistant")
        && text("/message/recipient").unwrap_or("all") == "all"
        && matches!(kind, "text" | "multimodal_text")
}

fn texts(parts: Option<&Value>) -> impl Iterator<Item = &str> {
    parts
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Adds what a message of the assistant says.
fn add(answer: &mut Answer, message: &Value) {
    let text = |path: &str| message.pointer(path).and_then(Value::as_str);
    if text("/message/author/role") != Some("assistant") {
        return;
    }
    if let Some(model) = text("/message/metadata/model_slug") {
        answer.model = Some(model.to_owned());
    }
    let draft = answer.choice(0);
    let recipient = text("/message/recipient").unwrap_or("all");
    let kind = text("/message/content/content_type").unwrap_or("text");
    match kind {
        "thoughts" => add_thoughts(&mut draft.thinking, message),
        _ if is_text_for_all(message) => {
            texts(message.pointer("/message/content/parts"))
                .for_each(|text| draft.text.push_str(text));
            finish(answer, message);
        }
        _ if recipient != "all" => {
            let index = draft.tools.len() as u64;
            let input = text("/message/content/text").map(str::to_owned);
            draft.tools.push(ToolDraft {
                index,
                id: text("/message/id").map(str::to_owned),
                name: recipient.to_owned(),
                kind: kind.to_owned(),
                arguments: input
                    .unwrap_or_else(|| texts(message.pointer("/message/content/parts")).collect()),
            });
        }
        _ => {}
    }
}

fn add_thoughts(thinking: &mut String, message: &Value) {
    let thoughts = message
        .pointer("/message/content/thoughts")
        .and_then(Value::as_array);
    for thought in thoughts.into_iter().flatten() {
        let content = thought.get("content").and_then(Value::as_str);
        thinking.push_str(content.unwrap_or_default());
    }
}

fn finish(answer: &mut Answer, message: &Value) {
    let kind = message
        .pointer("/message/metadata/finish_details/type")
        .and_then(Value::as_str);
    let Some(raw) = kind else { return };
    let draft = answer.choice(0);
    draft.finish = Some(match raw {
        "stop" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw.to_owned());
}
