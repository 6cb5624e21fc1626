//! `POST /v1/messages`: the request. The messages are read in `content.rs`.

use oisp_core::event::ai::{Parameters, Tool};
use serde_json::{Map, Value};

use super::content;
use crate::dialect::call::Call;
use crate::dialect::json::{Fields, object};

pub(super) fn call(body: Value) -> Call {
    let mut body = object(body);
    Call {
        messages: content::messages(&mut body),
        attrs: attrs(&mut body),
        session: session(&mut body),
        model: body.take_text("model"),
        streaming: body.get("stream").and_then(Value::as_bool),
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: body
            .take_object("tool_choice")
            .as_ref()
            .and_then(tool_choice),
        parameters: parameters(&mut body, "max_tokens"),
    }
}

/// Sampling parameters; the legacy API has another name for the limit.
pub(super) fn parameters(body: &mut Map<String, Value>, limit: &str) -> Parameters {
    let stop = body.take_items("stop_sequences");
    Parameters {
        temperature: body.get("temperature").and_then(Value::as_f64),
        top_p: body.get("top_p").and_then(Value::as_f64),
        max_tokens: body.number(limit),
        stop: (!stop.is_empty()).then(|| {
            stop.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        }),
        ..Parameters::default()
    }
}

/// What the schema has no fields for.
pub(super) fn attrs(body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    let mut add = |key: &str, value: Value| {
        attrs.insert(key.to_owned(), value);
    };
    if let Some(top_k) = body.number("top_k") {
        add("gen_ai.request.top_k", top_k.into());
    }
    if let Some(tier) = body.take_text("service_tier") {
        add("openai.request.service_tier", tier.into());
    }
    let mut thinking = body.take_object("thinking").unwrap_or_default();
    if let Some(mode) = thinking.take_text("type") {
        add("oisp.request.reasoning.mode", mode.into());
    }
    if let Some(budget) = thinking.number("budget_tokens") {
        add("oisp.request.reasoning.budget_tokens", budget.into());
    }
    let mut output = body.take_object("output_config").unwrap_or_default();
    if let Some(effort) = output.take_text("effort") {
        add("gen_ai.request.reasoning.level", effort.into());
    }
    let format = output
        .take_object("format")
        .or_else(|| body.take_object("output_format"));
    if format.is_some_and(|format| format.get("type").is_some_and(|kind| kind == "json_schema")) {
        add("gen_ai.output.type", "json".into());
    }
    attrs
}

/// The session that Claude Code writes into the user's id: as its last part,
/// or, in newer versions, as a field of a JSON object.
fn session(body: &mut Map<String, Value>) -> Option<String> {
    let user = body.take_object("metadata")?.take_text("user_id")?;
    if user.starts_with('{') {
        let id: Map<String, Value> = serde_json::from_str(&user).ok()?;
        return id
            .get("session_id")
            .and_then(Value::as_str)
            .filter(|session| !session.is_empty())
            .map(str::to_owned);
    }
    let (_, session) = user.rsplit_once("_session_")?;
    (!session.is_empty()).then(|| session.to_owned())
}

fn tool_choice(choice: &Map<String, Value>) -> Option<String> {
    let word = match choice.get("type")?.as_str()? {
        "any" => "required",
        "tool" => "specific",
        other => other,
    };
    Some(word.to_owned())
}

fn tool(value: Value) -> Option<Tool> {
    let mut tool = object(value);
    let wire = tool.take_text("type");
    let kind = match wire.as_deref() {
        None | Some("custom") => "function",
        Some(kind) if kind.starts_with("computer_") => "computer_use",
        Some(kind) if kind.starts_with("code_execution") => "code_interpreter",
        Some(_) => "other",
    };
    let name = tool
        .take_text("name")
        .or_else(|| tool.take_text("mcp_server_name"));
    Some(Tool {
        name: name.or(wire)?,
        kind,
        description: tool.take_text("description"),
    })
}
