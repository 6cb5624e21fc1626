//! What `ai.response` must say, worked out from what the provider meant.

use oisp_testkit::{Dialect, Ending, Exchange, Usage};
use serde_json::{Value, json};

use super::asked;

/// What the event must say.
pub fn of(exchange: &Exchange) -> Value {
    assert_eq!(exchange.ending, Ending::Whole);
    let meant = exchange.meant.as_ref().unwrap();
    let failed = meant.error.is_some();
    let calls = meant.tool_calls.iter().map(|call| {
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
        json!([call.id, call.name, "function", arguments])
    });
    // An error in place of an answer names no model: then it is the one asked for.
    let model = if failed && meant.texts.is_empty() {
        asked::model(exchange)
    } else {
        meant.model.clone()
    };
    let mut texts = meant.texts.clone();
    if exchange.status == 101 && texts.is_empty() {
        // A stream that broke off before its first word.
        texts.push(String::new());
    }
    json!({
        "status": exchange.status,
        "success": exchange.status < 400 && !failed,
        "model": model,
        "texts": texts,
        "tool_calls": calls.collect::<Vec<_>>(),
        "usage": meant.usage.map_or_else(|| usage_so_far(exchange), |usage| told(exchange, usage)),
        "finish": finish_of(exchange),
        "finish_raw": meant.finish,
        "error": meant.error.as_ref().map(|error| &error.message),
        "streamed": meant.streamed,
        "completeness": "full",
    })
}

/// What `ai.embedding` must say: model, vectors, their length, tokens.
pub fn embedding(exchange: &Exchange) -> Value {
    let meant = exchange.meant.as_ref().unwrap();
    let body: Value = serde_json::from_slice(&exchange.response_body).unwrap();
    let asked: Value = serde_json::from_slice(&exchange.request_body).unwrap();
    let (vectors, length) = match exchange.dialect {
        Dialect::Embeddings => (&body["data"], asked["dimensions"].as_u64()),
        _ => (&body["embeddings"], Some(768)),
    };
    let count = vectors.as_array().unwrap().len();
    json!([
        meant.model,
        count,
        length,
        meant.usage.map(|usage| usage.input)
    ])
}

/// Vectors have no output to count.
fn told(exchange: &Exchange, usage: Usage) -> [Option<u64>; 2] {
    let output = Some(usage.output).filter(|_| exchange.dialect != Dialect::Embeddings);
    [Some(usage.input), output]
}

/// What a stream that was broken off had told of usage: Anthropic begins with
/// the input, and Gemini repeats it. The count of the output beside it is
/// provisional, and no total.
fn usage_so_far(exchange: &Exchange) -> [Option<u64>; 2] {
    let body = String::from_utf8_lossy(&exchange.response_body);
    let data = body.lines().filter_map(|line| line.strip_prefix("data: "));
    let first = data
        .filter_map(|data| serde_json::from_str::<Value>(data).ok())
        .next();
    let first = first.unwrap_or_default();
    let input = match exchange.dialect {
        Dialect::Anthropic => &first["message"]["usage"]["input_tokens"],
        Dialect::Gemini => &first["usageMetadata"]["promptTokenCount"],
        _ => &Value::Null,
    };
    [input.as_u64(), None]
}

fn finish_of(exchange: &Exchange) -> Value {
    let meant = exchange.meant.as_ref().unwrap();
    if meant.error.is_some() && exchange.status < 400 {
        return "error".into();
    }
    let usual = if meant.tool_calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    match meant.finish.as_deref() {
        Some("stop" | "end_turn" | "stop_sequence" | "completed" | "STOP" | "COMPLETE") => {
            usual.into()
        }
        Some("length" | "max_tokens" | "max_output_tokens" | "MAX_TOKENS") => "length".into(),
        Some("tool_calls" | "tool_use" | "TOOL_CALL") => "tool_calls".into(),
        Some(other) => panic!("a finish that this test does not know: {other}"),
        None => Value::Null,
    }
}
