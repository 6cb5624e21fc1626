//! Bedrock: a conversation's answer as binary messages (AWS event stream).

use oisp_core::Direction;
use serde_json::{Value, json};

use super::Case;
use super::text::Words;
use super::wire::Wire;

const HOST: &str = "bedrock-runtime.us-east-1.amazonaws.com";
const PATH: &str = "/model/anthropic.claude-3-5-haiku-20241022-v1%3A0/converse-stream";
const FIELDS: &str = "authorization: AWS4-HMAC-SHA256 Credential=AKIAMADEUP0000000000/20251121/us-east-1/bedrock/aws4_request\r\n";
const HEAD: &str = "HTTP/1.1 200 OK\r\nx-amzn-requestid: made-up-0001\r\ncontent-type: application/vnd.amazon.eventstream\r\ntransfer-encoding: chunked\r\n\r\n";

/// An answer in so many deltas, a chunk and a record each.
pub(super) fn stream(name: &'static str, chunks: usize) -> Case {
    let mut words = Words::new(9);
    let mut wire = Wire::open(HOST);
    let messages = json!([{"role": "user", "content": [{"text": words.prose(200)}]}]);
    wire.request(HOST, PATH, FIELDS, &json!({"messages": messages}));
    wire.data(Direction::Incoming, HEAD.as_bytes());
    send(&mut wire, "messageStart", &json!({"role": "assistant"}));
    let mut text = String::new();
    for _ in 0..chunks {
        let word = format!("{} ", words.word());
        let delta =
            json!({"contentBlockIndex": 0, "delta": {"text": word}, "p": "abcdefghijklmnop"});
        send(&mut wire, "contentBlockDelta", &delta);
        text.push_str(&word);
    }
    send(
        &mut wire,
        "contentBlockStop",
        &json!({"contentBlockIndex": 0}),
    );
    send(&mut wire, "messageStop", &json!({"stopReason": "end_turn"}));
    let usage = json!({"inputTokens": 57, "outputTokens": chunks, "totalTokens": 57 + chunks});
    send(
        &mut wire,
        "metadata",
        &json!({"usage": usage, "metrics": {"latencyMs": 900}}),
    );
    wire.chunk(b"");
    wire.close(name, vec![text])
}

fn send(wire: &mut Wire, event: &str, payload: &Value) {
    let payload = wire.document(payload);
    let message = message(event, &payload);
    wire.chunk(&message);
}

/// A message: lengths and their CRC, fields, payload, CRC of it all.
fn message(event: &str, payload: &[u8]) -> Vec<u8> {
    let mut fields = Vec::new();
    for (name, value) in [
        (":event-type", event),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ] {
        fields.extend(u8::try_from(name.len()).unwrap_or(0).to_be_bytes());
        fields.extend(name.as_bytes());
        // The type of texts.
        fields.push(7);
        fields.extend(u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
        fields.extend(value.as_bytes());
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(0).to_be_bytes();
    let mut bytes = Vec::new();
    bytes.extend(length(fields.len() + payload.len() + 16));
    bytes.extend(length(fields.len()));
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend(fields);
    bytes.extend(payload);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}
