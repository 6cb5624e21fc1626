//! Any value may stand at any place of a request, an answer or an event of a
//! stream: the decoder does not panic, and every request has its answer.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

/// A path that is enough to know a call by, with a request, an answer and the
/// events of a stream.
struct Sample {
    path: &'static str,
    request: Value,
    answer: Value,
    events: Vec<Value>,
}

fn anthropic() -> Sample {
    let usage = json!({"input_tokens": 1, "output_tokens": 2, "cache_creation": {"ephemeral_1h_input_tokens": 3},
        "iterations": [{"type": "compaction", "input_tokens": 1}], "server_tool_use": {"web_search_requests": 1}});
    let blocks = json!([
        {"type": "text", "text": "a", "citations": [{"type": "char_location"}]}, {"type": "thinking", "thinking": "b"},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}}, {"type": "compaction", "content": "c"},
        {"type": "web_search_tool_result", "tool_use_id": "t", "content": [{"type": "base64", "data": "AAAA"}]},
        {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}]);
    let whole = json!({"id": "m", "model": "c", "content": blocks, "stop_reason": "refusal",
        "stop_details": {"category": "cyber", "explanation": "e"}, "usage": usage});
    Sample {
        path: "/v1/messages",
        request: json!({"model": "c", "system": [{"type": "text", "text": "s"}], "metadata": {"user_id": "{\"session_id\":\"s\"}"},
            "tools": [{"name": "n"}], "tool_choice": {"type": "any"}, "thinking": {"type": "enabled", "budget_tokens": 1},
            "messages": [{"role": "assistant", "content": blocks}, {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {"type": "base64", "data": "AAAA"}}]},
                {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}}]}]}),
        events: vec![
            json!({"type": "message_start", "message": whole}),
            json!({"type": "content_block_start", "index": 0, "content_block": blocks[2]}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {}}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}),
        ],
        answer: whole,
    }
}

fn gemini() -> Sample {
    let parts = json!([
        {"text": "a", "thought": true}, {"text": "b"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"fileData": {"fileUri": "u"}}, {"functionCall": {"name": "f", "args": {"a": 1}}},
        {"functionResponse": {"name": "f", "response": {"a": 1}, "parts": [{"inlineData": {"data": "AAAA"}}]}},
        {"executableCode": {"code": "1"}}, {"codeExecutionResult": {"output": "1"}}, {"toolCall": {"toolType": "T", "args": {}}}]);
    let pieces = json!([{"functionCall": {"name": "f", "willContinue": true, "partialArgs": [
        {"jsonPath": "$.a[0]['b c']", "stringValue": "x", "willContinue": true}, {"jsonPath": "$.a[0]['b c']", "stringValue": "y"}]}}]);
    let whole = |parts: &Value| {
        json!({"responseId": "r", "modelVersion": "m", "promptFeedback": {"blockReason": "OTHER"},
        "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": parts},
            "groundingMetadata": {"webSearchQueries": ["q"], "groundingChunks": [{"web": {"uri": "u"}}]},
            "urlContextMetadata": {"urlMetadata": [{}]}}],
        "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 2, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}]}})
    };
    Sample {
        path: "/v1beta/models/m:generateContent",
        request: json!({"system_instruction": {"parts": {"text": "s"}}, "contents": [{"role": "user", "parts": parts}],
            "tools": [{"function_declarations": [{"name": "f"}]}, {"google_search": {}}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
            "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}, "stopSequences": ["x"], "responseModalities": ["IMAGE"]}}),
        answer: whole(&parts),
        events: vec![
            whole(&pieces),
            whole(&json!([{"functionCall": {}}])),
            json!({ "response": whole(&parts) }),
        ],
    }
}

fn interactions() -> Sample {
    let steps = json!([
        {"type": "thought", "summary": [{"type": "text", "text": "a"}]}, {"type": "model_output", "content": [{"type": "text", "text": "b"}]},
        {"type": "function_call", "id": "c", "name": "f", "arguments": {"a": 1}}, {"type": "function_result", "call_id": "c", "result": ["r"]},
        {"type": "google_search_result", "call_id": "c", "result": []}, {"type": "image", "data": "AAAA"}]);
    let whole = json!({"id": "v1", "model": "m", "status": "failed", "errors": [{"message": "e"}], "steps": steps,
        "usage": {"total_input_tokens": 1, "total_tokens": 2}});
    let at =
        |kind: &str, key: &str, value: &Value| json!({"event_type": kind, "index": 0, key: value});
    Sample {
        path: "/v1beta/interactions",
        request: json!({"model": "m", "input": steps, "generation_config": {"tool_choice": {"allowed_tools": {"mode": "any"}}},
            "tools": [{"type": "function", "name": "f"}], "response_format": [{"mime_type": "application/json"}]}),
        events: vec![
            at("interaction.created", "interaction", &whole),
            at("step.start", "step", &steps[2]),
            at(
                "step.delta",
                "delta",
                &json!({"type": "arguments_delta", "arguments": "{"}),
            ),
            at(
                "step.delta",
                "delta",
                &json!({"type": "google_search_call", "arguments": {"q": 1}}),
            ),
            at(
                "step.delta",
                "delta",
                &json!({"type": "thought_summary", "content": {"text": "t"}}),
            ),
            at("step.stop", "usage", &Value::Null),
            at("interaction.completed", "interaction", &whole),
        ],
        answer: whole,
    }
}

fn predict() -> Sample {
    let answer = json!({"name": "o", "predictions": [
        {"embeddings": {"values": [0.5], "statistics": {"token_count": 2.0}}, "textEmbedding": [0.5]},
        {"content": "c", "prompt": "p", "mimeType": "image/png", "bytesBase64Encoded": "AAAA"}]});
    Sample {
        path: "/v1/projects/p/locations/l/publishers/google/models/m:predict",
        request: json!({"instances": [{"prompt": "p", "image": {"gcsUri": "u"}, "referenceImages": [{"referenceImage": {"gcsUri": "u"}}]}],
            "parameters": {"sampleCount": 2, "temperature": 0.5}}),
        events: vec![answer.clone()],
        answer,
    }
}

fn places(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(object) => object.values().map(places).sum(),
        _ => 0,
    };
    inner + 1
}

/// Puts another value at the n-th place.
fn put(value: &mut Value, n: &mut usize, other: &Value) {
    if *n == 0 {
        *value = other.clone();
    }
    *n = n.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, n, other)),
        Value::Object(object) => object.values_mut().for_each(|item| put(item, n, other)),
        _ => {}
    }
}

fn with(value: &Value, place: prop::sample::Index, other: &Value) -> Value {
    let mut changed = value.clone();
    put(&mut changed, &mut place.index(places(value)), other);
    changed
}

fn decoded(sample: &Sample, request: &Value, response: Vec<u8>) -> Vec<Value> {
    let fields = "anthropic-version: 2023-06-01\r\nx-goog-api-key: AIzaMadeUp\r\n";
    let request = post(
        "generativelanguage.googleapis.com",
        sample.path,
        fields,
        &request.to_string(),
    );
    events(&[Out(request), In(response), Close])
}

fn samples() -> [Sample; 4] {
    [anthropic(), gemini(), interactions(), predict()]
}

#[test]
fn the_samples_are_understood_as_they_are() {
    for sample in samples() {
        let made = decoded(
            &sample,
            &sample.request,
            json_response(&sample.answer.to_string()),
        );
        let response = one(&made, "ai.response");
        assert_eq!(response["confidence"]["completeness"], "full", "{response}");
        assert!(one(&made, "ai.request")["data"]["messages_count"].as_u64() > Some(0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn any_value_may_stand_anywhere(
        which in 0..4usize,
        places in any::<[prop::sample::Index; 3]>(),
        other in prop::sample::select(vec![
            Value::Null, json!(true), json!(-1), json!(1e300), json!(u64::MAX), json!(""), json!("ü"), json!([]), json!({}),
            json!([null]), json!([[]]), json!({"type": "text"}), json!({"a": {"b": 1}}), json!([1, "a", {}]),
        ]),
    ) {
        let sample = &samples()[which];
        let request = with(&sample.request, places[0], &other);
        let answer = with(&sample.answer, places[1], &other);
        let changed = with(&Value::from(sample.events.clone()), places[2], &other);
        let lines: Vec<_> = match &changed {
            Value::Array(events) => events.iter().map(|event| format!("data: {event}")).collect(),
            one => vec![format!("data: {one}")],
        };
        let stream = sse_response(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        for response in [json_response(&answer.to_string()), stream, json_response(&changed.to_string())] {
            let made = decoded(sample, &request, response);
            let count = |kind| of_type(&made, kind).len();
            prop_assert_eq!(count("ai.request"), count("ai.response"));
        }
    }
}
