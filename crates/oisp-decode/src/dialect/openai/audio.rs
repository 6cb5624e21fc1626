//! Audio inside messages: given in a request, spoken in an answer, the latter
//! also in pieces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::source;
use crate::dialect::json::Fields;
use crate::dialect::parts;

/// Audio inside a message of a request. Mistral gives it as a string.
pub(in crate::dialect) fn input_audio(part: &mut Map<String, Value>) -> Value {
    let mut audio = match part.get_mut("input_audio").map(Value::take) {
        Some(Value::String(data)) => return source("audio", None, &data),
        Some(Value::Object(audio)) => audio,
        _ => Map::new(),
    };
    let mime = audio
        .take_text("format")
        .map(|format| format!("audio/{format}"));
    let data = audio.take_text("data").unwrap_or_default();
    source("audio", mime.as_deref(), &data)
}

/// Audio of an answer while it is put together.
#[derive(Debug, Default)]
pub(in crate::dialect) struct SpokenAudio {
    id: Option<String>,
    transcript: String,
    hash: Sha256,
    length: usize,
    /// Base64 that does not make whole bytes yet.
    rest: Vec<u8>,
    /// Something is missing or no base64: length and hash would be wrong.
    broken: bool,
}

impl SpokenAudio {
    /// Takes `{id, data, transcript}`, whole or a piece. True where it brought
    /// something to hear or to read.
    pub(in crate::dialect) fn add(&mut self, mut audio: Map<String, Value>) -> bool {
        self.id = audio.take_text("id").or(self.id.take());
        let transcript = audio.take_text("transcript");
        self.transcript
            .push_str(transcript.as_deref().unwrap_or_default());
        let data = audio.take_text("data");
        self.bytes(data.as_deref().unwrap_or_default());
        transcript.is_some() || data.is_some()
    }

    /// Takes more base64.
    pub(in crate::dialect) fn bytes(&mut self, base64: &str) {
        self.rest.extend_from_slice(base64.as_bytes());
        let whole = self.rest.len() - self.rest.len() % 4;
        let left = self.rest.split_off(whole);
        match STANDARD.decode(&self.rest) {
            Ok(bytes) => {
                self.hash.update(&bytes);
                self.length += bytes.len();
            }
            Err(_) => self.broken = true,
        }
        self.rest = left;
    }

    /// Bytes are missing.
    pub(in crate::dialect) fn gap(&mut self) {
        self.broken = true;
    }

    /// The part of the message that it is.
    pub(in crate::dialect) fn part(self) -> Value {
        let mut part = Map::new();
        part.insert("type".into(), "blob".into());
        part.insert("modality".into(), "audio".into());
        if let Some(id) = self.id {
            part.insert("id".into(), id.into());
        }
        if !self.broken && self.rest.is_empty() && self.length > 0 {
            part.insert("length".into(), self.length.into());
            let hash = format!("sha256:{}", parts::hex(&self.hash.finalize()));
            part.insert("hash".into(), hash.into());
        }
        if !self.transcript.is_empty() {
            part.insert("transcript".into(), self.transcript.into());
        }
        Value::Object(part)
    }
}
