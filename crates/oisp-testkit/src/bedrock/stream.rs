//! Writes a Converse answer as messages of an eventstream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::response::{SIGNATURE, usage};
use crate::FailureTold;
use crate::answer::{Call, Meant, ToolCall, pieces, usual_count};
use crate::eventstream::message;
use crate::reply::{Reply, Script, StreamEnd};

const ARGUMENT_PIECES: usize = 5;
/// What fills payloads up, so that their lengths tell less.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

#[derive(Default)]
struct Writer {
    frames: Vec<Bytes>,
    blocks: usize,
}

pub(super) fn write(call: &Call, meant: Meant) -> Reply {
    let text = meant.texts.concat();
    let script = Script::of(call, &text);
    let mut writer = Writer::default();
    writer.event("messageStart", json!({ "role": "assistant" }));
    writer.thoughts(meant.thinking.as_deref());
    if !text.is_empty() {
        writer.text(&script);
    }
    let mut told = script.meaning(meant.clone());
    match script.end {
        StreamEnd::Whole => writer.finish(&meant),
        StreamEnd::Error => told.error = Some(writer.failure()),
        StreamEnd::Cut => {}
    }
    let kind = "application/vnd.amazon.eventstream";
    Reply {
        cut: script.is_cut(),
        ..Reply::stream(super::DIALECT, kind, writer.frames).meaning(told)
    }
}

impl Writer {
    fn event(&mut self, kind: &str, mut payload: Value) {
        let padding = PADDING
            .get(..self.frames.len() % PADDING.len())
            .unwrap_or_default();
        if let Some(payload) = payload.as_object_mut() {
            payload.insert("p".to_owned(), padding.into());
        }
        let headers = [
            (":event-type", kind),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ];
        self.frames
            .push(message(&headers, payload.to_string().as_bytes()));
    }

    fn delta(&mut self, delta: Value) {
        self.event(
            "contentBlockDelta",
            json!({ "contentBlockIndex": self.blocks, "delta": delta }),
        );
    }

    fn stop(&mut self) {
        self.event(
            "contentBlockStop",
            json!({ "contentBlockIndex": self.blocks }),
        );
        self.blocks += 1;
    }

    fn thoughts(&mut self, thoughts: Option<&str>) {
        let Some(thoughts) = thoughts else { return };
        for piece in pieces(thoughts, usual_count(thoughts)) {
            self.delta(json!({ "reasoningContent": { "text": piece } }));
        }
        self.delta(json!({ "reasoningContent": { "signature": SIGNATURE } }));
        self.stop();
    }

    /// A stream that is broken off is so inside the text block.
    fn text(&mut self, script: &Script<'_>) {
        for piece in &script.pieces {
            self.delta(json!({ "text": piece }));
        }
        if script.end == StreamEnd::Whole {
            self.stop();
        }
    }

    fn tool(&mut self, call: &ToolCall) {
        let start = json!({ "toolUse": { "toolUseId": call.id, "name": call.name } });
        self.event(
            "contentBlockStart",
            json!({ "contentBlockIndex": self.blocks, "start": start }),
        );
        for piece in pieces(&call.arguments, ARGUMENT_PIECES) {
            self.delta(json!({ "toolUse": { "input": piece } }));
        }
        self.stop();
    }

    fn finish(&mut self, meant: &Meant) {
        for call in &meant.tool_calls {
            self.tool(call);
        }
        self.event("messageStop", json!({ "stopReason": meant.finish }));
        let usage = usage(meant.usage.unwrap_or_default());
        self.event(
            "metadata",
            json!({ "metrics": { "latencyMs": 42 }, "usage": usage }),
        );
    }

    fn failure(&mut self) -> FailureTold {
        let (kind, text) = (
            "modelStreamErrorException",
            "The model stopped in the middle of its answer.",
        );
        let headers = [
            (":exception-type", kind),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ];
        let payload = json!({ "message": text, "originalStatusCode": 500 });
        self.frames
            .push(message(&headers, payload.to_string().as_bytes()));
        FailureTold {
            kind: kind.to_owned(),
            message: text.to_owned(),
        }
    }
}
