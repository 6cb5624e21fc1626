//! `POST /v1/conversations` and what goes on with one: entries in, entries out.
//! The wire gives no reason why an answer ended.

use oisp_core::event::ai::{FinishReason, Tool};
use serde_json::{Map, Value};

use super::item;
use crate::dialect::answer::{Answer, ChoiceDraft, ToolDraft, error_of};
use crate::dialect::call::{Call, MessageBuilder, SpokenMessage};
use crate::dialect::json::{Fields, object};
use crate::dialect::route::{unescaped, without_query};
use crate::dialect::{openai, settings};
use crate::http::RequestHead;

/// `…/v1/conversations`, `…/v1/conversations/ID` or `…/ID/restart`.
pub(super) fn is_path(path: &str) -> bool {
    path.ends_with("/v1/conversations") || id_in(path).is_some()
}

fn id_in(path: &str) -> Option<&str> {
    let (_, rest) = path.rsplit_once("/v1/conversations/")?;
    let id = rest.strip_suffix("/restart").unwrap_or(rest);
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let path = head.path.as_deref().map(without_query).unwrap_or_default();
    let mut body = object(body);
    let settings = body.take_object("completion_args").unwrap_or_default();
    let mut messages: Vec<_> = body
        .take_text("instructions")
        .map(|text| spoken("system", text))
        .into_iter()
        .collect();
    match body.remove("inputs") {
        Some(Value::String(text)) => messages.push(spoken("user", text)),
        Some(Value::Array(entries)) => messages.extend(entries.into_iter().map(item::message)),
        _ => {}
    }
    Call {
        model: body.take_text("model"),
        streaming: Some(body.get("stream").and_then(Value::as_bool).unwrap_or(false)),
        messages,
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: openai::tool_choice(settings.get("tool_choice")),
        parameters: settings::parameters(&settings, &["max_tokens"], &["stop"]),
        attrs: attrs(&mut body, &settings),
        session: id_in(path).map(unescaped),
    }
}

fn spoken(role: &'static str, text: String) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    builder.text(text);
    builder.build(role)
}

fn attrs(body: &mut Map<String, Value>, settings: &Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    settings::attrs(settings, &mut attrs);
    let format = settings.get("response_format");
    let kind = format.and_then(|format| format.get("type")?.as_str());
    if kind.is_some_and(|kind| kind.starts_with("json")) {
        settings::output_type("json", &mut attrs);
    }
    if let Some(agent) = body.take_text("agent_id") {
        attrs.insert("gen_ai.agent.id".into(), agent.into());
    }
    attrs
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    if let Some(mut function) = tool.take_object("function") {
        return Some(Tool {
            name: function.take_text("name")?,
            kind: "function",
            description: function.take_text("description"),
        });
    }
    let name = tool.take_text("type")?;
    let kind = match name.as_str() {
        "code_interpreter" => "code_interpreter",
        _ => "other",
    };
    Some(Tool {
        name,
        kind,
        description: None,
    })
}

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    if !body.contains_key("outputs") {
        return answer;
    }
    answer.choice(0);
    for (position, mut entry) in body.take_items("outputs").into_iter().enumerate() {
        let model = entry.get_mut("model").map(Value::take);
        if let Some(Value::String(model)) = model {
            answer.model = Some(model);
        }
        item::add(entry, position as u64, answer.choice(0));
    }
    finish(answer.choice(0));
    answer
}

/// The conversation's name and the tokens.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    if let Some(id) = body.take_text("conversation_id") {
        let name = "oisp.response.conversation_id";
        answer.attrs.insert(name.into(), id.into());
    }
    let Some(usage) = body.take_object("usage") else {
        return;
    };
    if let Some(tokens) = usage.number("connector_tokens") {
        let name = "oisp.usage.connector_tokens";
        answer.attrs.insert(name.into(), tokens.into());
    }
    answer.usage =
        openai::usage(&usage, "prompt_tokens", "completion_tokens").or(answer.usage.take());
}

/// Only that it waits for the client is certain.
pub(super) fn finish(draft: &mut ChoiceDraft) {
    if draft.tools.iter().any(ToolDraft::is_for_client) {
        draft.finish = Some(FinishReason::ToolCalls);
    }
}
