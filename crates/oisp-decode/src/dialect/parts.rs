//! OpenTelemetry message parts for what a message holds beyond text. Bytes are
//! given as length and hash, never as themselves.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What base64 stands for, in either alphabet, with or without padding and line
/// breaks: APIs take them all.
pub(super) fn bytes_of(base64: &str) -> Option<Vec<u8>> {
    let text = base64.trim();
    if let Ok(bytes) = STANDARD.decode(text) {
        return Some(bytes);
    }
    let text: String = text.split_ascii_whitespace().collect();
    let either = STANDARD.decode(&text).or_else(|_| URL_SAFE.decode(&text));
    either.ok()
}

/// Bytes in base64: an image, audio, a document.
pub(super) fn blob(modality: &str, mime_type: Option<&str>, base64: &str) -> Value {
    let mut part = Map::new();
    part.insert("type".into(), "blob".into());
    part.insert("modality".into(), modality.into());
    if let Some(mime_type) = mime_type {
        part.insert("mime_type".into(), mime_type.into());
    }
    if let Some(bytes) = bytes_of(base64) {
        measure(&mut part, &bytes);
    }
    Value::Object(part)
}

/// Bytes as they are, such as audio that is an answer's whole body.
pub(super) fn blob_of_bytes(modality: &str, mime_type: Option<&str>, bytes: &[u8]) -> Value {
    let mut part = Map::new();
    part.insert("type".into(), "blob".into());
    part.insert("modality".into(), modality.into());
    if let Some(mime_type) = mime_type {
        part.insert("mime_type".into(), mime_type.into());
    }
    measure(&mut part, bytes);
    Value::Object(part)
}

fn measure(part: &mut Map<String, Value>, bytes: &[u8]) {
    part.insert("length".into(), bytes.len().into());
    let hash = format!("sha256:{}", hex(&Sha256::digest(bytes)));
    part.insert("hash".into(), hash.into());
}

/// What a URL refers to: a `data:` URL is its bytes.
pub(super) fn uri(modality: &str, uri: &str) -> Value {
    let data = uri
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','));
    match data {
        Some((mime, base64)) => blob(modality, mime.split(';').next(), base64),
        None => json!({"type": "uri", "modality": modality, "uri": uri}),
    }
}

/// A file kept by the provider.
pub(super) fn file(file_id: &str) -> Value {
    json!({"type": "file", "file_id": file_id})
}

/// What the model thought.
pub(super) fn reasoning(text: &str) -> Value {
    json!({"type": "reasoning", "content": text})
}

/// A tool call inside a message, for the client to run.
pub(super) fn tool_call(id: Option<&str>, name: &str, arguments: Value) -> Value {
    json!({"type": "tool_call", "id": id, "name": name, "arguments": arguments})
}

/// A tool call inside a message that the provider ran.
pub(super) fn server_tool_call(id: Option<&str>, name: &str, arguments: Value) -> Value {
    json!({"type": "server_tool_call", "id": id, "name": name, "arguments": arguments})
}

/// What a tool gave that the provider ran; `kind` is the wire's name of such a
/// result.
pub(super) fn server_tool_result(id: Option<&str>, kind: &str, response: Value) -> Value {
    json!({"type": "server_tool_call_response", "id": id, "kind": kind, "response": response})
}

/// A part that has no form of its own.
pub(super) fn generic(kind: &str) -> Value {
    json!({"type": kind})
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}
