//! Content blocks that requests and answers share: an object whose one field
//! names its kind.

use serde_json::{Map, Value, json};

use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

/// What a block is.
pub(super) enum Block {
    /// Text.
    Text(String),
    /// What the model thought.
    Thinking(String),
    /// A picture.
    Image(Value),
    /// A call of a tool.
    ToolUse(Map<String, Value>),
    /// The result of one.
    ToolResult(Map<String, Value>),
    /// Text with its sources.
    Cited(String, Vec<Value>),
    /// Anything else, as a message part.
    Part(Value),
    /// Nothing that is said: marks for the provider.
    Mark,
}

/// Reads a block.
pub(super) fn block(value: Value) -> Block {
    let mut block = object(value);
    if let Some(Value::String(text)) = block.remove("text") {
        return Block::Text(text);
    }
    let named = block.into_iter().find(|(_, value)| !value.is_null());
    let Some((kind, value)) = named else {
        return Block::Mark;
    };
    if kind == "json" {
        return Block::Text(value.to_string());
    }
    let mut inner = object(value);
    match kind.as_str() {
        "image" => Block::Image(media("image", inner)),
        "document" => document(inner),
        "video" => Block::Part(media("video", inner)),
        "audio" => Block::Part(media("audio", inner)),
        "toolUse" => Block::ToolUse(inner),
        "toolResult" => Block::ToolResult(inner),
        "reasoningContent" => reasoning(inner),
        "guardContent" => guarded(inner),
        "citationsContent" => {
            let texts = texts(inner.take_items("content"));
            Block::Cited(texts.concat(), citations(inner.take_items("citations")))
        }
        "searchResult" => search_result(inner),
        "cachePoint" => Block::Mark,
        other => Block::Part(parts::generic(other)),
    }
}

/// The texts of blocks that hold nothing else.
pub(super) fn texts(blocks: Vec<Value>) -> Vec<String> {
    let texts = blocks
        .into_iter()
        .filter_map(|block| object(block).take_text("text"));
    texts.collect()
}

/// Citations as message parts.
pub(super) fn citations(citations: Vec<Value>) -> Vec<Value> {
    citations.into_iter().map(citation).collect()
}

/// A citation as a message part. The cited text is the document's: where it
/// stands in it is enough.
pub(super) fn citation(value: Value) -> Value {
    let mut citation = object(value);
    citation.remove("sourceContent");
    let mut part = Map::from_iter([("type".to_owned(), Value::from("citation"))]);
    part.extend(citation);
    Value::Object(part)
}

/// Bytes or a place where they are kept.
pub(super) fn media(modality: &str, mut media: Map<String, Value>) -> Value {
    let format = media.take_text("format");
    let mime = format.map(|format| mime(modality, &format));
    let mut source = media.take_object("source").unwrap_or_default();
    if let Some(bytes) = source.take_text("bytes") {
        return parts::blob(modality, mime.as_deref(), &bytes);
    }
    let place = source.take_object("s3Location");
    match place.and_then(|mut place| place.take_text("uri")) {
        Some(uri) => parts::uri(modality, &uri),
        None => parts::generic(modality),
    }
}

fn mime(modality: &str, format: &str) -> String {
    match (modality, format) {
        ("document", "txt") => "text/plain".into(),
        ("document", "md") => "text/markdown".into(),
        ("document", "csv" | "html") => format!("text/{format}"),
        ("document", "doc") => "application/msword".into(),
        ("document", "xls") => "application/vnd.ms-excel".into(),
        ("document", "docx") => {
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document".into()
        }
        ("document", "xlsx") => {
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".into()
        }
        ("document", _) => format!("application/{format}"),
        ("video", "three_gp") => "video/3gpp".into(),
        _ => format!("{modality}/{format}"),
    }
}

/// A document; one that is given as text is text.
fn document(mut document: Map<String, Value>) -> Block {
    let name = document.take_text("name");
    if let Some(Value::Object(source)) = document.get_mut("source") {
        let text = source.take_text("text");
        let texts = match text {
            Some(text) => vec![text],
            None => texts(source.take_items("content")),
        };
        if !texts.is_empty() {
            return Block::Text(texts.join("\n"));
        }
    }
    let mut part = media("document", document);
    if let (Some(name), Value::Object(part)) = (name, &mut part) {
        part.insert("name".into(), name.into());
    }
    Block::Part(part)
}

fn reasoning(mut reasoning: Map<String, Value>) -> Block {
    match reasoning.take_object("reasoningText") {
        Some(mut text) => Block::Thinking(text.take_text("text").unwrap_or_default()),
        None => Block::Part(parts::generic("redacted_reasoning")),
    }
}

fn guarded(mut guarded: Map<String, Value>) -> Block {
    if let Some(image) = guarded.take_object("image") {
        return Block::Image(media("image", image));
    }
    match guarded.take_object("text") {
        Some(mut text) => Block::Text(text.take_text("text").unwrap_or_default()),
        None => Block::Part(parts::generic("guardContent")),
    }
}

fn search_result(mut result: Map<String, Value>) -> Block {
    Block::Part(json!({
        "type": "search_result",
        "source": result.take_text("source"),
        "title": result.take_text("title"),
        "content": texts(result.take_items("content")).join("\n"),
    }))
}
