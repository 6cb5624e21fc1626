//! Shapes by which the bodies of requests and answers are known.

use serde_json::Value;

/// Paths of what takes a chat and does not answer it.
pub(super) fn is_other_path(path: &str) -> bool {
    const ENDS: [&str; 6] = [
        "tokenize",
        "count_tokens",
        "count-tokens",
        "token_count",
        "apply-template",
        "moderations",
    ];
    ENDS.iter().any(|end| path.ends_with(end))
}

/// What tells of a call that was made: nobody asks with the answer in hand.
pub(super) fn is_record(body: &Value) -> bool {
    const FIELDS: [&str; 14] = [
        "response",
        "output",
        "outputs",
        "completion",
        "choices",
        "latency",
        "latency_ms",
        "duration_ms",
        "start_time",
        "end_time",
        "run_type",
        "span_id",
        "event",
        "distinct_id",
    ];
    FIELDS
        .iter()
        .any(|field| body.get(*field).is_some_and(|value| !value.is_null()))
}

fn has_model(body: &Value) -> bool {
    body.get("model").is_some_and(Value::is_string)
}

/// A model's name, and messages that a model may be given.
pub(super) fn is_chat(body: &Value) -> bool {
    let messages = body.get("messages").and_then(Value::as_array);
    has_model(body)
        && messages.is_some_and(|messages| !messages.is_empty() && messages.iter().all(is_message))
}

fn is_message(message: &Value) -> bool {
    const ROLES: [&str; 7] = [
        "system",
        "developer",
        "user",
        "assistant",
        "tool",
        "function",
        "model",
    ];
    let role = message.get("role").and_then(Value::as_str);
    let content = message.get("content").unwrap_or(&Value::Null);
    let calls = message.get("tool_calls").or(message.get("function_call"));
    // What an assistant said may be calls, a refusal, audio.
    let says = content.is_string()
        || content.is_array()
        || calls.is_some()
        || (content.is_null() && role == Some("assistant"));
    role.is_some_and(|role| ROLES.contains(&role)) && says
}

/// What of a chat only Anthropic's has.
pub(super) fn is_anthropic(body: &Value) -> bool {
    let tools = body.get("tools").and_then(Value::as_array);
    let has_schema = tools
        .into_iter()
        .flatten()
        .any(|tool| tool.get("input_schema").is_some());
    let has_system = body
        .get("system")
        .is_some_and(|system| system.is_string() || system.is_array());
    let has_limit = body.get("max_tokens").is_some_and(Value::is_u64);
    has_schema || (has_system && has_limit) || blocks(body).any(is_block)
}

fn blocks(body: &Value) -> impl Iterator<Item = &Value> {
    let messages = body.get("messages").and_then(Value::as_array);
    messages
        .into_iter()
        .flatten()
        .filter_map(|message| message.get("content")?.as_array())
        .flatten()
}

fn is_block(block: &Value) -> bool {
    match block.get("type").and_then(Value::as_str) {
        Some("tool_use" | "tool_result") => true,
        Some("image" | "document") => block.get("source").is_some_and(Value::is_object),
        _ => false,
    }
}

/// A message with its content in blocks, beside a reason in capitals.
pub(super) fn is_cohere_answer(body: &Value) -> bool {
    let content = body.pointer("/message/content");
    let reason = body.get("finish_reason").and_then(Value::as_str);
    content.is_some_and(Value::is_array)
        && reason.is_some_and(|reason| reason.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// An input for the Responses API: a model and an input are not enough, for
/// embeddings have them too.
pub(super) fn is_responses(body: &Value) -> bool {
    const OWN: [&str; 4] = [
        "instructions",
        "max_output_tokens",
        "previous_response_id",
        "reasoning",
    ];
    let is_item =
        |item: &Value| item.get("role").is_some() || item.get("type").is_some_and(Value::is_string);
    let fits = match body.get("input") {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty() && items.iter().all(is_item),
        _ => false,
    };
    let has_tools = body.get("tools").is_some_and(Value::is_array);
    has_model(body) && fits && (has_tools || OWN.iter().any(|field| body.get(*field).is_some()))
}
