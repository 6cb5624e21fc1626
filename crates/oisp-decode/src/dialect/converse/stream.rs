//! The message form of AWS: the stream. `messageStart` to `messageStop`, blocks
//! that begin, grow and stop, then `metadata` with the usage. Over `converse` an
//! event's kind is its name, over `invoke` its one field.

use oisp_core::event::ai::Error;
use serde_json::{Map, Value};

use super::block;
use super::response::{self, WireUsage};
use crate::dialect::AnswerStream;
use crate::dialect::answer::{Answer, ChoiceDraft, error_of};
use crate::dialect::json::{Fields, object};

/// Kinds of events.
const KINDS: [&str; 6] = [
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
];

/// Puts the events together.
#[derive(Default)]
pub(in crate::dialect) struct Stream {
    answer: Answer,
    usage: WireUsage,
    /// Bytes were lost: further text would be joined over a hole.
    torn: bool,
}

impl AnswerStream for Stream {
    fn event(&mut self, name: Option<&str>, data: Value) -> bool {
        if let Some(error) = exception(name, &data).or_else(|| error_of(&data)) {
            self.answer.error = Some(error);
            return false;
        }
        let mut event = object(data);
        let named = name.filter(|name| KINDS.contains(name));
        let kind = match named.or_else(|| KINDS.into_iter().find(|kind| event.contains_key(*kind)))
        {
            Some(kind) => kind.to_owned(),
            None => return false,
        };
        if let Some(inner) = event.take_object(&kind) {
            event = inner;
        }
        self.take(&kind, event)
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
    fn take(&mut self, kind: &str, mut event: Map<String, Value>) -> bool {
        let index = event.number("contentBlockIndex").unwrap_or(0);
        match kind {
            "messageStart" => {
                self.answer.choice(0);
            }
            "contentBlockStart" if !self.torn => {
                let start = event.take_object("start").unwrap_or_default();
                return begin(self.answer.choice(0), index, start);
            }
            "contentBlockDelta" if !self.torn => {
                let delta = event.take_object("delta").unwrap_or_default();
                return add(self.answer.choice(0), index, delta);
            }
            "contentBlockStop" if !self.torn => {
                let tools = self.answer.choice(0).tools.iter_mut();
                tools
                    .filter(|tool| tool.index == index && tool.arguments.is_empty())
                    .for_each(|tool| tool.arguments.push_str("{}"));
            }
            "messageStop" => {
                response::finish(self.answer.choice(0), event.take_text("stopReason"));
            }
            "metadata" => self.metadata(event),
            _ => {}
        }
        false
    }

    fn metadata(&mut self, mut event: Map<String, Value>) {
        response::head(&mut self.answer, &mut event);
        if let Some(wire) = event.take_object("usage") {
            self.usage = self.usage.merged(&wire);
            self.answer.usage = self.usage.draft();
        }
    }
}

/// The error that an event is: by its name, which over `invoke` and `converse`
/// alike is none of the known ones, or by its one field.
pub(in crate::dialect) fn exception(name: Option<&str>, data: &Value) -> Option<Error> {
    let known = |name: &str| name == "chunk" || KINDS.contains(&name);
    let (kind, data) = match name {
        Some(name) if known(name) => return None,
        Some(name) => (name, data),
        None => {
            let mut fields = data.as_object()?.iter();
            let (name, inner) = fields.find(|(name, _)| name.ends_with("Exception"))?;
            (name.as_str(), inner)
        }
    };
    let message = ["message", "Message", "originalMessage"];
    let message = message.into_iter().find_map(|key| data.get(key)?.as_str());
    (message.is_some() || kind.ends_with("Exception")).then(|| Error {
        kind: Some(kind.to_owned()),
        message: message.map(str::to_owned),
        ..Error::default()
    })
}

/// A block begins. True where that is content: the name of a tool is.
fn begin(draft: &mut ChoiceDraft, index: u64, mut start: Map<String, Value>) -> bool {
    if let Some(call) = start.take_object("toolUse") {
        draft.tools.push(response::tool_use(index, call));
        return true;
    }
    if let Some(result) = start.take_object("toolResult") {
        draft.parts.push(super::request::server_result(result));
    }
    false
}

/// A block grows; true where by content.
fn add(draft: &mut ChoiceDraft, index: u64, mut delta: Map<String, Value>) -> bool {
    if let Some(text) = delta.take_text("text") {
        draft.text.push_str(&text);
        return true;
    }
    if let Some(mut call) = delta.take_object("toolUse") {
        let more = call.take_text("input").unwrap_or_default();
        if let Some(tool) = draft.tools.iter_mut().rfind(|tool| tool.index == index) {
            tool.arguments.push_str(&more);
        }
        return !more.is_empty();
    }
    if let Some(mut reasoning) = delta.take_object("reasoningContent") {
        let more = reasoning.take_text("text");
        if reasoning.contains_key("redactedContent") {
            draft
                .parts
                .push(crate::dialect::parts::generic("redacted_reasoning"));
        }
        draft.thinking.push_str(more.as_deref().unwrap_or_default());
        return more.is_some();
    }
    if let Some(citation) = delta.remove("citation") {
        draft.parts.push(block::citation(citation));
    } else if let Some(image) = delta.take_object("image") {
        draft.parts.push(block::media("image", image));
        return true;
    }
    false
}
