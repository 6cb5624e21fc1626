//! The body of a request and what vouches for it.
//!
//! The signature is that of Standard Webhooks: `webhook-id` is the event's id,
//! or one derived from the ids of the batch; `webhook-timestamp` is the time of
//! the try in seconds; `webhook-signature` is `v1,` and the base64 of the
//! HMAC-SHA256 over `ID.TIMESTAMP.BODY`. The body is what it is before it is
//! compressed. The id is the same whenever the same events come again.

use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::GzEncoder;
use hmac::{Hmac, Mac};
use oisp_store::Stored;
use sha2::{Digest, Sha256};

use super::config::Format;

/// The text of a request's body.
pub(super) fn body(format: Format, events: &[Arc<Stored>]) -> Vec<u8> {
    let jsons = events.iter().map(|stored| stored.event.json().as_bytes());
    let (open, separator, close): (&[u8], &[u8], &[u8]) = match format {
        Format::Event => (b"", b"\n", b""),
        Format::Array => (b"[", b",", b"]"),
        Format::Ndjson => (b"", b"\n", b"\n"),
    };
    let mut body = open.to_vec();
    for (n, json) in jsons.enumerate() {
        if n > 0 {
            body.extend_from_slice(separator);
        }
        body.extend_from_slice(json);
    }
    body.extend_from_slice(close);
    body
}

pub(super) const fn content_type(format: Format) -> &'static str {
    match format {
        Format::Event | Format::Array => "application/json",
        Format::Ndjson => "application/x-ndjson",
    }
}

pub(super) fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// The id of a request: that of its one event, or one of the batch.
pub(super) fn message_id(events: &[Arc<Stored>]) -> String {
    if let [one] = events {
        return one.event.id().to_owned();
    }
    let mut hash = Sha256::new();
    for stored in events {
        hash.update(stored.event.id().as_bytes());
        hash.update(b"\n");
    }
    hash.finalize()
        .iter()
        .take(16)
        .fold(String::from("batch_"), |id, byte| format!("{id}{byte:02x}"))
}

/// The key of a secret: what follows `whsec_` as base64, else the text itself.
pub(super) fn signing_key(secret: &str) -> Vec<u8> {
    secret
        .strip_prefix("whsec_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .unwrap_or_else(|| secret.as_bytes().to_vec())
}

/// The value of `webhook-signature`.
pub(super) fn signature(key: &[u8], id: &str, timestamp: u64, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}
