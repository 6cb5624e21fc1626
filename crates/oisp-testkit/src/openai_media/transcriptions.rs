//! `POST /v1/audio/transcriptions`: what a recording is said to say, whole or
//! as events. The `prompt` of the form holds the directive.

use serde_json::json;

use crate::answer::{Call, Meant, Usage};
use crate::exchange::Dialect;
use crate::form;
use crate::reply::{Reply, Script, StreamEnd};
use crate::route::Received;
use crate::turns::{Speaker, Turn};
use crate::{openai, sse};

pub(super) fn read(received: &Received) -> Result<(Call, ()), String> {
    let kind = received.header("content-type").unwrap_or_default();
    let fields = form::fields(kind, &received.body)?;
    let text = |name| form::text(&fields, name);
    if text("file").is_none() {
        return Err("the form has no file".to_owned());
    }
    let prompt = text("prompt").unwrap_or_default();
    let model = text("model").ok_or("the form names no model")?;
    let stream = text("stream").is_some_and(|stream| stream.eq_ignore_ascii_case("true"));
    let call = Call::of_turns(&model, &[Turn::new(Speaker::User, prompt)], stream)?;
    Ok((call, ()))
}

pub(super) fn write(call: &Call, meant: Meant) -> Reply {
    let mut meant = Meant {
        model: call.model.clone(),
        tool_calls: Vec::new(),
        thinking: None,
        ..meant
    };
    let text = meant.texts.concat();
    if !call.stream {
        let body = json!({ "text": text, "usage": usage(meant.usage) });
        return Reply::json(Dialect::Transcription, 200, &body).meaning(meant);
    }
    let script = Script::of(call, &text);
    let mut frames: Vec<_> = script
        .pieces
        .iter()
        .map(|piece| sse::data(&json!({ "type": "transcript.text.delta", "delta": piece })))
        .collect();
    let usage = usage(meant.usage);
    meant = script.meaning(meant);
    match script.end {
        StreamEnd::Whole => frames.push(sse::data(
            &json!({ "type": "transcript.text.done", "text": text, "usage": usage }),
        )),
        StreamEnd::Error => {
            let (frame, told) = openai::failure_event();
            frames.push(frame);
            meant.error = Some(told);
        }
        StreamEnd::Cut => {}
    }
    Reply {
        cut: script.is_cut(),
        ..Reply::events(Dialect::Transcription, frames).meaning(meant)
    }
}

fn usage(usage: Option<Usage>) -> serde_json::Value {
    let Usage { input, output, .. } = usage.unwrap_or_default();
    json!({
        "type": "tokens", "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
        "input_token_details": { "text_tokens": 0, "audio_tokens": input },
    })
}
