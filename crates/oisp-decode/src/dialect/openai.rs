//! What OpenAI's APIs share.

mod audio;
mod citations;
mod content;
mod inputs;
mod settings;
mod usage;

use oisp_core::event::ai::FinishReason;
use serde_json::{Map, Value};

use super::answer::ChoiceDraft;
use super::parts;
use super::route::{unescaped, without_query};
use crate::http::RequestHead;

pub(super) use audio::{SpokenAudio, input_audio};
pub(super) use citations::{citations, put};
pub(super) use content::{content, reasoning_text, source};
pub(super) use inputs::{inputs, text_message};
pub(super) use settings::{
    choice_count, copy, form_file, output_type, parameters, session, streaming, typed,
};
pub(super) use usage::add_usage;
#[allow(unused_imports, reason = "for dialects that count as OpenAI does")]
pub(super) use usage::usage;

/// The deployment that a path of Azure names in place of a model.
pub(super) fn deployment(head: &RequestHead) -> Option<String> {
    path_step(head, "/openai/deployments/")
}

/// The step of a path that follows `after`.
pub(super) fn path_step(head: &RequestHead, after: &str) -> Option<String> {
    let path = without_query(head.path.as_deref()?);
    let (_, rest) = path.split_once(after)?;
    let name = rest.split('/').next()?;
    (!name.is_empty()).then(|| unescaped(name))
}

/// A path that names the API by more than its last step.
pub(super) fn is_of_api(path: &str) -> bool {
    ["/v1/", "/openai/", "/models/", "/engines/", "/codex/"]
        .iter()
        .any(|step| path.contains(step))
}

/// A tool choice: a word, or an object that names a tool or tools.
pub(super) fn tool_choice(value: Option<&Value>) -> Option<String> {
    let object = match value? {
        Value::String(word) => return choice_word(word).map(str::to_owned),
        Value::Object(object) => object,
        _ => return None,
    };
    let kind = object
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if kind == "allowed_tools" {
        let mode = object
            .get("mode")
            .or_else(|| object.get("allowed_tools")?.get("mode"))?;
        return mode.as_str().and_then(choice_word).map(str::to_owned);
    }
    Some(choice_word(kind).unwrap_or("specific").to_owned())
}

fn choice_word(word: &str) -> Option<&'static str> {
    match word {
        "auto" => Some("auto"),
        "none" => Some("none"),
        "required" | "any" => Some("required"),
        _ => None,
    }
}

/// The schema's kind of a tool.
pub(super) fn tool_kind(wire: &str) -> &'static str {
    match wire {
        "function" | "custom" => "function",
        "code_interpreter" => "code_interpreter",
        "file_search" | "retrieval" => "file_search",
        kind if kind.starts_with("computer") => "computer_use",
        _ => "other",
    }
}

/// Arguments as the object that they are, else as the text.
pub(super) fn arguments(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// The result of a tool that the provider ran.
pub(super) fn server_tool_response(id: Option<&str>, response: Value) -> Value {
    serde_json::json!({"type": "server_tool_call_response", "id": id, "response": response})
}

/// A refusal inside a message.
pub(super) fn refusal(text: Option<String>) -> Value {
    serde_json::json!({"type": "refusal", "content": text})
}

/// Sets the finish reason, raw and in the schema's words. Compatible servers
/// have words of their own.
pub(super) fn finish(draft: &mut ChoiceDraft, raw: Option<String>) {
    let Some(raw) = raw else { return };
    draft.finish = Some(match raw.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "complete" | "completed" => {
            FinishReason::Stop
        }
        "length" | "max_tokens" | "model_length" | "max_length" => FinishReason::Length,
        "tool_calls" | "tool_call" | "tool_use" | "function_call" => FinishReason::ToolCalls,
        "content_filter" | "content_filtered" | "safety" | "refusal" => FinishReason::ContentFilter,
        "error" | "insufficient_system_resource" => FinishReason::Error,
        _ => FinishReason::Other,
    });
    draft.finish_raw = Some(raw);
}

/// A picture that a model made.
pub(super) fn picture(image: &mut Map<String, Value>, format: Option<&str>) -> Option<Value> {
    use super::json::Fields;
    let mime = image
        .take_text("mime_type")
        .or_else(|| format.map(|format| format!("image/{format}")));
    match (image.take_text("b64_json"), image.take_text("url")) {
        (Some(data), _) => Some(parts::blob("image", mime.as_deref(), &data)),
        (None, Some(url)) => Some(source("image", None, &url)),
        (None, None) => None,
    }
}
