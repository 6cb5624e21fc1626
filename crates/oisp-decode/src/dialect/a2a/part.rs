//! Parts of messages and artifacts.

use serde_json::{Map, Value, json};

use super::take_any;
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;

/// What parts hold.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Texts in order.
    pub(super) texts: Vec<String>,
    /// Files and structured data.
    pub(super) parts: Vec<Value>,
}

impl Content {
    /// Of a message or an artifact.
    pub(super) fn of(holder: &mut Map<String, Value>) -> Self {
        let mut content = Self::default();
        // HTTP+JSON of 0.3 has its own name for it.
        for key in ["parts", "content"] {
            for part in holder.take_items(key) {
                content.add(object(part));
            }
        }
        content
    }

    fn add(&mut self, mut part: Map<String, Value>) {
        if let Some(Value::String(text)) = part.remove("text") {
            self.texts.push(text);
        } else if let Some(file) = part.take_object("file") {
            self.parts.push(old_file(file));
        } else if part.contains_key("raw") || part.contains_key("url") {
            let mime = take_any(&mut part, &["mediaType", "media_type"]);
            let name = part.take_text("filename");
            let (raw, url) = (part.take_text("raw"), part.take_text("url"));
            self.parts.push(file(raw, url, mime, name));
        } else if let Some(data) = part.remove("data") {
            self.parts.push(json!({"type": "data", "data": data}));
        } else {
            self.parts.push(parts::generic("unknown"));
        }
    }
}

/// A file of 0.3, in both bindings.
fn old_file(mut old: Map<String, Value>) -> Value {
    let mime = take_any(&mut old, &["mimeType", "mime_type"]);
    let name = old.take_text("name");
    let raw = take_any(&mut old, &["bytes", "fileWithBytes", "file_with_bytes"]);
    let url = take_any(&mut old, &["uri", "fileWithUri", "file_with_uri"]);
    file(raw, url, mime, name)
}

fn file(
    raw: Option<String>,
    url: Option<String>,
    mime: Option<String>,
    name: Option<String>,
) -> Value {
    let modality = match mime.as_deref().and_then(|mime| mime.split('/').next()) {
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        _ => "document",
    };
    let mut part = match (raw, url) {
        (Some(raw), _) => parts::blob(modality, mime.as_deref(), &raw),
        (None, Some(url)) => parts::uri(modality, &url),
        (None, None) => parts::generic("file"),
    };
    if let (Some(part), Some(name)) = (part.as_object_mut(), name) {
        part.insert("name".into(), name.into());
    }
    part
}
