//! Writes a response as one JSON object, and the items that it is made of.

use serde_json::{Value, json};

use crate::answer::{Call, Meant, ToolCall, Usage};
use crate::reply::Reply;
use crate::route::Routing;

/// What the wire shows of `meant`: this dialect's ids, and the status or the
/// reason of an answer that is not complete as the finish reason.
pub(super) fn as_shown(call: &Call, mut meant: Meant) -> Meant {
    for tool in &mut meant.tool_calls {
        tool.id = format!("call_{}", tool.id);
    }
    let finish = call.directive.finish.clone();
    meant.finish = Some(finish.unwrap_or_else(|| "completed".to_owned()));
    meant
}

pub(super) fn write(call: &Call, meant: Meant, echo: &Value, routing: &Routing<'_>) -> Reply {
    let meant = as_shown(call, meant);
    let body = whole(&meant, echo, routing);
    Reply::json(super::DIALECT, 200, &body).meaning(meant)
}

/// The response when it is over.
pub(super) fn whole(meant: &Meant, echo: &Value, routing: &Routing<'_>) -> Value {
    let reason = meant
        .finish
        .as_deref()
        .filter(|finish| *finish != "completed");
    let mut body = head(&meant.model, echo, routing);
    set(
        &mut body,
        "status",
        if reason.is_some() {
            "incomplete"
        } else {
            "completed"
        }
        .into(),
    );
    set(
        &mut body,
        "incomplete_details",
        reason.map_or(Value::Null, |reason| json!({ "reason": reason })),
    );
    set(&mut body, "output", output(meant, &routing.token).into());
    set(&mut body, "usage", usage(meant.usage.unwrap_or_default()));
    body
}

/// The response while it is under way.
pub(super) fn head(model: &str, echo: &Value, routing: &Routing<'_>) -> Value {
    let mut body = json!({
        "id": format!("resp_{}", routing.token), "object": "response", "created_at": routing.now_secs,
        "status": "in_progress", "error": null, "incomplete_details": null, "max_output_tokens": null,
        "model": model, "output": [], "parallel_tool_calls": true,
        "reasoning": { "effort": null, "summary": null }, "service_tier": "default", "temperature": 1.0,
        "text": { "format": { "type": "text" } }, "tool_choice": "auto", "top_p": 1.0,
        "truncation": "disabled", "usage": null, "user": null,
    });
    for (name, value) in echo.as_object().into_iter().flatten() {
        set(&mut body, name, value.clone());
    }
    body
}

pub(super) fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), value);
    }
}

fn output(meant: &Meant, token: &str) -> Vec<Value> {
    let mut items = Vec::new();
    items.extend(
        meant
            .thinking
            .as_deref()
            .map(|thoughts| reasoning(token, thoughts)),
    );
    let text = meant.texts.concat();
    if !text.is_empty() || meant.tool_calls.is_empty() {
        items.push(message(token, "completed", &text));
    }
    items.extend(
        meant
            .tool_calls
            .iter()
            .map(|call| function_call(call, "completed", &call.arguments)),
    );
    items
}

pub(super) fn reasoning(token: &str, thoughts: &str) -> Value {
    let summary: Vec<Value> = [thoughts]
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| summary(text))
        .collect();
    json!({ "id": format!("rs_{token}"), "type": "reasoning", "summary": summary })
}

pub(super) fn summary(text: &str) -> Value {
    json!({ "type": "summary_text", "text": text })
}

pub(super) fn message(token: &str, status: &str, text: &str) -> Value {
    let content = if status == "completed" {
        vec![output_text(text)]
    } else {
        Vec::new()
    };
    json!({ "id": format!("msg_{token}"), "type": "message", "status": status, "role": "assistant", "content": content })
}

pub(super) fn output_text(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

pub(super) fn function_call(call: &ToolCall, status: &str, arguments: &str) -> Value {
    json!({
        "id": call.id.replacen("call_", "fc_", 1), "type": "function_call", "status": status,
        "call_id": call.id, "name": call.name, "arguments": arguments,
    })
}

/// Token usage as this dialect counts: cached and reasoning are subsets.
fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "input_tokens_details": { "cached_tokens": usage.cached },
        "output_tokens": usage.output,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.input + usage.output,
    })
}
