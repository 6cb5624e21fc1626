//! Writes a chat answer as a stream of events.

use bytes::Bytes;
use serde_json::{Value, json};

use super::response::{id, usage};
use crate::FailureTold;
use crate::answer::{Call, Meant, ToolCall, pieces, usual_count};
use crate::reply::{Reply, Script, StreamEnd};
use crate::sse;

const ARGUMENT_PIECES: usize = 5;

#[derive(Default)]
struct Writer {
    frames: Vec<Bytes>,
    contents: usize,
}

pub(super) fn write(call: &Call, meant: Meant, token: &str) -> Reply {
    let text = meant.texts.concat();
    let script = Script::of(call, &text);
    let mut writer = Writer::default();
    let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
    writer.event(
        "message-start",
        json!({ "id": id(token), "delta": { "message": message } }),
    );
    if meant.tool_calls.is_empty() {
        writer.thoughts(meant.thinking.as_deref());
        writer.text(&script);
    } else {
        writer.plan(meant.thinking.as_deref());
    }
    let mut told = script.meaning(meant.clone());
    match script.end {
        StreamEnd::Whole => writer.finish(&meant),
        StreamEnd::Error => {
            told.finish = Some("ERROR".to_owned());
            told.error = Some(writer.failure());
        }
        StreamEnd::Cut => {}
    }
    Reply {
        cut: script.is_cut(),
        ..Reply::events(super::DIALECT, writer.frames).meaning(told)
    }
}

impl Writer {
    fn event(&mut self, kind: &str, mut event: Value) {
        if let Some(event) = event.as_object_mut() {
            event.insert("type".to_owned(), kind.into());
        }
        self.frames.push(sse::event(kind, &event));
    }

    /// Deltas of the content that is open.
    fn content(&mut self, kind: &str, delta: Value) {
        let message = json!({ "message": { "content": delta } });
        self.event(kind, json!({ "index": self.contents, "delta": message }));
    }

    fn end_content(&mut self) {
        self.event("content-end", json!({ "index": self.contents }));
        self.contents += 1;
    }

    fn thoughts(&mut self, thoughts: Option<&str>) {
        let Some(thoughts) = thoughts else { return };
        self.content(
            "content-start",
            json!({ "type": "thinking", "thinking": "" }),
        );
        for piece in pieces(thoughts, usual_count(thoughts)) {
            self.content("content-delta", json!({ "thinking": piece }));
        }
        self.end_content();
    }

    /// A stream that is broken off is so inside the text.
    fn text(&mut self, script: &Script<'_>) {
        self.content("content-start", json!({ "type": "text", "text": "" }));
        for piece in &script.pieces {
            self.content("content-delta", json!({ "text": piece }));
        }
        if script.end == StreamEnd::Whole {
            self.end_content();
        }
    }

    fn plan(&mut self, plan: Option<&str>) {
        let plan = plan.unwrap_or_default();
        for piece in pieces(plan, usual_count(plan)) {
            self.event(
                "tool-plan-delta",
                json!({ "delta": { "message": { "tool_plan": piece } } }),
            );
        }
    }

    fn tool(&mut self, index: usize, call: &ToolCall) {
        let delta = |calls: Value| json!({ "index": index, "delta": { "message": { "tool_calls": calls } } });
        let function = json!({ "name": call.name, "arguments": "" });
        self.event(
            "tool-call-start",
            delta(json!({ "id": call.id, "type": "function", "function": function })),
        );
        for piece in pieces(&call.arguments, ARGUMENT_PIECES) {
            self.event(
                "tool-call-delta",
                delta(json!({ "function": { "arguments": piece } })),
            );
        }
        self.event("tool-call-end", json!({ "index": index }));
    }

    fn finish(&mut self, meant: &Meant) {
        for (index, call) in meant.tool_calls.iter().enumerate() {
            self.tool(index, call);
        }
        let usage = usage(meant.usage.unwrap_or_default());
        self.event(
            "message-end",
            json!({ "delta": { "finish_reason": meant.finish, "usage": usage } }),
        );
        self.frames.push("data: [DONE]\n\n".into());
    }

    fn failure(&mut self) -> FailureTold {
        let message = "the model gave up on this answer";
        self.event(
            "message-end",
            json!({ "delta": { "finish_reason": "ERROR", "error": message } }),
        );
        FailureTold {
            kind: String::new(),
            message: message.to_owned(),
        }
    }
}
