//! The message form of AWS: the request.

use oisp_core::event::ai::Tool;
use serde_json::{Map, Value, json};

use super::block::{Block, block};
use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::{parts, prompt};

/// Reads a request.
pub(in crate::dialect) fn call(body: Value) -> Call {
    let mut body = object(body);
    let mut messages = Vec::new();
    match body.get_mut("system").map(Value::take) {
        Some(Value::String(text)) => blocks(vec![json!({"text": text})], "system", &mut messages),
        Some(Value::Array(items)) if !items.is_empty() => blocks(items, "system", &mut messages),
        _ => {}
    }
    for message in body.take_items("messages") {
        let mut message = object(message);
        let role = message.get("role").and_then(Value::as_str);
        let role = role_of(role.unwrap_or_default());
        let content = match message.get_mut("content").map(Value::take) {
            Some(Value::Array(items)) => items,
            Some(text @ Value::String(_)) => vec![json!({"text": text})],
            _ => Vec::new(),
        };
        blocks(content, role, &mut messages);
    }
    let (tools, tool_choice) = tools(body.take_object("toolConfig").unwrap_or_default());
    let settings = body.take_object("inferenceConfig").unwrap_or_default();
    Call {
        messages,
        tools,
        tool_choice,
        parameters: prompt::parameters(&settings),
        attrs: attrs(&settings, &mut body),
        ..Call::default()
    }
}

fn attrs(settings: &Map<String, Value>, body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = prompt::attrs(settings);
    let mut more = body
        .take_object("additionalModelRequestFields")
        .unwrap_or_default();
    if let Some(inner) = more.take_object("inferenceConfig") {
        attrs.extend(prompt::attrs(&inner));
    }
    attrs.extend(prompt::attrs(&more));
    let mut output = body.take_object("outputConfig").unwrap_or_default();
    let level = output.take_text("effort").or_else(|| effort(&mut more));
    if let Some(level) = level.or_else(|| effort(body)) {
        attrs.insert("gen_ai.request.reasoning.level".into(), level.into());
    }
    if output.contains_key("textFormat") {
        attrs.insert("gen_ai.output.type".into(), "json".into());
    }
    let mut guardrail = body.take_object("guardrailConfig").unwrap_or_default();
    if let Some(id) = guardrail.take_text("guardrailIdentifier") {
        attrs.insert("aws.bedrock.guardrail.id".into(), id.into());
    }
    attrs
}

/// How hard the model is to think, as the models behind AWS are told it.
fn effort(fields: &mut Map<String, Value>) -> Option<String> {
    let holders = [
        ("reasoningConfig", "maxReasoningEffort"),
        ("output_config", "effort"),
        ("reasoning", "effort"),
    ];
    let mut inner = |(holder, name): (&str, &str)| fields.take_object(holder)?.take_text(name);
    let found = holders.into_iter().find_map(&mut inner);
    found.or_else(|| fields.take_text("reasoning_effort"))
}

fn tools(mut config: Map<String, Value>) -> (Vec<Tool>, Option<String>) {
    let choice = config.take_object("toolChoice");
    let choice = choice.and_then(|choice| choice.into_iter().next());
    let choice = choice.map(|(kind, _)| match kind.as_str() {
        "any" => "required".to_owned(),
        "tool" => "specific".to_owned(),
        _ => kind,
    });
    let tools = config.take_items("tools").into_iter().filter_map(tool);
    (tools.collect(), choice)
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    if let Some(mut spec) = tool.take_object("toolSpec") {
        return Some(Tool {
            name: spec.take_text("name")?,
            kind: "function",
            description: spec.take_text("description"),
        });
    }
    let name = tool.take_object("systemTool")?.take_text("name")?;
    Some(Tool {
        kind: if name.ends_with("code_interpreter") {
            "code_interpreter"
        } else {
            "other"
        },
        name,
        description: None,
    })
}

/// A message's content. A tool result becomes a message of its own, in its
/// place among the others.
fn blocks(content: Vec<Value>, role: &'static str, messages: &mut Vec<SpokenMessage>) {
    let mut builder = MessageBuilder::default();
    let before = messages.len();
    for item in content {
        match block(item) {
            Block::ToolResult(result) if is_for_model(&result) => {
                flush(&mut builder, role, messages);
                messages.push(tool_result(result));
            }
            block => add(block, &mut builder),
        }
    }
    if messages.len() == before {
        messages.push(builder.build(role));
    } else {
        flush(&mut builder, role, messages);
    }
}

/// The result of a tool that the client ran; the others carry their type.
fn is_for_model(result: &Map<String, Value>) -> bool {
    result.get("type").is_none_or(Value::is_null)
}

fn flush(builder: &mut MessageBuilder, role: &'static str, messages: &mut Vec<SpokenMessage>) {
    if !builder.is_empty() {
        messages.push(std::mem::take(builder).build(role));
    }
}

fn tool_result(mut result: Map<String, Value>) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    for item in result.take_items("content") {
        add(block(item), &mut builder);
    }
    if result.get("status").and_then(Value::as_str) == Some("error") {
        builder.part(json!({"type": "tool_call_response", "is_error": true}));
    }
    let mut spoken = builder.build("tool");
    spoken.message.tool_call_id = result.take_text("toolUseId");
    spoken
}

fn add(block: Block, builder: &mut MessageBuilder) {
    match block {
        Block::Text(text) => builder.text(text),
        Block::Thinking(text) => builder.part(parts::reasoning(&text)),
        Block::Image(part) => builder.image(part),
        Block::ToolUse(call) => builder.part(tool_use(call)),
        Block::ToolResult(result) => builder.part(server_result(result)),
        Block::Cited(text, citations) => {
            builder.text(text);
            citations.into_iter().for_each(|part| builder.part(part));
        }
        Block::Part(part) => builder.part(part),
        Block::Mark => {}
    }
}

fn tool_use(mut call: Map<String, Value>) -> Value {
    let id = call.take_text("toolUseId");
    let name = call.take_text("name").unwrap_or_default();
    let input = call.get_mut("input").map(Value::take).unwrap_or_default();
    match call.take_text("type") {
        Some(_) => parts::server_tool_call(id.as_deref(), &name, input),
        None => parts::tool_call(id.as_deref(), &name, input),
    }
}

/// The result of a tool that the provider ran.
pub(super) fn server_result(mut result: Map<String, Value>) -> Value {
    let content = result.take_items("content").into_iter().map(block);
    let texts: Vec<_> = content
        .filter_map(|block| match block {
            Block::Text(text) => Some(text),
            _ => None,
        })
        .collect();
    json!({
        "type": "server_tool_call_response",
        "id": result.take_text("toolUseId"),
        "name": result.take_text("type"),
        "result": texts.join("\n"),
    })
}
