//! `:generateContent` and `:streamGenerateContent`: the request, also as the
//! Gemini CLI wraps it: `{"model", "project", "request": {…}}`.

use oisp_core::event::ai::{Parameters, Tool};
use serde_json::{Map, Value};

use super::wire::{Lists, camel};
use super::{content, path};
use crate::dialect::call::{Call, SpokenMessage};
use crate::dialect::json::Fields;
use crate::http::RequestHead;

pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = camel(body);
    let outer = body.take_text("model");
    if let Some(inner) = ["request", "generateContentRequest"]
        .into_iter()
        .find_map(|key| body.take_camel(key))
    {
        body = inner;
    }
    let mut config = body.take_camel("generationConfig").unwrap_or_default();
    Call {
        model: path::model(head)
            .or(outer)
            .or_else(|| body.take_text("model"))
            .map(path::bare),
        streaming: streaming(head),
        messages: messages(&mut body),
        tools: body
            .take_list("tools")
            .into_iter()
            .flat_map(tools)
            .collect(),
        tool_choice: body
            .take_camel("toolConfig")
            .and_then(|mut config| config.take_camel("functionCallingConfig"))
            .and_then(tool_choice),
        attrs: attrs(&mut body, &mut config),
        parameters: parameters(&mut config),
        session: body.take_text("sessionId"),
    }
}

/// The path says it; at an endpoint of another name nothing does.
fn streaming(head: &RequestHead) -> Option<bool> {
    match path::method(crate::dialect::route::without_query(head.path.as_deref()?))? {
        "streamGenerateContent" => Some(true),
        "generateContent" => Some(false),
        _ => None,
    }
}

fn messages(body: &mut Map<String, Value>) -> Vec<SpokenMessage> {
    let mut messages = Vec::new();
    if let Some(system) = body
        .get_mut("systemInstruction")
        .map(Value::take)
        .filter(|system| !system.is_null())
    {
        content::add(system, Some("system"), &mut messages);
    }
    for turn in body.take_list("contents") {
        content::add(turn, None, &mut messages);
    }
    messages
}

/// A tool of Google's, or many functions.
fn tools(value: Value) -> Vec<Tool> {
    let mut tools = Vec::new();
    for (kind, mut value) in camel(value) {
        match kind.as_str() {
            _ if value.is_null() => {}
            "functionDeclarations" => {
                let declared = match value.take() {
                    Value::Array(items) => items,
                    one => vec![one],
                };
                tools.extend(declared.into_iter().filter_map(function));
            }
            kind => tools.push(Tool {
                name: kind.to_owned(),
                kind: match kind {
                    "codeExecution" => "code_interpreter",
                    "fileSearch" => "file_search",
                    "computerUse" => "computer_use",
                    _ => "other",
                },
                description: None,
            }),
        }
    }
    tools
}

fn function(value: Value) -> Option<Tool> {
    let mut function = camel(value);
    Some(Tool {
        name: function.take_text("name")?,
        kind: "function",
        description: function.take_text("description"),
    })
}

fn tool_choice(mut config: Map<String, Value>) -> Option<String> {
    let allowed = config.take_list("allowedFunctionNames").len();
    let word = match config.take_text("mode")?.to_ascii_uppercase().as_str() {
        "AUTO" | "VALIDATED" => "auto",
        "ANY" if allowed == 1 => "specific",
        "ANY" => "required",
        "NONE" => "none",
        _ => return None,
    };
    Some(word.to_owned())
}

fn parameters(config: &mut Map<String, Value>) -> Parameters {
    let stop = config.take_list("stopSequences");
    let real = |key: &str| config.get(key).and_then(Value::as_f64);
    Parameters {
        temperature: real("temperature"),
        top_p: real("topP"),
        max_tokens: config.number("maxOutputTokens"),
        frequency_penalty: real("frequencyPenalty"),
        presence_penalty: real("presencePenalty"),
        stop: (!stop.is_empty()).then(|| {
            stop.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        }),
    }
}

/// What the schema has no fields for.
fn attrs(body: &mut Map<String, Value>, config: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            attrs.insert(key.to_owned(), value);
        }
    };
    let numeric = |key: &str| config.get(key).filter(|value| value.is_number()).cloned();
    add("gen_ai.request.top_k", numeric("topK"));
    add("gen_ai.request.seed", numeric("seed"));
    let count = config.number("candidateCount").filter(|count| *count != 1);
    add("gen_ai.request.choice.count", count.map(Value::from));
    let mut thinking = config.take_camel("thinkingConfig").unwrap_or_default();
    let level = thinking.take_text("thinkingLevel");
    add(
        "gen_ai.request.reasoning.level",
        level.map(|level| level.to_ascii_lowercase().into()),
    );
    let budget = thinking
        .get("thinkingBudget")
        .filter(|budget| budget.is_i64());
    add("oisp.request.reasoning.budget_tokens", budget.cloned());
    add("gen_ai.output.type", output_type(config).map(Value::from));
    let cached = body.take_text("cachedContent");
    add("oisp.request.cached_content", cached.map(Value::from));
    let tier = body.take_text("serviceTier");
    add("openai.request.service_tier", tier.map(Value::from));
    attrs
}

/// What is asked for: JSON, text, or another modality beside text.
fn output_type(config: &mut Map<String, Value>) -> Option<&'static str> {
    match config.take_text("responseMimeType").as_deref() {
        Some("application/json") => return Some("json"),
        Some(mime) if mime.starts_with("text/") => return Some("text"),
        _ => {}
    }
    let modalities = config.take_list("responseModalities");
    let has = |name: &str| {
        let mut words = modalities.iter().filter_map(Value::as_str);
        words.any(|word| word.eq_ignore_ascii_case(name))
    };
    [("image", "image"), ("audio", "speech")]
        .into_iter()
        .find_map(|(modality, word)| has(modality).then_some(word))
}
