//! Contents of Gemini: turns of a conversation and the parts they are made of.

use serde_json::{Map, Value, json};

use super::wire::{Lists, camel};
use crate::dialect::call::{MessageBuilder, SpokenMessage, role_of};
use crate::dialect::json::Fields;
use crate::dialect::parts;

/// What a part says about itself, and not its content.
const ABOUT: [&str; 9] = [
    "thought",
    "thoughtSignature",
    "videoMetadata",
    "partMetadata",
    "mediaResolution",
    "mediaProcessing",
    "speechMetadata",
    "documentMetadata",
    "audioMetadata",
];

/// Adds a content's messages. The result of a function becomes a message of its
/// own, in its place among the others.
pub(super) fn add(content: Value, role: Option<&'static str>, messages: &mut Vec<SpokenMessage>) {
    let mut builder = MessageBuilder::default();
    let before = messages.len();
    let mut speaker = role.unwrap_or("user");
    match content {
        Value::String(text) => builder.text(text),
        content => {
            let mut content = camel(content);
            let wire = content.take_text("role");
            speaker = role.or(wire.as_deref().map(role_of)).unwrap_or("user");
            for part in content.take_list("parts") {
                let mut part = camel_part(part);
                match part.take_camel("functionResponse") {
                    Some(response) => {
                        flush(&mut builder, speaker, messages);
                        messages.push(function_response(response));
                    }
                    None => add_part(part, &mut builder),
                }
            }
        }
    }
    if messages.len() == before {
        messages.push(builder.build(speaker));
    } else {
        flush(&mut builder, speaker, messages);
    }
}

fn flush(builder: &mut MessageBuilder, role: &'static str, messages: &mut Vec<SpokenMessage>) {
    if !builder.is_empty() {
        messages.push(std::mem::take(builder).build(role));
    }
}

/// A part; a bare string is one of text.
fn camel_part(part: Value) -> Map<String, Value> {
    match part {
        Value::String(text) => Map::from_iter([("text".to_owned(), text.into())]),
        part => camel(part),
    }
}

fn function_response(mut response: Map<String, Value>) -> SpokenMessage {
    let mut builder = MessageBuilder::default();
    match response.get_mut("response").map(Value::take) {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => builder.text(text),
        Some(value) => builder.text(value.to_string()),
    }
    for part in response.take_list("parts") {
        add_part(camel_part(part), &mut builder);
    }
    let mut spoken = builder.build("tool");
    spoken.message.tool_call_id = response.take_text("id");
    spoken.message.name = response.take_text("name");
    spoken
}

fn add_part(mut part: Map<String, Value>, builder: &mut MessageBuilder) {
    let is_thought = part.get("thought").and_then(Value::as_bool) == Some(true);
    if let Some(Value::String(text)) = part.get_mut("text").map(Value::take) {
        match is_thought {
            true => builder.part(parts::reasoning(&text)),
            false => builder.text(text),
        }
    } else if let Some(mut call) = part.take_camel("functionCall") {
        let id = call.take_text("id");
        let name = call.take_text("name").unwrap_or_default();
        let arguments = call.get_mut("args").map(Value::take).unwrap_or_default();
        builder.part(parts::tool_call(id.as_deref(), &name, arguments));
    } else if let Some(call) = ServerCall::of(&mut part) {
        builder.part(parts::server_tool_call(
            call.id.as_deref(),
            &call.name,
            call.arguments,
        ));
    } else if let Some((is_image, media)) = beyond_text(part) {
        match is_image {
            true => builder.image(media),
            false => builder.part(media),
        }
    }
}

/// A tool that Google runs.
pub(super) struct ServerCall {
    pub(super) id: Option<String>,
    pub(super) name: String,
    /// The part's name on the wire.
    pub(super) kind: &'static str,
    pub(super) arguments: Value,
}

impl ServerCall {
    pub(super) fn of(part: &mut Map<String, Value>) -> Option<Self> {
        if let Some(mut code) = part.take_camel("executableCode") {
            return Some(Self {
                id: code.take_text("id"),
                name: "code_execution".into(),
                kind: "executableCode",
                arguments: Value::Object(code.into_iter().filter(|(key, _)| key != "id").collect()),
            });
        }
        let mut call = part.take_camel("toolCall")?;
        Some(Self {
            id: call.take_text("id"),
            name: call.take_text("toolType").unwrap_or_default(),
            kind: "toolCall",
            arguments: call.get_mut("args").map(Value::take).unwrap_or_default(),
        })
    }
}

/// The OpenTelemetry part for what is neither text nor a call, and whether it
/// is a picture; `None` where nothing is left to tell.
pub(super) fn beyond_text(mut part: Map<String, Value>) -> Option<(bool, Value)> {
    if let Some(mut blob) = part.take_camel("inlineData") {
        let mime = blob.take_text("mimeType");
        let modality = modality(mime.as_deref());
        let data = blob.take_text("data").unwrap_or_default();
        return Some((
            modality == "image",
            parts::blob(modality, mime.as_deref(), &data),
        ));
    }
    if let Some(mut file) = part.take_camel("fileData") {
        let mime = file.take_text("mimeType");
        let modality = modality(mime.as_deref());
        let uri = file.take_text("fileUri").unwrap_or_default();
        let mut uri = parts::uri(modality, &uri);
        if let (Some(mime), Some(uri)) = (mime, uri.as_object_mut()) {
            uri.insert("mime_type".into(), mime.into());
        }
        return Some((modality == "image", uri));
    }
    for (key, content) in [
        ("codeExecutionResult", None),
        ("toolResponse", Some("response")),
    ] {
        if let Some(mut result) = part.take_camel(key) {
            let id = result.take_text("id");
            let response = match content {
                Some(content) => result.get_mut(content).map(Value::take).unwrap_or_default(),
                None => {
                    json!({"outcome": result.take_text("outcome"), "output": result.take_text("output")})
                }
            };
            return Some((
                false,
                parts::server_tool_result(id.as_deref(), key, response),
            ));
        }
    }
    let kind = part
        .iter()
        .find(|(key, value)| !ABOUT.contains(&key.as_str()) && !value.is_null())?;
    Some((false, parts::generic(kind.0)))
}

fn modality(mime: Option<&str>) -> &'static str {
    let kind = mime.and_then(|mime| mime.split('/').next());
    match kind {
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        _ => "document",
    }
}
