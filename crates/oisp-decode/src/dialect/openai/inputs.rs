//! Texts that are given without a conversation: to embed, to go on with, to
//! judge.

use serde_json::{Value, json};

use super::content;
use crate::dialect::call::{MessageBuilder, SpokenMessage};

/// A message that is a text.
pub(in crate::dialect) fn text_message(role: &'static str, text: String) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    builder.text(text);
    builder.build(role)
}

/// A message of the user for each input: a text, a list of texts, a list of
/// tokens, a list of those, or objects with text and pictures.
pub(in crate::dialect) fn inputs(value: Option<Value>) -> Vec<SpokenMessage> {
    match value {
        Some(Value::Array(items)) if items.first().is_some_and(Value::is_number) => {
            vec![tokens(items.len())]
        }
        Some(Value::Array(items)) => items.into_iter().filter_map(input).collect(),
        Some(one) => input(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn input(value: Value) -> Option<SpokenMessage> {
    match value {
        Value::String(text) => Some(text_message("user", text)),
        Value::Array(items) if items.first().is_some_and(Value::is_number) => {
            Some(tokens(items.len()))
        }
        value @ (Value::Array(_) | Value::Object(_)) => {
            let mut builder = MessageBuilder::default();
            content(Some(value), &mut builder);
            Some(builder.build("user"))
        }
        _ => None,
    }
}

/// A text that came as its tokens: their number is all that is known of it.
fn tokens(count: usize) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    builder.part(json!({"type": "tokens", "length": count}));
    builder.build("user")
}
