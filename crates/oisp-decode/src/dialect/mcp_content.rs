//! Content blocks of MCP: text, and OpenTelemetry message parts for the rest.

use serde_json::{Map, Value, json};

use super::json::{Fields, object};
use super::parts;

/// What blocks hold.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Texts in order.
    pub(crate) texts: Vec<String>,
    /// What is no text.
    pub(crate) parts: Vec<Value>,
    /// How many pictures.
    pub(crate) images: usize,
}

impl Content {
    /// Of a block, an array of blocks, or a bare text.
    pub(crate) fn of(value: Option<Value>) -> Self {
        let mut content = Self::default();
        content.add(value);
        content
    }

    /// Adds what more blocks hold.
    pub(crate) fn add(&mut self, value: Option<Value>) {
        match value {
            Some(Value::String(text)) => self.texts.push(text),
            Some(Value::Array(blocks)) => blocks
                .into_iter()
                .for_each(|block| self.block(object(block))),
            Some(Value::Object(block)) => self.block(block),
            _ => {}
        }
    }

    /// Adds the contents of a resource.
    pub(crate) fn resource(&mut self, mut contents: Map<String, Value>) {
        let mime = contents.take_text("mimeType");
        let uri = contents.take_text("uri");
        let modality = modality(mime.as_deref());
        let mut part = match contents.take_text("blob") {
            Some(blob) => parts::blob(modality, mime.as_deref(), &blob),
            None => json!({"type": "uri", "modality": modality}),
        };
        if let Some(part) = part.as_object_mut() {
            if let Some(uri) = uri {
                part.insert("uri".into(), uri.into());
            }
            if let Some(mime) = mime {
                part.insert("mime_type".into(), mime.into());
            }
        }
        if let Some(Value::String(text)) = contents.remove("text") {
            self.texts.push(text);
        }
        self.parts.push(part);
    }

    fn block(&mut self, mut block: Map<String, Value>) {
        let kind = block.take_text("type").unwrap_or_default();
        match kind.as_str() {
            "text" => {
                if let Some(Value::String(text)) = block.remove("text") {
                    self.texts.push(text);
                }
            }
            "image" | "audio" => self.media(&kind, block),
            "resource" => self.resource(block.take_object("resource").unwrap_or_default()),
            "resource_link" => self.link(block),
            "tool_use" => self.parts.push(parts::tool_call(
                block.take_text("id").as_deref(),
                &block.take_text("name").unwrap_or_default(),
                block.remove("input").unwrap_or_default(),
            )),
            _ => self.parts.push(parts::generic(&kind)),
        }
    }

    fn media(&mut self, kind: &str, mut block: Map<String, Value>) {
        let mime = block.take_text("mimeType");
        let data = block.take_text("data").unwrap_or_default();
        self.images += usize::from(kind == "image");
        self.parts.push(parts::blob(kind, mime.as_deref(), &data));
    }

    fn link(&mut self, mut block: Map<String, Value>) {
        let mime = block.take_text("mimeType");
        let uri = block.take_text("uri").unwrap_or_default();
        self.parts.push(parts::uri(modality(mime.as_deref()), &uri));
    }
}

/// OpenTelemetry's word for what a media type is.
fn modality(mime: Option<&str>) -> &'static str {
    match mime.and_then(|mime| mime.split('/').next()) {
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        _ => "document",
    }
}
