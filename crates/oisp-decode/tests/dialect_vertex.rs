//! What Vertex AI says in its own methods: other publishers' APIs passed on,
//! vectors and pictures of `:predict`.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

const HOST: &str = "us-east5-aiplatform.googleapis.com";

fn call(publisher_model_method: &str, body: &Value, response: Vec<u8>) -> Vec<Value> {
    let path = format!("/v1/projects/p/locations/l/publishers/{publisher_model_method}");
    let request = post(
        HOST,
        &path,
        "authorization: Bearer ya29.madeup\r\n",
        &body.to_string(),
    );
    events(&[Out(request), In(response), Close])
}

#[test]
fn anthropics_messages_take_their_model_from_the_path() {
    let body = json!({"anthropic_version": "vertex-2023-10-16", "max_tokens": 9, "stream": true,
                      "messages": [{"role": "user", "content": "hi"}]});
    let named = |event: Value| format!("event: {}\ndata: {event}", event["type"].as_str().unwrap());
    let chunks = [
        named(
            json!({"type": "message_start", "message": {"id": "msg_vrtx_1", "model": "claude-sonnet-4-5",
            "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        ),
        named(
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
        named(
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ja."}}),
        ),
        named(
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        ),
    ];
    let response = sse_response(&chunks.iter().map(String::as_str).collect::<Vec<_>>());
    let events = call(
        "anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict",
        &body,
        response,
    );
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["model"]["id"], "claude-sonnet-4-5@20250929");
    assert_eq!(
        (
            &request["data"]["streaming"],
            &request["attrs"]["oisp.dialect"]
        ),
        (&json!(true), &json!("anthropic.messages"))
    );
    assert_eq!(request["attrs"]["gen_ai.provider.name"], "gcp.vertex_ai");
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "Ja.");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
    );
}

#[test]
fn anthropics_tokens_are_counted_and_errors_come_in_arrays() {
    let body =
        json!({"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hi"}]});
    let events = call(
        "anthropic/models/count-tokens:rawPredict",
        &body,
        json_response(r#"{"input_tokens": 8}"#),
    );
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["model"]["id"], "claude-sonnet-4-5");
    assert_eq!(request["attrs"]["gen_ai.operation.name"], "count_tokens");
    assert_eq!(
        one(&events, "ai.response")["data"]["usage"],
        json!({"prompt_tokens": 8})
    );

    let error = r#"[{"error":{"code":404,"message":"No such model","status":"NOT_FOUND"}}]"#;
    let response = format!(
        "HTTP/1.1 404 x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{error}",
        error.len()
    );
    let events = call(
        "anthropic/models/claude-1:streamRawPredict",
        &body,
        response.into_bytes(),
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"type": "NOT_FOUND", "message": "No such model", "code": "404"})
    );
}

#[test]
fn other_publishers_speak_openais_chat() {
    let body = json!({"model": "mistral-large-2411", "stream": false, "messages": [{"role": "user", "content": "hi"}]});
    let events = call(
        "mistralai/models/mistral-large-2411:rawPredict",
        &body,
        json_response(&answer("ok")),
    );
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["model"]["id"], "mistral-large-2411");
    assert_eq!(
        (
            &request["data"]["streaming"],
            &request["attrs"]["oisp.dialect"]
        ),
        (&json!(false), &json!("openai.chat"))
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "ok"
    );

    let fill = json!({"prompt": "def f(", "suffix": "return 1"});
    let events = call(
        "mistralai/models/codestral-2501:rawPredict",
        &fill,
        json_response(&answer("):")),
    );
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][0]["content"],
        "def f("
    );
}

#[test]
fn vectors_are_counted_with_their_tokens() {
    let body = json!({"instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}, {"content": "b"}],
                      "parameters": {"outputDimensionality": 2}});
    let vector = |tokens: Value| json!({"embeddings": {"values": [0.125, 0.5], "statistics": {"token_count": tokens, "truncated": false}}});
    let response = json!({"predictions": [vector(json!(4)), vector(json!(5.0))], "metadata": {"billableCharacterCount": 2}});
    let events = call(
        "google/models/text-embedding-005:predict",
        &body,
        json_response(&response.to_string()),
    );
    let request = one(&events, "ai.request");
    assert_eq!(
        (
            &request["data"]["request_type"],
            &request["data"]["messages"][1]["content"]
        ),
        (&json!("embedding"), &json!("b"))
    );
    assert_eq!(request["attrs"]["gen_ai.embeddings.dimension.count"], 2);
    let embedding = &one(&events, "ai.embedding")["data"];
    assert_eq!(
        (&embedding["input_count"], &embedding["dimensions"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["usage"],
        json!({"prompt_tokens": 9})
    );

    let body = json!({"instances": [{"text": "a", "image": {"bytesBase64Encoded": "AAAA", "mimeType": "image/png"}}]});
    let response = json!({"predictions": [{"textEmbedding": [0.1], "imageEmbedding": [0.1]}]});
    let events = call(
        "google/models/multimodalembedding@001:predict",
        &body,
        json_response(&response.to_string()),
    );
    assert_eq!(one(&events, "ai.request")["data"]["image_count"], 1);
    assert_eq!(one(&events, "ai.embedding")["data"]["input_count"], 2);
}

#[test]
fn pictures_stand_as_length_and_hash() {
    let body =
        json!({"instances": [{"prompt": "a tree"}], "parameters": {"sampleCount": 2, "seed": 7}});
    let response = json!({"predictions": [
        {"mimeType": "image/png", "bytesBase64Encoded": "AAAA", "prompt": "a green tree"},
        {"raiFilteredReason": "no people"}]});
    let events = call(
        "google/models/imagen-4.0-generate-001:predict",
        &body,
        json_response(&response.to_string()),
    );
    let request = one(&events, "ai.request");
    assert_eq!(
        (
            &request["data"]["request_type"],
            &request["data"]["messages"][0]["content"]
        ),
        (&json!("image"), &json!("a tree"))
    );
    assert_eq!(
        (
            &request["attrs"]["gen_ai.request.choice.count"],
            &request["attrs"]["gen_ai.request.seed"]
        ),
        (&json!(2), &json!(7))
    );
    let response = one(&events, "ai.response");
    let parts = &response["ext"]["oisp"]["output_parts"];
    assert_eq!(
        (&parts[0]["type"], &parts[0]["length"]),
        (&json!("blob"), &json!(3))
    );
    assert_eq!(parts[1], json!({"type": "text", "content": "a green tree"}));
    assert_eq!(parts[2], json!({"type": "refusal", "content": "no people"}));
    assert_eq!(response["confidence"]["completeness"], "full");
    assert!(!response.to_string().contains("AAAA"));
}

#[test]
fn older_texts_and_videos_that_take_long_are_told() {
    let body = json!({"instances": [{"prompt": "hi"}], "parameters": {"temperature": 0.5, "maxOutputTokens": 10}});
    let response = json!({"predictions": [{"content": "hello", "safetyAttributes": {}}]});
    let events = call(
        "google/models/text-bison@002:predict",
        &body,
        json_response(&response.to_string()),
    );
    let request = &one(&events, "ai.request")["data"];
    assert_eq!(
        (&request["request_type"], &request["parameters"]),
        (
            &json!("completion"),
            &json!({"temperature": 0.5, "max_tokens": 10})
        )
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "hello"
    );

    let response = json_response(r#"{"name": "projects/p/operations/1"}"#);
    let events = call(
        "google/models/veo-3.0-generate-001:predictLongRunning",
        &body,
        response,
    );
    assert_eq!(one(&events, "ai.request")["data"]["request_type"], "other");
    assert_eq!(
        one(&events, "ai.response")["attrs"]["gen_ai.response.id"],
        "projects/p/operations/1"
    );
}

#[test]
fn other_servers_predictions_are_no_calls_to_a_model_of_google() {
    for (path, body) in [
        (
            "/v1/models/churn:predict",
            json!({"instances": [{"content": "a"}]}),
        ),
        (
            "/v1/models/churn:predict",
            json!({"instances": [[1.0, 2.0]]}),
        ),
        (
            "/v1/projects/p/locations/l/endpoints/42:predict",
            json!({"instances": [{"age": 3}]}),
        ),
        (
            "/v1/projects/p/locations/l/endpoints/42:rawPredict",
            json!({"instances": [{"age": 3}]}),
        ),
        ("/v1/interactions", json!({"type": 2, "input": "x"})),
    ] {
        let request = post("models.example.com", path, "", &body.to_string());
        let made = events(&[
            Out(request),
            In(json_response(r#"{"predictions": [1]}"#)),
            Close,
        ]);
        assert!(made.is_empty(), "{path} {body}");
    }
}
