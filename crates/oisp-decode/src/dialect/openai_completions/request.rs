//! `POST /v1/completions`: the request.

use serde_json::{Map, Value, json};

use crate::dialect::call::{Call, SpokenMessage};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;
use crate::http::RequestHead;

const COPIED: [(&str, &str); 5] = [
    ("seed", "gen_ai.request.seed"),
    ("top_k", "gen_ai.request.top_k"),
    ("service_tier", "openai.request.service_tier"),
    ("user", "enduser.id"),
    ("echo", "oisp.request.echo"),
];

/// Each prompt is a message of the user: many may be asked at once.
pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let mut messages = openai::inputs(body.remove("prompt"));
    if let Some(suffix) = body.take_text("suffix") {
        add_suffix(&mut messages, suffix);
    }
    Call {
        model: openai::deployment(head)
            .or_else(|| openai::path_step(head, "/engines/"))
            .or_else(|| body.take_text("model")),
        streaming: openai::streaming(&body),
        messages,
        parameters: openai::parameters(&body),
        attrs: attrs(&body),
        session: openai::session(&body),
        ..Call::default()
    }
}

fn attrs(body: &Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    openai::choice_count(body, &mut attrs);
    openai::copy(body, &mut attrs, &COPIED);
    if let Some(kind) = openai::output_type(body.get("response_format")) {
        attrs.insert("gen_ai.output.type".into(), kind.into());
    }
    attrs
}

/// What is to follow the completion.
fn add_suffix(messages: &mut [SpokenMessage], suffix: String) {
    if let Some(last) = messages.last_mut() {
        last.parts
            .push(json!({"type": "suffix", "content": suffix}));
    }
}
