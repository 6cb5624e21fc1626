//! Items of a conversation: messages, calls of functions and their output.

use serde_json::{Map, Value};

use crate::dialect::call::{MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai_responses::item;
use crate::dialect::parts;
use crate::dialect::socket::Audio;

/// The message that an item is. `item` is taken apart.
pub(super) fn spoken(mut item: Map<String, Value>) -> SpokenMessage {
    let kind = item.take_text("type").unwrap_or_else(|| "message".into());
    let mut builder = MessageBuilder::default();
    if kind == "message" {
        let role = role_of(item.get("role").and_then(Value::as_str).unwrap_or_default());
        for part in item.take_items("content") {
            content(object(part), &mut builder);
        }
        return builder.build(role);
    }
    if kind.ends_with("_output") {
        if let Some(output) = item.take_text("output") {
            builder.text(output);
        }
        let mut spoken = builder.build("tool");
        spoken.message.tool_call_id = item.take_text("call_id");
        return spoken;
    }
    match item::tool_call(0, &kind, &mut item) {
        Some(call) => {
            let arguments =
                serde_json::from_str(&call.arguments).unwrap_or(Value::String(call.arguments));
            let make = if call.kind == "function" {
                parts::tool_call
            } else {
                parts::server_tool_call
            };
            builder.part(make(call.id.as_deref(), &call.name, arguments));
        }
        None => builder.part(parts::generic(&kind)),
    }
    builder.build("assistant")
}

/// Text, or audio with what was said in it, where that is known.
fn content(mut part: Map<String, Value>, builder: &mut MessageBuilder) {
    let kind = part.take_text("type").unwrap_or_default();
    match kind.as_str() {
        "input_text" | "output_text" | "text" => {
            builder.text(part.take_text("text").unwrap_or_default());
        }
        "input_audio" | "output_audio" | "audio" => {
            if let Some(transcript) = part.take_text("transcript") {
                builder.text(transcript);
            }
            let mut audio = Audio::default();
            match part.take_text("audio") {
                Some(base64) => audio.add(&base64),
                None => audio.tear(),
            }
            audio.take().into_iter().for_each(|part| builder.part(part));
        }
        "input_image" => {
            let url = part.take_text("image_url");
            builder.image(
                url.map_or_else(|| parts::generic("image"), |url| parts::uri("image", &url)),
            );
        }
        other => builder.part(parts::generic(other)),
    }
}

/// What was said, and the audio that it was said in.
pub(super) fn said(
    role: &'static str,
    text: Option<String>,
    audio: Option<Value>,
) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    text.into_iter().for_each(|text| builder.text(text));
    audio.into_iter().for_each(|part| builder.part(part));
    builder.build(role)
}
