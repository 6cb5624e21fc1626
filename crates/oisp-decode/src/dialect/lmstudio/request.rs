//! `POST /api/v1/chat`: the request.

use oisp_core::event::ai::Tool;
use serde_json::{Map, Value};

use crate::dialect::call::{Call, MessageBuilder};
use crate::dialect::json::{Fields, object};
use crate::dialect::{parts, settings};

pub(super) fn call(body: Value) -> Call {
    let mut body = object(body);
    let mut attrs = Map::new();
    settings::attrs(&body, &mut attrs);
    if let Some(level) = body.take_text("reasoning") {
        attrs.insert("gen_ai.request.reasoning.level".into(), level.into());
    }
    let mut messages = Vec::new();
    if let Some(system) = body.take_text("system_prompt") {
        let mut builder = MessageBuilder::default();
        builder.text(system);
        messages.push(builder.build("system"));
    }
    let mut builder = MessageBuilder::default();
    match body.remove("input") {
        Some(Value::String(text)) => builder.text(text),
        Some(Value::Array(items)) => items
            .into_iter()
            .for_each(|item| add(object(item), &mut builder)),
        _ => {}
    }
    messages.push(builder.build("user"));
    Call {
        model: body.take_text("model"),
        streaming: Some(body.get("stream").and_then(Value::as_bool).unwrap_or(false)),
        messages,
        tools: body
            .take_items("integrations")
            .into_iter()
            .filter_map(tool)
            .collect(),
        parameters: settings::parameters(&body, &["max_output_tokens"], &[]),
        attrs,
        ..Call::default()
    }
}

fn add(mut item: Map<String, Value>, builder: &mut MessageBuilder) {
    let kind = item.take_text("type").unwrap_or_default();
    let text = item.take_text("content").or_else(|| item.take_text("text"));
    match (kind.as_str(), text, item.take_text("data_url")) {
        ("image", _, Some(url)) => builder.image(parts::uri("image", &url)),
        (_, Some(text), _) => builder.text(text),
        (other, None, _) => builder.part(parts::generic(other)),
    }
}

/// A server of tools, by its name.
fn tool(integration: Value) -> Option<Tool> {
    let name = match integration {
        Value::String(id) => id,
        other => {
            let mut other = object(other);
            other
                .take_text("id")
                .or_else(|| other.take_text("server_label"))?
        }
    };
    Some(Tool {
        name,
        kind: "other",
        description: None,
    })
}
