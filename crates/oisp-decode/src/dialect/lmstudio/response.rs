//! `POST /api/v1/chat`: the answer. All tools are run by the server.

use oisp_core::event::ai::Usage;
use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, ToolDraft, UsageDraft, error_of, with_total};
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.model = body.take_text("model_instance_id");
    answer.id = body.take_text("response_id");
    if let Some(stats) = body.remove("stats") {
        answer.usage = usage(&stats);
        add_speed(&stats, &mut answer);
    }
    if !body.contains_key("output") {
        return answer;
    }
    answer.choice(0);
    for (position, item) in body.take_items("output").into_iter().enumerate() {
        add(&mut answer, position as u64, object(item));
    }
    answer
}

fn add(answer: &mut Answer, index: u64, mut item: Map<String, Value>) {
    let kind = item.take_text("type").unwrap_or_default();
    let draft = answer.choice(0);
    match kind.as_str() {
        "message" => draft
            .text
            .push_str(&item.take_text("content").unwrap_or_default()),
        "reasoning" => draft
            .thinking
            .push_str(&item.take_text("content").unwrap_or_default()),
        "tool_call" => draft.tools.push(tool_call(index, item)),
        other => draft.parts.push(parts::generic(other)),
    }
}

/// A call, also as a stream tells it.
pub(super) fn tool_call(index: u64, mut item: Map<String, Value>) -> ToolDraft {
    ToolDraft {
        index,
        id: None,
        name: item.take_text("tool").unwrap_or_default(),
        kind: "tool_call".into(),
        arguments: item
            .take_object("arguments")
            .map(|arguments| Value::Object(arguments).to_string())
            .unwrap_or_default(),
    }
}

fn usage(stats: &Value) -> Option<UsageDraft> {
    let number = |key: &str| stats.get(key).and_then(Value::as_u64);
    let usage = Usage {
        prompt_tokens: number("input_tokens"),
        completion_tokens: number("total_output_tokens"),
        reasoning_tokens: number("reasoning_output_tokens"),
        ..Usage::default()
    };
    (usage != Usage::default()).then(|| UsageDraft {
        usage: with_total(usage, None),
        ..UsageDraft::default()
    })
}

/// How fast the server was, by its own account.
pub(super) fn add_speed(stats: &Value, answer: &mut Answer) {
    for (key, name) in [
        ("tokens_per_second", "oisp.lmstudio.tokens_per_second"),
        ("time_to_first_token", "oisp.lmstudio.time_to_first_token_s"),
        (
            "time_to_first_token_seconds",
            "oisp.lmstudio.time_to_first_token_s",
        ),
        ("model_load_time_seconds", "oisp.lmstudio.model_load_s"),
    ] {
        if let Some(value) = stats.get(key).filter(|value| value.is_number()) {
            answer.attrs.insert(name.into(), value.clone());
        }
    }
}
