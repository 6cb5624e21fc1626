//! Audio or video that comes in pieces: its length and its hash, never its
//! bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::dialect::hex;

/// Audio or video under way.
#[derive(Clone, Debug, Default)]
pub struct Audio {
    hash: Sha256,
    length: usize,
    pieces: usize,
    mime_type: Option<String>,
    /// A piece is missing: neither length nor hash is known.
    torn: bool,
}

impl Audio {
    /// Takes a piece in base64.
    pub fn add(&mut self, base64: &str) {
        self.pieces += 1;
        match STANDARD.decode(base64.trim()) {
            Ok(bytes) => {
                self.length = self.length.saturating_add(bytes.len());
                self.hash.update(&bytes);
            }
            Err(_) => self.torn = true,
        }
    }

    /// Its pieces are of that type.
    pub fn is_of_type(&mut self, mime_type: &str) {
        if !mime_type.is_empty() && self.mime_type.as_deref() != Some(mime_type) {
            self.mime_type = Some(mime_type.to_owned());
        }
    }

    /// A piece is missing.
    pub const fn tear(&mut self) {
        self.pieces += 1;
        self.torn = true;
    }

    /// The message part that it makes; none where no piece came. Audio begins
    /// anew then.
    pub fn take(&mut self) -> Option<Value> {
        let audio = std::mem::take(self);
        if audio.pieces == 0 {
            return None;
        }
        let mut part = Map::new();
        part.insert("type".into(), "blob".into());
        let mime_type = audio.mime_type.as_deref().unwrap_or("audio/");
        let modality = match mime_type.split('/').next() {
            Some("image" | "video") => "video",
            _ => "audio",
        };
        part.insert("modality".into(), modality.into());
        if let Some(mime_type) = audio.mime_type {
            part.insert("mime_type".into(), mime_type.into());
        }
        if !audio.torn {
            part.insert("length".into(), audio.length.into());
            let hash = format!("sha256:{}", hex(&audio.hash.finalize()));
            part.insert("hash".into(), hash.into());
        }
        Some(Value::Object(part))
    }
}
