//! A call to a model, whatever dialect it was written in.

use oisp_core::event::ai::{Message, Parameters, Tool};
use serde_json::{Map, Value};

/// What a request asks for.
#[derive(Debug, Default)]
pub struct Call {
    /// The model as asked for.
    pub model: Option<String>,
    /// A stream was asked for.
    pub streaming: Option<bool>,
    /// Messages in wire order, the system prompt first.
    pub messages: Vec<SpokenMessage>,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// `auto`, `none`, `required` or `specific`.
    pub tool_choice: Option<String>,
    /// Sampling parameters.
    pub parameters: Parameters,
    /// Further attributes, OpenTelemetry names.
    pub attrs: Map<String, Value>,
    /// The client's own name of the conversation.
    pub session: Option<String>,
}

/// A message, and what it holds beyond text.
#[derive(Clone, Debug, Default)]
pub struct SpokenMessage {
    /// Role, text and counts.
    pub message: Message,
    /// OpenTelemetry message parts other than text.
    pub parts: Vec<Value>,
}

/// Puts a message together from its parts in order.
#[derive(Debug, Default)]
pub(super) struct MessageBuilder {
    texts: Vec<String>,
    images: usize,
    parts: Vec<Value>,
}

impl MessageBuilder {
    pub(super) fn text(&mut self, text: String) {
        self.texts.push(text);
    }

    pub(super) fn part(&mut self, part: Value) {
        self.parts.push(part);
    }

    pub(super) fn image(&mut self, part: Value) {
        self.images += 1;
        self.parts.push(part);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.parts.is_empty()
    }

    pub(super) fn build(self, role: &'static str) -> SpokenMessage {
        let content = match self.texts.len() {
            0 => None,
            _ => Some(self.texts.join("\n")),
        };
        let message = Message {
            role,
            content_length: content.as_deref().map(|text| text.chars().count()),
            content,
            has_images: (self.images > 0).then_some(true),
            image_count: (self.images > 0).then_some(self.images),
            ..Message::default()
        };
        SpokenMessage {
            message,
            parts: self.parts,
        }
    }
}

/// The schema's word for a role of the wire.
pub(super) fn role_of(wire: &str) -> &'static str {
    match wire {
        "system" | "developer" => "system",
        "assistant" | "model" => "assistant",
        "tool" | "function" => "tool",
        _ => "user",
    }
}
