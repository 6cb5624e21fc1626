//! With a hole: some bytes of the answer's body were not captured. What comes
//! out must say so, and must hold nothing that the whole does not.

use bytes::Bytes;
use serde_json::Value;

use super::{Findings, Whole};
use crate::recordings::body::Body;
use crate::recordings::compare;
use crate::recordings::random::Random;
use crate::recordings::replay::{Step, Tape};
use crate::recordings::wire::{self, Framing, Message};

/// Longest hole.
const HOLE: usize = 300;

pub(super) fn try_all(whole: &Whole<'_>, findings: &mut Findings) {
    if !wire::has_body(whole.recording) {
        return;
    }
    let mut random = Random::of(&whole.recording.id, "gap");
    let bare = whole.recording.response.bare();
    let response = |body: &Body, framing: &Framing| wire::response(whole.recording, body, framing);
    let forms: [(&'static str, Message); 3] = [
        ("gap, as recorded", whole.response.clone()),
        ("gap, not coded", response(&bare, &Framing::Length)),
        (
            "gap, not coded, in chunks",
            response(&bare, &Framing::Chunked(vec![400])),
        ),
    ];
    for (variant, message) in &forms {
        let body = message.bytes.len() - message.body_at;
        if body < 2 {
            continue;
        }
        let places = [body / 4, body / 2, body * 3 / 4, random.below(body)];
        for place in places {
            let at = message.body_at + place.min(body - 2);
            let len = 1 + random.below(HOLE.min(message.bytes.len() - at));
            if !try_one(variant, whole, message, at, len, findings) {
                break;
            }
        }
    }
}

fn try_one(
    variant: &'static str,
    whole: &Whole<'_>,
    message: &Message,
    at: usize,
    len: usize,
    findings: &mut Findings,
) -> bool {
    let tape = torn(&whole.request.bytes, &message.bytes, at, len);
    let Some(events) = findings.replay(variant, whole.recording, &tape) else {
        return false;
    };
    match wrong(&whole.json, &compare::exact(&events)) {
        None => true,
        Some(what) => {
            let place = at - message.body_at;
            let what = format!("{len} bytes lost at {place} of the body: {what}");
            findings.disagree(variant, whole.recording, what);
            false
        }
    }
}

/// The exchange without `len` bytes of the response from `at` on.
fn torn(request: &Bytes, response: &Bytes, at: usize, len: usize) -> Tape {
    let lost = u64::try_from(len).unwrap_or_default();
    vec![
        (0, Step::Out(request.clone())),
        (1000, Step::In(response.slice(..at))),
        (1000, Step::GapIn(lost)),
        (1000, Step::In(response.slice(at + len..))),
        (2000, Step::Close),
    ]
}

/// What the torn events say that they must not say.
fn wrong(whole: &[Value], torn: &[Value]) -> Option<String> {
    let (asked, asked_torn) = (of(whole, "ai.request"), of(torn, "ai.request"));
    if asked != asked_torn {
        return Some(String::from("the request differs"));
    }
    let (answers, answers_torn) = (of(whole, "ai.response"), of(torn, "ai.response"));
    if answers.len() != answers_torn.len() {
        return Some(format!("{} answers", answers_torn.len()));
    }
    let calls = of(whole, "agent.tool_call");
    let invented = |call: &&&Value| {
        let within = |whole: &&Value| is_within(&call["data"], &whole["data"]);
        !calls.iter().any(within)
    };
    if let Some(call) = of(torn, "agent.tool_call").iter().find(invented) {
        return Some(format!("invented {}", compare::show(&call["data"])));
    }
    let no_request = Value::Null;
    let asked = asked.first().map_or(&no_request, |event| &event["data"]);
    answers
        .iter()
        .zip(answers_torn)
        .find_map(|(whole, torn)| wrong_answer(asked, whole, torn))
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["event_type"] == kind)
        .collect()
}

/// Fields may be absent, but none may differ.
fn is_within(torn: &Value, whole: &Value) -> bool {
    match (torn.as_object(), whole.as_object()) {
        (Some(torn), Some(whole)) => torn
            .iter()
            .all(|(name, value)| whole.get(name) == Some(value)),
        _ => torn.is_null() || torn == whole,
    }
}

fn wrong_answer(asked: &Value, whole: &Value, torn: &Value) -> Option<String> {
    if compare::is_full(torn) {
        return Some(String::from("the answer claims to be complete"));
    }
    let (whole, torn) = (&whole["data"], &torn["data"]);
    for field in ["model", "usage", "finish_reason", "error", "status_code"] {
        // An answer that names no model is said to be of the one asked for.
        let as_asked = field == "model" && torn[field] == asked[field];
        if !as_asked && !is_within(&torn[field], &whole[field]) {
            let (torn, whole) = (compare::show(&torn[field]), compare::show(&whole[field]));
            return Some(format!("{field} {torn}, whole {whole}"));
        }
    }
    wrong_texts(whole, torn).or_else(|| wrong_calls(whole, torn))
}

/// The text of each alternative is the beginning of what it was.
fn wrong_texts(whole: &Value, torn: &Value) -> Option<String> {
    for choice in torn["choices"].as_array()? {
        let same = |other: &&Value| other["index"] == choice["index"];
        let full = whole["choices"].as_array()?.iter().find(same);
        let full = full.map(compare::text_of).unwrap_or_default();
        let text = compare::text_of(choice);
        if !full.starts_with(text) {
            let torn = compare::show(&Value::from(text));
            return Some(format!("text {torn} is no beginning of the whole's"));
        }
    }
    None
}

/// Each tool call is one of the whole's, its arguments perhaps cut short.
fn wrong_calls(whole: &Value, torn: &Value) -> Option<String> {
    for call in torn["tool_calls"].as_array()? {
        let known = whole["tool_calls"].as_array().is_some_and(|calls| {
            calls.iter().any(|full| {
                let same = ["id", "name", "type"]
                    .iter()
                    .all(|key| full[key] == call[key]);
                let cut_short = call["arguments"].is_string() && full["arguments"].is_object();
                let text = |call: &Value| call["arguments"].as_str().map(str::to_owned);
                let begins = text(full)
                    .zip(text(call))
                    .is_some_and(|(full, cut)| full.starts_with(&cut));
                same && (cut_short || begins || full["arguments"] == call["arguments"])
            })
        });
        if !known {
            return Some(format!("invented {}", compare::show(call)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(completeness: &str, data: Value) -> [Value; 1] {
        [
            json!({"event_type": "ai.response", "confidence": {"completeness": completeness}, "data": data}),
        ]
    }

    fn text(text: &str) -> Value {
        json!([{"index": 0, "message": {"content": text}}])
    }

    #[test]
    fn less_is_right_and_other_is_wrong() {
        let whole = answer(
            "full",
            json!({"choices": text("one two three"), "usage": {"prompt_tokens": 3, "total_tokens": 4},
                "tool_calls": [{"name": "look", "arguments": {"at": 1}}]}),
        );
        let torn = |completeness, data| wrong(&whole, &answer(completeness, data));
        for right in [
            json!({}),
            json!({"choices": text("one tw"), "usage": {"prompt_tokens": 3}}),
            json!({"tool_calls": [{"name": "look", "arguments": "{\"at\""}]}),
        ] {
            assert_eq!(torn("partial", right), None);
        }
        for wrong in [
            json!({"choices": text("one three")}),
            json!({"usage": {"prompt_tokens": 4}}),
            json!({"tool_calls": [{"name": "look", "arguments": {"at": 2}}]}),
            json!({"tool_calls": [{"name": "leap", "arguments": {}}]}),
            json!({"model": {"id": "other"}}),
        ] {
            assert!(torn("partial", wrong.clone()).is_some(), "{wrong}");
        }
        assert!(torn("full", json!({})).is_some());
        assert!(wrong(&whole, &[]).is_some());
    }
}
