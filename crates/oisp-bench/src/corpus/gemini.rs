//! Gemini: a streamed answer as server-sent events, each a whole response.

use serde_json::{Value, json};

use super::Case;
use super::text::Words;
use super::wire::{Frame, Wire};

const HOST: &str = "generativelanguage.googleapis.com";
const PATH: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const FIELDS: &str = "x-goog-api-key: AIzaMadeUpForTheBenchmark\r\n";

/// An answer in so many pieces.
pub(super) fn stream(name: &'static str, chunks: usize) -> Case {
    let mut words = Words::new(8);
    let mut wire = Wire::open(HOST);
    let contents = json!([{"role": "user", "parts": [{"text": words.prose(200)}]}]);
    let body = json!({"contents": contents, "generationConfig": {"temperature": 0.2}});
    wire.request(HOST, PATH, FIELDS, &body);
    let mut text = String::new();
    let mut frames = Vec::new();
    for chunk in 1..=chunks {
        let word = format!("{} ", words.word());
        text.push_str(&word);
        frames.push(frame(&word, chunk, chunk == chunks));
    }
    wire.stream(frames);
    wire.close(name, vec![text])
}

fn frame(word: &str, tokens: usize, is_last: bool) -> Frame {
    let mut candidate =
        json!({"content": {"parts": [{"text": word}], "role": "model"}, "index": 0});
    if is_last && let Value::Object(candidate) = &mut candidate {
        candidate.insert("finishReason".into(), "STOP".into());
    }
    let usage = json!({
        "promptTokenCount": 57, "candidatesTokenCount": tokens, "totalTokenCount": 57 + tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 57}],
    });
    Frame {
        name: None,
        data: Some(json!({
            "candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash",
            "responseId": "made-up-0001",
        })),
    }
}
