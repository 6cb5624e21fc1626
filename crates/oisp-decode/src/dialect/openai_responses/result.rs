//! What items hold beside text and calls: the results of tools that the
//! provider ran, pictures, lists of tools, questions for approval.

use serde_json::{Map, Value, json};

use super::item::is_call;
use crate::dialect::json::{Fields, object};
use crate::dialect::{openai, parts};

/// Most tools of a server that are listed.
const MAX_TOOLS: usize = 256;

/// The parts that an item of a kind makes, beside the call that it may be.
pub(super) fn parts_of(kind: &str, id: Option<&str>, item: &mut Map<String, Value>) -> Vec<Value> {
    match kind {
        "image_generation_call" => picture(item),
        "mcp_list_tools" => vec![tools_of_server(item)],
        "mcp_approval_request" => vec![approval(kind, item)],
        "mcp_approval_response" => vec![json!({
            "type": kind,
            "id": item.take_text("approval_request_id"),
            "approve": item.get("approve"),
            "reason": item.take_text("reason"),
        })],
        kind if is_call(kind) => called(id, item),
        kind if kind.ends_with("_output") => {
            let id = item.take_text("call_id").or_else(|| item.take_text("id"));
            let result = ["output", "result", "tools"]
                .into_iter()
                .find_map(|key| item.remove(key));
            vec![openai::server_tool_response(
                id.as_deref(),
                hashed(result.unwrap_or_default()),
            )]
        }
        "reasoning" => Vec::new(),
        other => vec![parts::generic(other)],
    }
}

/// The result that stands in the call itself.
fn called(id: Option<&str>, item: &mut Map<String, Value>) -> Vec<Value> {
    ["output", "outputs", "results", "error"]
        .into_iter()
        .filter_map(|key| item.remove(key))
        .filter(|value| !value.is_null())
        .map(|value| openai::server_tool_response(id, hashed(value)))
        .collect()
}

/// A result, its pictures by length and hash.
fn hashed(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(hashed).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, hashed(value)))
            .collect(),
        Value::String(text) if text.starts_with("data:") => openai::source("image", None, &text),
        other => other,
    }
}

fn picture(item: &mut Map<String, Value>) -> Vec<Value> {
    let mime = item
        .take_text("output_format")
        .map(|format| format!("image/{format}"));
    let picture = item
        .take_text("result")
        .map(|data| openai::source("image", mime.as_deref(), &data));
    let prompt = item
        .take_text("revised_prompt")
        .map(|prompt| json!({"type": "text", "content": prompt}));
    picture.into_iter().chain(prompt).collect()
}

fn tools_of_server(item: &mut Map<String, Value>) -> Value {
    let tools = item.take_items("tools").into_iter().take(MAX_TOOLS);
    let names: Vec<_> = tools
        .filter_map(|tool| object(tool).take_text("name"))
        .collect();
    json!({
        "type": "mcp_list_tools",
        "server_label": item.take_text("server_label"),
        "tools": names,
        "error": item.remove("error"),
    })
}

fn approval(kind: &str, item: &mut Map<String, Value>) -> Value {
    json!({
        "type": kind,
        "id": item.take_text("id"),
        "server_label": item.take_text("server_label"),
        "name": item.take_text("name"),
        "arguments": openai::arguments(item.take_text("arguments").unwrap_or_default()),
    })
}
