//! Writes a response as a stream of events.

use bytes::Bytes;
use serde_json::{Value, json};

use super::response::{
    as_shown, function_call, head, message, output_text, reasoning, set, summary, whole,
};
use crate::FailureTold;
use crate::answer::{Call, Meant, ToolCall, pieces, usual_count};
use crate::reply::{Script, StreamEnd};
use crate::route::Routing;
use crate::sse;

const ARGUMENT_PIECES: usize = 5;

/// An event: its type, and all of it.
pub(super) struct Event(&'static str, Value);

impl Event {
    pub(super) fn sse(&self) -> Bytes {
        sse::event(self.0, &self.1)
    }

    pub(super) fn json(&self) -> Bytes {
        self.1.to_string().into()
    }
}

/// How far the stream came.
pub(super) struct Came(StreamEnd);

impl Came {
    pub(super) fn is_cut(&self) -> bool {
        self.0 == StreamEnd::Cut
    }
}

struct Writer<'a> {
    token: &'a str,
    events: Vec<Event>,
    /// Items of the output that are done.
    items: usize,
}

pub(super) fn write(
    call: &Call,
    meant: Meant,
    echo: &Value,
    routing: &Routing<'_>,
) -> (Vec<Event>, Came, Meant) {
    let meant = as_shown(call, meant);
    let text = meant.texts.concat();
    let script = Script::of(call, &text);
    let mut writer = Writer {
        token: &routing.token,
        events: Vec::new(),
        items: 0,
    };
    let under_way = head(&meant.model, echo, routing);
    writer.push("response.created", json!({ "response": under_way }));
    writer.push("response.in_progress", json!({ "response": under_way }));
    writer.thoughts(meant.thinking.as_deref());
    if !text.is_empty() || meant.tool_calls.is_empty() {
        writer.text(&script, &text);
    }
    let mut said = script.meaning(meant.clone());
    match script.end {
        StreamEnd::Whole => writer.finish(&meant, echo, routing),
        StreamEnd::Error => {
            said.finish = Some("failed".to_owned());
            said.error = Some(writer.failure(under_way));
        }
        StreamEnd::Cut => {}
    }
    (writer.events, Came(script.end), said)
}

impl Writer<'_> {
    fn push(&mut self, kind: &'static str, mut event: Value) {
        set(&mut event, "type", kind.into());
        set(&mut event, "sequence_number", self.events.len().into());
        self.events.push(Event(kind, event));
    }

    fn item(&mut self, kind: &'static str, item: Value) {
        self.push(kind, json!({ "output_index": self.items, "item": item }));
    }

    fn done(&mut self, item: Value) {
        self.item("response.output_item.done", item);
        self.items += 1;
    }

    fn thoughts(&mut self, thoughts: Option<&str>) {
        let Some(thoughts) = thoughts else { return };
        let at = json!({ "item_id": format!("rs_{}", self.token), "output_index": self.items, "summary_index": 0 });
        self.item("response.output_item.added", reasoning(self.token, ""));
        self.push(
            "response.reasoning_summary_part.added",
            with(&at, "part", summary("")),
        );
        for piece in pieces(thoughts, usual_count(thoughts)) {
            self.push(
                "response.reasoning_summary_text.delta",
                with(&at, "delta", piece.into()),
            );
        }
        self.push(
            "response.reasoning_summary_text.done",
            with(&at, "text", thoughts.into()),
        );
        self.push(
            "response.reasoning_summary_part.done",
            with(&at, "part", summary(thoughts)),
        );
        self.done(reasoning(self.token, thoughts));
    }

    /// A stream that is broken off is so inside the text.
    fn text(&mut self, script: &Script<'_>, text: &str) {
        let at = json!({ "item_id": format!("msg_{}", self.token), "output_index": self.items, "content_index": 0 });
        self.item(
            "response.output_item.added",
            message(self.token, "in_progress", ""),
        );
        self.push(
            "response.content_part.added",
            with(&at, "part", output_text("")),
        );
        for piece in &script.pieces {
            let delta = with(&with(&at, "delta", (*piece).into()), "logprobs", json!([]));
            self.push("response.output_text.delta", delta);
        }
        if script.end == StreamEnd::Whole {
            self.push("response.output_text.done", with(&at, "text", text.into()));
            self.push(
                "response.content_part.done",
                with(&at, "part", output_text(text)),
            );
            self.done(message(self.token, "completed", text));
        }
    }

    fn tool(&mut self, call: &ToolCall) {
        let item = function_call(call, "in_progress", "");
        let at = json!({ "item_id": item.get("id"), "output_index": self.items });
        self.item("response.output_item.added", item);
        for piece in pieces(&call.arguments, ARGUMENT_PIECES) {
            self.push(
                "response.function_call_arguments.delta",
                with(&at, "delta", piece.into()),
            );
        }
        let whole = with(&at, "arguments", call.arguments.as_str().into());
        self.push("response.function_call_arguments.done", whole);
        self.done(function_call(call, "completed", &call.arguments));
    }

    fn finish(&mut self, meant: &Meant, echo: &Value, routing: &Routing<'_>) {
        for call in &meant.tool_calls {
            self.tool(call);
        }
        let kind = match meant.finish.as_deref() {
            Some("completed") | None => "response.completed",
            Some(_) => "response.incomplete",
        };
        self.push(kind, json!({ "response": whole(meant, echo, routing) }));
    }

    fn failure(&mut self, mut response: Value) -> FailureTold {
        let (code, message) = (
            "server_error",
            "The model produced no answer. Please try again.",
        );
        set(&mut response, "status", "failed".into());
        set(
            &mut response,
            "error",
            json!({ "code": code, "message": message }),
        );
        self.push("response.failed", json!({ "response": response }));
        FailureTold {
            kind: code.to_owned(),
            message: message.to_owned(),
        }
    }
}

fn with(event: &Value, name: &str, value: Value) -> Value {
    let mut event = event.clone();
    set(&mut event, name, value);
    event
}
