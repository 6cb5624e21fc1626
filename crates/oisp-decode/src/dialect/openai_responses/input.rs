//! The items of a request's input: each is a message of its own, in wire order.

use serde_json::{Map, Value};

use super::{item, result};
use crate::dialect::call::{MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::{openai, parts};

pub(super) fn message(value: Value) -> SpokenMessage {
    let mut item = match value {
        Value::String(text) => return openai::text_message("user", text),
        other => object(other),
    };
    let kind = kind_of(&mut item);
    let role = role(&kind, &item);
    let mut builder = MessageBuilder::default();
    match kind.as_str() {
        "message" => openai::content(item.get_mut("content").map(Value::take), &mut builder),
        kind if kind.ends_with("_output") => return tool_result(item),
        "reasoning" => builder.part(parts::reasoning(&item::reasoning(&mut item))),
        kind => {
            let call = item::tool_call(0, kind, &mut item);
            let id = call.as_ref().and_then(|call| call.id.clone());
            call.into_iter()
                .for_each(|call| builder.part(item::part(call)));
            for part in result::parts_of(kind, id.as_deref(), &mut item) {
                builder.part(part);
            }
        }
    }
    builder.build(role)
}

/// An item without a type is a message, or where it has no role either a
/// reference to one.
fn kind_of(item: &mut Map<String, Value>) -> String {
    let default = match item.contains_key("role") || !item.contains_key("id") {
        true => "message",
        false => "item_reference",
    };
    item.take_text("type").unwrap_or_else(|| default.to_owned())
}

/// Who says an item. What has no role of its own is the model's, but for what
/// the client decides.
fn role(kind: &str, item: &Map<String, Value>) -> &'static str {
    let wire = item.get("role").and_then(Value::as_str);
    match (wire, kind) {
        (Some(wire), _) => role_of(wire),
        (None, "message" | "mcp_approval_response" | "compaction_trigger") => "user",
        (None, _) => "assistant",
    }
}

/// The result of a tool that the client ran.
fn tool_result(mut item: Map<String, Value>) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    let output = ["output", "result", "tools"]
        .into_iter()
        .find_map(|key| item.remove(key));
    match output {
        Some(Value::Array(items)) => items
            .into_iter()
            .for_each(|item| output_part(item, &mut builder)),
        output => openai::content(output, &mut builder),
    }
    let mut spoken = builder.build("tool");
    spoken.message.tool_call_id = item.take_text("call_id").or_else(|| item.take_text("id"));
    spoken.message.name = item.take_text("name");
    spoken
}

/// What a shell wrote has no type: `{"stdout", "stderr", "outcome"}`.
fn output_part(value: Value, builder: &mut MessageBuilder) {
    let is_of_shell = value.get("stdout").is_some() || value.get("stderr").is_some();
    if !is_of_shell {
        return openai::content(Some(value), builder);
    }
    let mut written = object(value);
    for key in ["stdout", "stderr"] {
        if let Some(text) = written.take_text(key) {
            builder.text(text);
        }
    }
}
