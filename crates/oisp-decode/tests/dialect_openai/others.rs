//! Completions, embeddings, moderations, batches.

use serde_json::{Value, json};

use crate::support::*;
use crate::wire::{call_to as call, contents, events_stream};

#[test]
fn completions_of_many_prompts_have_a_choice_each() {
    let body = json!({"model": "gpt-3.5-turbo-instruct", "prompt": ["one", "two"], "suffix": "end", "max_tokens": 5, "n": 1, "echo": true, "logprobs": 2});
    let answer = json!({"id": "cmpl-1", "model": "gpt-3.5-turbo-instruct:1", "choices": [
        {"index": 1, "text": "B", "finish_reason": "length", "logprobs": {}}, {"index": 0, "text": "A", "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}});
    let events = call("/v1/completions", &body, json_response(&answer.to_string()));
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["request_type"], "completion");
    assert_eq!(request["attrs"]["gen_ai.operation.name"], "text_completion");
    assert_eq!(contents(request), [Some("one"), Some("two")]);
    assert_eq!(
        request["ext"]["oisp"]["input_messages"][0]["parts"][0],
        json!({"type": "suffix", "content": "end"})
    );
    assert_eq!(request["data"]["parameters"]["max_tokens"], 5);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "A");
    assert_eq!(data["choices"][1]["finish_reason"], "length");
    assert_eq!(data["usage"]["total_tokens"], 4);
}

#[test]
fn prompts_of_tokens_are_counted() {
    let body = json!({"model": "m", "prompt": [[1, 2, 3], [4]]});
    let answer = json!({"id": "1", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]});
    let events = call("/v1/completions", &body, json_response(&answer.to_string()));
    let request = one(&events, "ai.request");
    assert_eq!(contents(request), [None, None]);
    assert_eq!(
        request["ext"]["oisp"]["input_messages"][0]["parts"][0],
        json!({"type": "tokens", "length": 3})
    );
}

#[test]
fn a_stream_of_completions_is_joined_but_not_over_a_hole() {
    let chunk = |text: &str, finish: Value| {
        (
            "",
            json!({"id": "c", "choices": [{"index": 0, "text": text, "finish_reason": finish}]}),
        )
    };
    let wire = events_stream(&[
        chunk("one ", Value::Null),
        chunk("lost ", Value::Null),
        chunk("two", json!("stop")),
        (
            "",
            json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 3}}),
        ),
    ]);
    let request = post(
        "api.openai.com",
        "/v1/completions",
        "",
        r#"{"model":"m","prompt":"p","stream":true}"#,
    );
    let mut steps = vec![Out(request.clone())];
    steps.extend(wire.iter().map(|byte| In(vec![*byte])));
    let whole = events(&steps);
    let data = &one(&whole, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "one lost two");
    assert_eq!(
        (&data["usage"]["total_tokens"], &data["finish_reason"]),
        (&json!(4), &json!("stop"))
    );

    let lost = wire
        .windows(5)
        .position(|window| window == b"lost ")
        .unwrap();
    let torn = events(&[
        Out(request),
        In(wire[..lost].to_vec()),
        GapIn(5),
        In(wire[lost + 5..].to_vec()),
        Close,
    ]);
    let response = one(&torn, "ai.response");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "one ");
    assert_eq!(response["confidence"]["completeness"], "partial");
}

#[test]
fn completions_stream_bare_values_or_fail() {
    let ask = json!({"model": "m", "prompt": "p", "stream": true});
    let events = call(
        "/v1/completions",
        &ask,
        events_stream(&[("", json!({"value": "a"})), ("", json!({"value": "b"}))]),
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "ab"
    );
    let events = call(
        "/v1/completions",
        &ask,
        events_stream(&[("error", json!({"message": "full"}))]),
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["error"]["message"],
        "full"
    );
}

#[test]
fn embeddings_are_counted_and_measured() {
    let base64 = "AAAAAAAAAAAAAAAA";
    for (vector, dimensions) in [(json!([0.5, 1, -2]), 3), (json!(base64), 3)] {
        let body = json!({"model": "text-embedding-3-small", "input": ["one", "two"], "encoding_format": "base64", "dimensions": 3});
        let answer = json!({"object": "list", "model": "text-embedding-3-small", "data": [{"index": 0, "embedding": vector}, {"index": 1, "embedding": vector}],
            "usage": {"prompt_tokens": 2, "total_tokens": 2}});
        let events = call("/v1/embeddings", &body, json_response(&answer.to_string()));
        let request = one(&events, "ai.request");
        assert_eq!(contents(request), [Some("one"), Some("two")]);
        assert_eq!(
            request["attrs"]["gen_ai.request.encoding_formats"],
            json!(["base64"])
        );
        assert_eq!(request["attrs"]["gen_ai.embeddings.dimension.count"], 3);
        let data = &one(&events, "ai.embedding")["data"];
        assert_eq!(
            (&data["input_count"], &data["dimensions"]),
            (&json!(2), &json!(dimensions))
        );
        let response = one(&events, "ai.response");
        assert_eq!(
            response["data"]["usage"],
            json!({"prompt_tokens": 2, "total_tokens": 2})
        );
        assert!(!response.to_string().contains(base64));
    }
}

#[test]
fn embeddings_fail_and_count_tokens_given_as_such() {
    let error = r#"{"error":{"message":"no key","code":"401"}}"#;
    let failed = format!(
        "HTTP/1.1 401 x\r\nContent-Length: {}\r\n\r\n{error}",
        error.len()
    );
    let path = "/openai/deployments/embedder/embeddings?api-version=1";
    let events = call(path, &json!({"input": [1, 2, 3, 4]}), failed.into_bytes());
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["model"]["id"], "embedder");
    assert_eq!(
        request["ext"]["oisp"]["input_messages"][0]["parts"][0]["length"],
        4
    );
    assert!(of_type(&events, "ai.embedding").is_empty());
    assert_eq!(
        one(&events, "ai.response")["data"]["error"]["message"],
        "no key"
    );
}

#[test]
fn moderations_name_what_they_found() {
    let body = json!({"model": "omni-moderation-latest", "input": [{"type": "text", "text": "hm"}, {"type": "image_url", "image_url": {"url": "https://pics.example/a.png"}}]});
    let answer = json!({"id": "modr-1", "model": "omni", "results": [
        {"flagged": true, "categories": {"hate": false, "violence": true}, "category_scores": {}},
        {"categories": {"pii": true}}, {"flagged": false, "categories": {"hate": false}}]});
    let events = call("/v1/moderations", &body, json_response(&answer.to_string()));
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["request_type"], "moderation");
    assert_eq!(contents(request), [Some("hm")]);
    assert_eq!(request["data"]["image_count"], 1);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "full");
    assert_eq!(
        response["ext"]["oisp"]["output_parts"],
        json!([{"type": "moderation", "flagged": true, "categories": ["violence"]},
               {"type": "moderation", "flagged": true, "categories": ["pii"]},
               {"type": "moderation", "flagged": false, "categories": []}])
    );
    let many = call(
        "/v1/moderations",
        &json!({"input": ["a", "b"]}),
        json_response(&answer.to_string()),
    );
    assert_eq!(contents(one(&many, "ai.request")), [Some("a"), Some("b")]);
}

#[test]
fn a_batch_is_told_by_its_body() {
    let body =
        json!({"input_file_id": "file-1", "endpoint": "/v1/responses", "completion_window": "24h"});
    let answer = json!({"id": "batch_1", "object": "batch", "status": "validating"});
    let events = call("/v1/batches", &body, json_response(&answer.to_string()));
    let request = one(&events, "ai.request");
    assert_eq!(
        (
            &request["data"]["request_type"],
            &request["attrs"]["oisp.batch.endpoint"]
        ),
        (&json!("other"), &json!("/v1/responses"))
    );
    assert_eq!(
        one(&events, "ai.response")["ext"]["oisp"]["output_parts"][0]["status"],
        "validating"
    );
    assert!(call("/v1/batches", &json!({"items": []}), json_response("{}")).is_empty());
}

#[test]
fn paths_that_end_alike_are_no_calls() {
    for (path, body) in [
        ("/v1/completions", json!({"courses": [1]})),
        ("/completions", json!({"prompt": "x"})),
        ("/indexes/docs/embeddings", json!({"input": "x"})),
        ("/v1/embeddings", json!({"vectors": []})),
        ("/v1/moderations", json!({"post": 7})),
        ("/images/generations", json!({"size": 1})),
    ] {
        assert!(call(path, &body, json_response("{}")).is_empty(), "{path}");
    }
}
