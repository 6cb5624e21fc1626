//! Mistral's operations that are near to OpenAI's: fill in the middle, agents,
//! moderation.

use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, error_of};
use crate::dialect::call::{Call, MessageBuilder};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_chat::OpenAiChat;
use crate::dialect::{Dialect, openai, settings};
use crate::http::RequestHead;

/// `POST /v1/fim/completions`: a text before and a text behind the gap.
pub(super) fn fim(_head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let mut prompt = MessageBuilder::default();
    prompt.text(body.take_text("prompt").unwrap_or_default());
    if let Some(suffix) = body.take_text("suffix") {
        prompt.part(json!({"type": "suffix", "content": suffix}));
    }
    let mut attrs = Map::new();
    settings::attrs(&body, &mut attrs);
    Call {
        model: body.take_text("model"),
        streaming: body.get("stream").and_then(Value::as_bool),
        messages: vec![prompt.build("user")],
        parameters: settings::parameters(&body, &["max_tokens"], &["stop"]),
        attrs,
        ..Call::default()
    }
}

/// `POST /v1/agents/completions`: the agent stands for the model.
pub(super) fn agent(head: &RequestHead, body: Value) -> Call {
    let agent = body.get("agent_id").cloned();
    let seed = body.get("random_seed").cloned();
    let mut call = OpenAiChat.call(head, body);
    if let Some(agent) = agent.filter(Value::is_string) {
        call.attrs.insert("gen_ai.agent.id".into(), agent);
    }
    if let Some(seed) = seed.filter(Value::is_i64) {
        call.attrs.insert("gen_ai.request.seed".into(), seed);
    }
    call
}

/// `POST /v1/chat/moderations`: a conversation or several, or plain texts.
pub(super) fn moderation(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let model = body.take_text("model");
    let mut messages = Vec::new();
    flatten(body.remove("input").unwrap_or_default(), &mut messages);
    Call {
        model,
        ..OpenAiChat.call(head, json!({"messages": messages}))
    }
}

/// Lists of messages, messages and texts, one level of lists deep.
fn flatten(input: Value, messages: &mut Vec<Value>) {
    let mut add = |item: Value| match item {
        Value::String(text) => messages.push(json!({"role": "user", "content": text})),
        Value::Object(mut object) => match object.take_items("messages") {
            inner if inner.is_empty() => messages.push(Value::Object(object)),
            inner => messages.extend(inner),
        },
        _ => {}
    };
    match input {
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Array(inner) => inner.into_iter().for_each(&mut add),
                    other => add(other),
                }
            }
        }
        other => add(other),
    }
}

/// What was found, by category.
pub(super) fn moderation_answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.id = body.take_text("id");
    answer.model = body.take_text("model");
    answer.usage = body
        .take_object("usage")
        .and_then(|wire| openai::usage(&wire, "prompt_tokens", "completion_tokens"));
    for result in body.take_items("results") {
        let mut result = object(result);
        let flagged: Vec<String> = result
            .take_object("categories")
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(name, hit)| (hit == Value::Bool(true)).then_some(name))
            .collect();
        answer
            .parts
            .push(json!({"type": "moderation", "flagged": flagged}));
        answer.is_answer = true;
    }
    answer
}
