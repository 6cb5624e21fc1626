//! A call: what the session says, and what a `response.create` says instead.

use oisp_core::event::ai::Parameters;
use serde_json::{Map, Value};

use super::item;
use crate::dialect::call::Call;
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;
use crate::dialect::openai_responses::request::tool;
use crate::dialect::socket::query_of;
use crate::http::RequestHead;

/// The fields of a session that a call has, too.
pub(super) const KEPT: [&str; 9] = [
    "model",
    "instructions",
    "tools",
    "tool_choice",
    "temperature",
    "max_output_tokens",
    "max_response_output_tokens",
    "turn_detection",
    "audio",
];

/// Reads a call. Its messages are the instructions, and the items that it names
/// itself in place of the conversation's.
pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let mut call = Call {
        model: body
            .take_text("model")
            .or_else(|| query_of(head, "model"))
            .or_else(|| query_of(head, "deployment")),
        streaming: Some(true),
        tools: body
            .take_items("tools")
            .into_iter()
            .filter_map(tool)
            .collect(),
        tool_choice: openai::tool_choice(body.get("tool_choice")),
        parameters: Parameters {
            temperature: body.get("temperature").and_then(Value::as_f64),
            max_tokens: max_tokens(&body),
            ..Parameters::default()
        },
        ..Call::default()
    };
    if let Some(instructions) = body.take_text("instructions") {
        call.messages
            .push(item::said("system", Some(instructions), None));
    }
    let own = body.take_items("input").into_iter();
    call.messages
        .extend(own.map(|own| item::spoken(object(own))));
    call
}

/// A number, or the word `inf`, which is none.
fn max_tokens(body: &Map<String, Value>) -> Option<u64> {
    body.number("max_output_tokens")
        .or_else(|| body.number("max_response_output_tokens"))
}
