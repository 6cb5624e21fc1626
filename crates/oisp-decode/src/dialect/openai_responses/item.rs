//! Items that call a tool, in requests and answers alike.

use serde_json::{Map, Value, json};

use crate::dialect::answer::ToolDraft;
use crate::dialect::json::Fields;
use crate::dialect::openai;

/// Whether items of a kind call a tool.
pub(super) fn is_call(kind: &str) -> bool {
    kind.ends_with("_call") || kind == "program"
}

/// The tool call that an item is; `None` for an item of another kind.
pub(in crate::dialect) fn tool_call(
    index: u64,
    kind: &str,
    item: &mut Map<String, Value>,
) -> Option<ToolDraft> {
    if !is_call(kind) {
        return None;
    }
    let kind_of_tool = kind.strip_suffix("_call").unwrap_or(kind);
    let is_for_client = is_for_client(kind, item);
    Some(ToolDraft {
        index,
        id: item.take_text("call_id").or_else(|| item.take_text("id")),
        name: item
            .take_text("name")
            .unwrap_or_else(|| kind_of_tool.to_owned()),
        kind: if is_for_client { "function" } else { kind }.to_owned(),
        arguments: arguments(item),
    })
}

/// Whether the client is to run a call; every other one the provider ran. A
/// shell may be the client's or in a container of the provider's, a search for
/// tools either's.
fn is_for_client(kind: &str, item: &Map<String, Value>) -> bool {
    let environment = item
        .get("environment")
        .and_then(|environment| environment.get("type"))
        .and_then(Value::as_str);
    let id = item.get("call_id").and_then(Value::as_str);
    match kind {
        "function_call" | "computer_call" | "local_shell_call" | "apply_patch_call" => true,
        // xAI writes its own searches in this form.
        "custom_tool_call" => !id.is_some_and(|id| id.starts_with("xs_call")),
        "shell_call" => !environment.is_some_and(|kind| kind.starts_with("container")),
        "tool_search_call" => item.get("execution").is_some_and(|by| by == "client"),
        _ => false,
    }
}

/// What a call is to do, under the name that its kind has for it.
fn arguments(item: &mut Map<String, Value>) -> String {
    for key in ["arguments", "input"] {
        match item.get_mut(key).map(Value::take) {
            Some(Value::String(text)) if !text.is_empty() => return text,
            Some(object @ Value::Object(_)) => return object.to_string(),
            _ => {}
        }
    }
    if let Some(action) = item
        .take_object("action")
        .or_else(|| item.take_object("operation"))
    {
        return Value::Object(action).to_string();
    }
    let named = ["actions", "queries", "code"]
        .into_iter()
        .find_map(|key| Some((key, item.remove(key).filter(|value| !value.is_null())?)));
    named.map_or_else(String::new, |(key, value)| {
        json!({ key: value }).to_string()
    })
}

/// The text of a reasoning item: its summary, else what it tells in full.
pub(in crate::dialect) fn reasoning(item: &mut Map<String, Value>) -> String {
    let mut texts = |key: &str| {
        let parts = item.take_items(key).into_iter();
        let texts = parts.filter_map(|mut part| part.get_mut("text").map(Value::take));
        let texts: Vec<_> = texts
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect();
        texts.join("\n")
    };
    let summary = texts("summary");
    if summary.is_empty() {
        texts("content")
    } else {
        summary
    }
}

/// The part of a message that a call is.
pub(super) fn part(call: ToolDraft) -> Value {
    let make = match call.is_for_client() {
        true => crate::dialect::parts::tool_call,
        false => crate::dialect::parts::server_tool_call,
    };
    make(
        call.id.as_deref(),
        &call.name,
        openai::arguments(call.arguments),
    )
}
