//! Items that call a tool, in requests and answers alike.

use serde_json::{Map, Value};

use crate::dialect::answer::ToolDraft;
use crate::dialect::json::Fields;

/// Calls that the client is to run; every other `…_call` the provider ran.
const FOR_CLIENT: [&str; 6] = [
    "function_call",
    "custom_tool_call",
    "computer_call",
    "local_shell_call",
    "shell_call",
    "apply_patch_call",
];

/// The tool call that an item is; `None` for an item of another kind.
pub(in crate::dialect) fn tool_call(
    index: u64,
    kind: &str,
    item: &mut Map<String, Value>,
) -> Option<ToolDraft> {
    if !kind.ends_with("_call") {
        return None;
    }
    let kind_of_tool = kind.trim_end_matches("_call");
    Some(ToolDraft {
        index,
        id: item.take_text("call_id").or_else(|| item.take_text("id")),
        name: item
            .take_text("name")
            .unwrap_or_else(|| kind_of_tool.to_owned()),
        kind: if FOR_CLIENT.contains(&kind) {
            "function"
        } else {
            kind
        }
        .to_owned(),
        arguments: arguments(item),
    })
}

/// What a call is to do, under the name that its kind has for it.
fn arguments(item: &mut Map<String, Value>) -> String {
    if let Some(text) = item
        .take_text("arguments")
        .or_else(|| item.take_text("input"))
    {
        return text;
    }
    if let Some(action) = item
        .take_object("action")
        .or_else(|| item.take_object("operation"))
    {
        return Value::Object(action).to_string();
    }
    let named = ["queries", "code"]
        .into_iter()
        .find_map(|key| Some((key, item.remove(key)?)));
    named.map_or_else(String::new, |(key, value)| {
        serde_json::json!({ key: value }).to_string()
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
