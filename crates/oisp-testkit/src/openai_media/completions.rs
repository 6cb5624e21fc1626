//! `POST /v1/completions`: text that goes on where a prompt ends.

use serde_json::{Value, json};

use super::texts;
use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::{Reply, Script, StreamEnd};
use crate::route::Routing;
use crate::turns::{Speaker, Turn, flag, model};
use crate::{openai, sse};

pub(super) fn read(body: &Value) -> Result<(Call, ()), String> {
    let turns: Vec<Turn> = texts(body.get("prompt"))
        .into_iter()
        .map(|text| Turn::new(Speaker::User, text))
        .collect();
    let mut call = Call::of_turns(model(body)?, &turns, flag(body, "stream"))?;
    call.stream_usage = body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    Ok((call, ()))
}

pub(super) fn write(call: &Call, mut meant: Meant, routing: &Routing<'_>) -> Reply {
    meant.finish = Some(
        call.directive
            .finish
            .clone()
            .unwrap_or_else(|| "stop".to_owned()),
    );
    meant.thinking = None;
    // A completion calls no tools.
    meant.tool_calls = Vec::new();
    if call.stream {
        return stream(call, meant, routing);
    }
    let mut body = object(
        &meant,
        routing,
        &meant.texts.concat(),
        meant.finish.as_deref(),
    );
    insert(&mut body, "usage", usage(&meant));
    Reply::json(Dialect::Completions, 200, &body).meaning(meant)
}

fn stream(call: &Call, mut meant: Meant, routing: &Routing<'_>) -> Reply {
    let text = meant.texts.concat();
    let script = Script::of(call, &text);
    let mut frames: Vec<_> = script
        .pieces
        .iter()
        .map(|piece| sse::data(&object(&meant, routing, piece, None)))
        .collect();
    if !call.stream_usage {
        meant.usage = None;
    }
    let mut said = script.meaning(meant.clone());
    match script.end {
        StreamEnd::Whole => {
            frames.push(sse::data(&object(
                &meant,
                routing,
                "",
                meant.finish.as_deref(),
            )));
            if meant.usage.is_some() {
                let mut last = object(&meant, routing, "", None);
                insert(&mut last, "choices", json!([]));
                insert(&mut last, "usage", usage(&meant));
                frames.push(sse::data(&last));
            }
            frames.push("data: [DONE]\n\n".into());
        }
        StreamEnd::Error => {
            let (frame, told) = openai::failure_event();
            frames.push(frame);
            said.error = Some(told);
        }
        StreamEnd::Cut => {}
    }
    Reply {
        cut: script.is_cut(),
        ..Reply::events(Dialect::Completions, frames).meaning(said)
    }
}

fn object(meant: &Meant, routing: &Routing<'_>, text: &str, finish: Option<&str>) -> Value {
    json!({
        "id": format!("cmpl-{}", routing.token), "object": "text_completion", "created": routing.now_secs,
        "model": meant.model,
        "choices": [{ "text": text, "index": 0, "logprobs": null, "finish_reason": finish }],
    })
}

fn usage(meant: &Meant) -> Value {
    let usage = meant.usage.unwrap_or_default();
    json!({
        "prompt_tokens": usage.input, "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    })
}

fn insert(body: &mut Value, name: &str, value: Value) {
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), value);
    }
}
