//! `POST …/threads/…/runs` and what the client gives back to a run that waits
//! for its tools: the request.

use oisp_core::event::ai::Tool;
use serde_json::{Map, Value};

use crate::dialect::call::{Call, MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;
use crate::http::RequestHead;

pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    Call {
        model: body.take_text("model"),
        streaming: openai::streaming(&body),
        messages: messages(&mut body),
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: openai::tool_choice(body.get("tool_choice")),
        parameters: openai::parameters(&body),
        attrs: attrs(&body),
        session: openai::path_step(head, "/threads/").filter(|thread| thread != "runs"),
    }
}

fn attrs(body: &Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    let names = [
        ("assistant_id", "gen_ai.agent.id"),
        ("reasoning_effort", "gen_ai.request.reasoning.level"),
    ];
    openai::copy(body, &mut attrs, &names);
    if let Some(kind) = openai::output_type(body.get("response_format")) {
        attrs.insert("gen_ai.output.type".into(), kind.into());
    }
    attrs
}

/// Instructions, the messages that come with the run, the results of tools.
fn messages(body: &mut Map<String, Value>) -> Vec<SpokenMessage> {
    let mut messages = Vec::new();
    for key in ["instructions", "additional_instructions"] {
        if let Some(text) = body.take_text(key) {
            messages.push(openai::text_message("system", text));
        }
    }
    let mut thread = body.take_object("thread").unwrap_or_default();
    let given = thread.take_items("messages").into_iter();
    let added = body.take_items("additional_messages");
    messages.extend(given.chain(added).map(message));
    messages.extend(body.take_items("tool_outputs").into_iter().map(tool_output));
    messages
}

fn message(value: Value) -> SpokenMessage {
    let mut wire = object(value);
    let role = role_of(wire.get("role").and_then(Value::as_str).unwrap_or_default());
    let mut builder = MessageBuilder::default();
    openai::content(wire.remove("content"), &mut builder);
    builder.build(role)
}

fn tool_output(value: Value) -> SpokenMessage {
    let mut wire = object(value);
    let mut builder = MessageBuilder::default();
    openai::content(wire.remove("output"), &mut builder);
    let mut spoken = builder.build("tool");
    spoken.message.tool_call_id = wire.take_text("tool_call_id");
    spoken
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    let kind = tool.take_text("type")?;
    let mut function = tool.take_object("function").unwrap_or_default();
    Some(Tool {
        kind: openai::tool_kind(&kind),
        name: function.take_text("name").unwrap_or(kind),
        description: function.take_text("description"),
    })
}
