//! What calls and answers of AWS say: Bedrock and SageMaker.

#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::*;

const HOST: &str = "bedrock-runtime.us-east-1.amazonaws.com";

fn call(path: &str, body: &Value, answer: Vec<u8>) -> Vec<Value> {
    call_at(HOST, path, body, answer)
}

fn call_at(host: &str, path: &str, body: &Value, answer: Vec<u8>) -> Vec<Value> {
    let request = post(host, path, "", &body.to_string());
    events(&[Out(request), In(answer), Close])
}

fn header(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![name.len() as u8];
    bytes.extend(name.as_bytes());
    bytes.push(7);
    bytes.extend((value.len() as u16).to_be_bytes());
    bytes.extend(value.as_bytes());
    bytes
}

/// A message of Amazon's event stream.
fn message(kind: &str, name: &str, payload: &str) -> Vec<u8> {
    let mut headers = header(&format!(":{kind}-type"), name);
    headers.extend(header(":message-type", kind));
    let total = (16 + headers.len() + payload.len()) as u32;
    let mut bytes = total.to_be_bytes().to_vec();
    bytes.extend((headers.len() as u32).to_be_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend(headers);
    bytes.extend(payload.as_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn event(name: &str, payload: &Value) -> Vec<u8> {
    message("event", name, &payload.to_string())
}

fn chunk(inner: &Value) -> Vec<u8> {
    let bytes = STANDARD.encode(inner.to_string());
    event("chunk", &json!({"bytes": bytes, "p": "abc"}))
}

fn streamed(messages: &[Vec<u8>]) -> Vec<u8> {
    let fields = "Content-Type: application/vnd.amazon.eventstream\r\n";
    response(fields, &messages.concat())
}

fn ask() -> Value {
    json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]})
}

#[test]
fn a_converse_request_with_every_kind_of_content() {
    let body = json!({
        "system": [{"text": "be kind"}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {"role": "user", "content": [
                {"text": "one"}, {"guardContent": {"text": {"text": "two"}}},
                {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
                {"document": {"format": "pdf", "name": "d", "source": {"bytes": "AAAA"}}},
                {"document": {"format": "txt", "name": "t", "source": {"text": "three"}}},
                {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/v.mp4"}}}},
                {"audio": {"format": "wav", "source": {"bytes": "AAAA"}}}]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
                {"toolUse": {"toolUseId": "t1", "name": "read", "input": {"p": 1}}}]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "t1", "status": "error", "content": [{"json": [1]}, {"text": "x"}]}},
                {"text": "go on"}]}],
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "read", "description": "reads", "inputSchema": {"json": {}}}},
                      {"cachePoint": {"type": "default"}}],
            "toolChoice": {"any": {}}},
        "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.25, "stopSequences": ["END"]},
        "additionalModelRequestFields": {"top_k": 7, "reasoning_effort": "low"},
        "guardrailConfig": {"guardrailIdentifier": "g1", "guardrailVersion": "1"}
    });
    let answer = json!({"output": {"message": {"role": "assistant", "content": [{"text": "ok"}]}}, "stopReason": "end_turn"});
    let id = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.amazon.nova";
    let events = call(
        &format!("/model/{id}/converse"),
        &body,
        json_response(&answer.to_string()),
    );
    let request = one(&events, "ai.request");
    let data = &request["data"];
    assert_eq!(
        data["model"]["id"],
        "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova"
    );
    assert_eq!(data["provider"]["name"], "aws_bedrock");
    assert_eq!(data["streaming"], false);
    let said: Vec<_> = data["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            (
                message["role"].as_str().unwrap(),
                message["content"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("system", Some("be kind")),
            ("user", Some("one\ntwo\nthree")),
            ("assistant", None),
            ("tool", Some("[1]\nx")),
            ("user", Some("go on")),
        ]
    );
    assert_eq!(data["messages"][3]["tool_call_id"], "t1");
    assert_eq!(data["messages"][1]["image_count"], 1);
    assert_eq!(
        data["tools"],
        json!([{"name": "read", "type": "function", "description": "reads"}])
    );
    assert_eq!(data["tool_choice"], "required");
    assert_eq!(
        data["parameters"],
        json!({"temperature": 0.5, "top_p": 0.25, "max_tokens": 9, "stop": ["END"]})
    );
    assert_eq!(request["attrs"]["gen_ai.request.top_k"], 7);
    assert_eq!(request["attrs"]["gen_ai.request.reasoning.level"], "low");
    assert_eq!(request["attrs"]["aws.bedrock.guardrail.id"], "g1");
    let parts = &request["ext"]["oisp"]["input_messages"];
    let kinds: Vec<_> = parts[0]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            (
                part["type"].as_str().unwrap(),
                part["modality"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("blob", "image"),
            ("blob", "document"),
            ("uri", "video"),
            ("blob", "audio")
        ]
    );
    assert!(
        !request.to_string().contains("AAAA"),
        "bytes stand as length and hash"
    );
}

#[test]
fn a_converse_answer_counts_the_cache_as_input() {
    let answer = json!({
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "hm"}}},
            {"text": "a"}, {"citationsContent": {"content": [{"text": "b"}], "citations": [{"title": "t", "location": {}}]}},
            {"toolUse": {"toolUseId": "t1", "name": "read", "input": {"p": 1}}},
            {"toolUse": {"toolUseId": "t2", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}}]}},
        "stopReason": "tool_use", "metrics": {"latencyMs": 12},
        "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7, "cacheReadInputTokens": 10, "cacheWriteInputTokens": 20,
                  "cacheDetails": [{"ttl": "1h", "inputTokens": 20}]}
    });
    let events = call(
        "/model/us.anthropic.claude-x/converse",
        &ask(),
        json_response(&answer.to_string()),
    );
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "ab");
    assert_eq!(data["finish_reason"], "tool_calls");
    let usage = &data["usage"];
    assert_eq!(
        (
            &usage["prompt_tokens"],
            &usage["completion_tokens"],
            &usage["total_tokens"],
            &usage["cached_tokens"]
        ),
        (&json!(33), &json!(4), &json!(37), &json!(10))
    );
    assert_eq!(
        response["attrs"]["gen_ai.usage.cache_creation.input_tokens"],
        20
    );
    assert_eq!(
        response["attrs"]["oisp.usage.cache_creation_1h.input_tokens"],
        20
    );
    assert_eq!(
        data["tool_calls"][0],
        json!({"id": "t1", "name": "read", "type": "function", "arguments": {"p": 1}})
    );
    assert_eq!(data["tool_calls"][1]["type"], "server_tool_use");
    assert_eq!(of_type(&events, "agent.tool_call").len(), 1);
    let parts = &response["ext"]["oisp"]["output_messages"][0]["parts"];
    assert_eq!(parts[0], json!({"type": "reasoning", "content": "hm"}));
    assert_eq!(parts[1]["type"], "citation");
}

fn converse_stream() -> Vec<Vec<u8>> {
    let delta = |index: u64, delta: Value| {
        event(
            "contentBlockDelta",
            &json!({"contentBlockIndex": index, "delta": delta}),
        )
    };
    vec![
        event("messageStart", &json!({"role": "assistant", "p": "abc"})),
        delta(0, json!({"reasoningContent": {"text": "hm"}})),
        delta(0, json!({"reasoningContent": {"signature": "s"}})),
        delta(1, json!({"text": "one "})),
        delta(1, json!({"text": "two"})),
        event(
            "contentBlockStart",
            &json!({"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t1", "name": "read"}}}),
        ),
        delta(2, json!({"toolUse": {"input": "{\"p\":"}})),
        delta(2, json!({"toolUse": {"input": "1}"}})),
        event("contentBlockStop", &json!({"contentBlockIndex": 2})),
        event("messageStop", &json!({"stopReason": "tool_use"})),
        event(
            "metadata",
            &json!({"usage": {"inputTokens": 5, "outputTokens": 6}, "metrics": {"latencyMs": 7}}),
        ),
    ]
}

#[test]
fn a_converse_stream_is_the_same_however_it_is_cut() {
    let request = post(
        HOST,
        "/model/amazon.nova-lite-v1%3A0/converse-stream",
        "",
        &ask().to_string(),
    );
    let answer = streamed(&converse_stream());
    let mut bytewise = vec![Out(request.clone())];
    bytewise.extend(answer.iter().map(|byte| In(vec![*byte])));
    bytewise.push(Close);
    for steps in [vec![Out(request), In(answer), Close], bytewise] {
        let events = events(&steps);
        assert_eq!(one(&events, "ai.request")["data"]["streaming"], true);
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["choices"][0]["message"]["content"], "one two");
        assert_eq!(data["tool_calls"][0]["arguments"], json!({"p": 1}));
        assert_eq!(data["usage"]["total_tokens"], 11);
        assert_eq!(data["finish_reason"], "tool_calls");
        assert!(data["time_to_first_token_ms"].is_number());
    }
}

#[test]
fn nothing_is_joined_over_a_gap() {
    let messages = converse_stream();
    let before = messages[..4].concat();
    let after = messages[5..].concat();
    let lost = messages[4].len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nContent-Length: {}\r\n\r\n",
        before.len() + lost + after.len()
    );
    let request = post(
        HOST,
        "/model/amazon.nova-lite-v1%3A0/converse-stream",
        "",
        &ask().to_string(),
    );
    let steps = [
        Out(request),
        In([head.into_bytes(), before].concat()),
        GapIn(lost as u64),
        In(after),
        Close,
    ];
    let events = events(&steps);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "one ");
    assert!(response["data"].get("tool_calls").is_none());
    assert_eq!(response["data"]["usage"]["prompt_tokens"], 5);
}

#[test]
fn errors_have_a_type_and_a_message() {
    let error = r#"{"message":"no access"}"#;
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\nx-amzn-errortype: AccessDeniedException:http://internal.example/\r\nContent-Length: {}\r\n\r\n{error}",
        error.len()
    );
    let events = call(
        "/model/amazon.nova-lite-v1:0/converse",
        &ask(),
        answer.into_bytes(),
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"type": "AccessDeniedException", "message": "no access"})
    );

    let exception = message(
        "exception",
        "throttlingException",
        r#"{"message":"slow down"}"#,
    );
    let begun = converse_stream()[..4].concat();
    let delta = json!({"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "one "}}});
    for (verb, begun) in [
        ("converse-stream", begun),
        ("invoke-with-response-stream", chunk(&delta)),
    ] {
        let path = format!("/model/amazon.nova-lite-v1:0/{verb}");
        let events = call(&path, &ask(), streamed(&[begun, exception.clone()]));
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["success"], false);
        assert_eq!(
            data["error"],
            json!({"type": "throttlingException", "message": "slow down"})
        );
        assert_eq!(data["choices"][0]["message"]["content"], "one ");
    }
}

/// Model, what is asked, what is answered, the text of both, and the finish.
#[test]
fn an_invoke_has_the_form_of_its_model() {
    let cases = [
        (
            "anthropic.claude-3-haiku",
            json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}),
            json!({"id": "m", "model": "claude-3", "content": [{"type": "text", "text": "yo"}], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 2}}),
            "chat",
        ),
        (
            "anthropic.claude-v2:1",
            json!({"prompt": "hi", "max_tokens_to_sample": 9}),
            json!({"completion": "yo", "stop_reason": "stop_sequence"}),
            "completion",
        ),
        (
            "amazon.titan-text-express-v1",
            json!({"inputText": "hi", "textGenerationConfig": {"maxTokenCount": 9}}),
            json!({"inputTextTokenCount": 1.0, "results": [{"tokenCount": 2.0, "outputText": "yo", "completionReason": "FINISH"}]}),
            "completion",
        ),
        (
            "us.amazon.nova-lite-v1:0",
            json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}], "inferenceConfig": {"maxTokens": 9}}),
            json!({"output": {"message": {"content": [{"text": "yo"}]}}, "stopReason": "end_turn", "usage": {"inputTokens": 1}}),
            "chat",
        ),
        (
            "meta.llama3-70b",
            json!({"prompt": "hi", "max_gen_len": 9}),
            json!({"generation": "yo", "prompt_token_count": 1, "generation_token_count": 2, "stop_reason": "stop"}),
            "completion",
        ),
        (
            "mistral.mistral-7b",
            json!({"prompt": "hi", "max_tokens": 9}),
            json!({"outputs": [{"text": "yo", "stop_reason": "stop"}]}),
            "completion",
        ),
        (
            "mistral.mistral-large-2407-v1:0",
            json!({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}),
            json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "yo"}, "stop_reason": "stop"}]}),
            "chat",
        ),
        (
            "cohere.command-text-v14",
            json!({"prompt": "hi", "max_tokens": 9}),
            json!({"generations": [{"text": "yo", "finish_reason": "COMPLETE"}]}),
            "completion",
        ),
        (
            "cohere.command-r-v1:0",
            json!({"message": "hi", "max_tokens": 9}),
            json!({"response_id": "r", "text": "yo", "finish_reason": "COMPLETE"}),
            "chat",
        ),
        (
            "ai21.j2-mid-v1",
            json!({"prompt": "hi", "maxTokens": 9}),
            json!({"id": 7, "completions": [{"data": {"text": "yo"}, "finishReason": {"reason": "endoftext"}}]}),
            "completion",
        ),
        (
            "arn:aws:bedrock:us-east-1:1:imported-model/x",
            json!({"prompt": "hi", "max_tokens": 9}),
            json!({"choices": [{"index": 0, "text": "yo", "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}),
            "completion",
        ),
    ];
    let fields = "Content-Type: application/json\r\nx-amzn-bedrock-input-token-count: 1\r\nx-amzn-bedrock-output-token-count: 2\r\n";
    for (model, body, answer, kind) in cases {
        let answer = response(fields, answer.to_string().as_bytes());
        let events = call(&format!("/model/{model}/invoke"), &body, answer);
        let data = &one(&events, "ai.request")["data"];
        assert_eq!(
            (&data["model"]["id"], &data["request_type"]),
            (&json!(model), &json!(kind))
        );
        assert_eq!(data["messages"][0]["content"], "hi", "{model}");
        assert_eq!(data["parameters"]["max_tokens"], 9, "{model}");
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["choices"][0]["message"]["content"], "yo", "{model}");
        assert_eq!(data["finish_reason"], "stop", "{model}");
        assert_eq!(
            (
                &data["usage"]["prompt_tokens"],
                &data["usage"]["completion_tokens"],
                &data["usage"]["total_tokens"]
            ),
            (&json!(1), &json!(2), &json!(3)),
            "{model}"
        );
    }
}

#[test]
fn a_stream_of_invoke_has_the_form_of_its_model() {
    let metrics = json!({"inputTokenCount": 1, "outputTokenCount": 2, "invocationLatency": 3, "firstByteLatency": 1});
    let with_metrics = |mut last: Value| {
        last["amazon-bedrock-invocationMetrics"] = metrics.clone();
        last
    };
    let streams = [
        vec![
            json!({"type": "message_start", "message": {"id": "m", "model": "claude-3", "usage": {"input_tokens": 1, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "y"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "o"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
            with_metrics(json!({"type": "message_stop"})),
        ],
        vec![
            json!({"messageStart": {"role": "assistant"}}),
            json!({"contentBlockDelta": {"delta": {"text": "y"}, "contentBlockIndex": 0}}),
            json!({"contentBlockDelta": {"delta": {"text": "o"}, "contentBlockIndex": 1}}),
            json!({"messageStop": {"stopReason": "end_turn"}}),
            with_metrics(json!({"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2}}})),
        ],
        vec![
            json!({"outputText": "y", "index": 0, "inputTextTokenCount": 1}),
            with_metrics(
                json!({"outputText": "o", "index": 0, "completionReason": "FINISH", "totalOutputTextTokenCount": 2}),
            ),
        ],
        vec![
            json!({"generation": "y", "prompt_token_count": 1, "generation_token_count": 1}),
            with_metrics(
                json!({"generation": "o", "generation_token_count": 2, "stop_reason": "stop"}),
            ),
        ],
        vec![
            json!({"outputs": [{"text": "y", "stop_reason": null}]}),
            with_metrics(json!({"outputs": [{"text": "o", "stop_reason": "stop"}]})),
        ],
        vec![
            json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "y"}, "stop_reason": null}]}),
            with_metrics(
                json!({"choices": [{"index": 0, "message": {"content": "o"}, "stop_reason": "stop"}]}),
            ),
        ],
        vec![
            json!({"event_type": "text-generation", "text": "y"}),
            json!({"event_type": "text-generation", "text": "o"}),
            with_metrics(
                json!({"event_type": "stream-end", "finish_reason": "COMPLETE", "response": {"id": "r", "generations": [{"text": "yo", "finish_reason": "COMPLETE"}]}}),
            ),
        ],
        vec![
            json!({"type": "completion", "completion": "y", "stop_reason": null}),
            with_metrics(
                json!({"type": "completion", "completion": "o", "stop_reason": "stop_sequence"}),
            ),
        ],
    ];
    for chunks in streams {
        let messages: Vec<_> = chunks.iter().map(chunk).collect();
        let path =
            "/model/arn:aws:bedrock:us-east-1:1:provisioned-model%2Fx/invoke-with-response-stream";
        let events = call(path, &json!({"prompt": "hi"}), streamed(&messages));
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["choices"][0]["message"]["content"], "yo", "{chunks:?}");
        assert_eq!(data["finish_reason"], "stop", "{chunks:?}");
        assert_eq!(
            (
                &data["usage"]["prompt_tokens"],
                &data["usage"]["completion_tokens"]
            ),
            (&json!(1), &json!(2)),
            "{chunks:?}"
        );
        assert!(data["time_to_first_token_ms"].is_number(), "{chunks:?}");
    }
}

#[test]
fn vectors_pictures_ranks_and_counts_are_counted() {
    let vector: Vec<f64> = (0..256).map(f64::from).collect();
    let answer = json!({"embedding": vector, "inputTextTokenCount": 4});
    let events = call(
        "/model/amazon.titan-embed-text-v2:0/invoke",
        &json!({"inputText": "hi", "dimensions": 256}),
        json_response(&answer.to_string()),
    );
    let data = &one(&events, "ai.embedding")["data"];
    assert_eq!(
        (&data["input_count"], &data["dimensions"]),
        (&json!(1), &json!(256))
    );
    let usage = &one(&events, "ai.response")["data"]["usage"];
    assert_eq!(usage["prompt_tokens"], 4);
    assert!(usage.get("total_tokens").is_none(), "none was given");

    let answer = json!({"images": ["AAAA"]});
    let body = json!({"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a cat"}, "imageGenerationConfig": {"seed": 5}});
    let events = call(
        "/model/amazon.nova-canvas-v1:0/invoke",
        &body,
        json_response(&answer.to_string()),
    );
    assert_eq!(one(&events, "ai.request")["data"]["request_type"], "image");
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][0]["content"],
        "a cat"
    );
    assert_eq!(
        one(&events, "ai.response")["ext"]["oisp"]["output_parts"][0]["length"],
        3
    );

    let answer = json!({"results": [{"index": 0, "relevance_score": 0.5}]});
    let body = json!({"query": "q", "documents": ["d"], "api_version": 2});
    let events = call(
        "/model/cohere.rerank-v3-5:0/invoke",
        &body,
        json_response(&answer.to_string()),
    );
    assert_eq!(
        one(&events, "ai.response")["ext"]["oisp"]["output_parts"],
        json!([{"type": "rerank", "results": 1}])
    );
    assert_eq!(
        one(&events, "ai.response")["confidence"]["completeness"],
        "full"
    );

    let body = json!({"input": {"converse": ask()}});
    let events = call(
        "/model/anthropic.claude-x/count-tokens",
        &body,
        json_response(r#"{"inputTokens":9}"#),
    );
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][0]["content"],
        "hi"
    );
    let response = one(&events, "ai.response");
    assert!(
        response["data"].get("usage").is_none(),
        "what is counted was not used"
    );
    assert_eq!(
        response["ext"]["oisp"]["output_parts"][0]["input_tokens"],
        9
    );
}

#[test]
fn an_endpoint_of_sagemaker_is_a_call_only_where_it_looks_like_one() {
    let host = "runtime.sagemaker.us-east-1.amazonaws.com";
    let body = json!({"inputs": "hi", "parameters": {"max_new_tokens": 9}});
    let answer = json_response(r#"[{"generated_text":"hi yo"}]"#);
    let events = call_at(host, "/endpoints/my-llama/invocations", &body, answer);
    let data = &one(&events, "ai.request")["data"];
    assert_eq!(
        (&data["model"]["id"], &data["request_type"]),
        (&json!("my-llama"), &json!("completion"))
    );
    assert_eq!(data["parameters"]["max_tokens"], 9);
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "hi yo"
    );

    let body = json!({"messages": [{"role": "user", "content": "hi"}]});
    let parts = [
        "data:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"y\"}}]}\n\ndata:{\"choi",
        "ces\":[{\"index\":0,\"delta\":{\"content\":\"o\"},\"finish_reason\":\"stop\"}]}\n\n",
    ];
    let messages: Vec<_> = parts
        .iter()
        .map(|part| message("event", "PayloadPart", part))
        .collect();
    let events = call_at(
        host,
        "/endpoints/my-llama/invocations-response-stream",
        &body,
        streamed(&messages),
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "yo");
    assert_eq!(data["finish_reason"], "stop");

    for body in [json!({"instances": [[1, 2]]}), json!({"inputs": "hi"})] {
        let events = call_at(
            host,
            "/endpoints/forecast/invocations",
            &body,
            json_response("{}"),
        );
        assert!(
            events
                .iter()
                .all(|event| !event["event_type"].as_str().unwrap().starts_with("ai.")),
            "{body}"
        );
    }
}

#[test]
fn paths_that_only_look_like_bedrock_are_none() {
    let body = json!({"function": "f", "payload": {"x": 1}});
    let texts = json!({"texts": ["a"], "inputs": "b"});
    let events = call_at(
        "api.example.com",
        "/model/thing/invoke",
        &texts,
        json_response("{}"),
    );
    assert!(of_type(&events, "ai.request").is_empty());
    for path in ["/model/thing/invoke", "/model/invoke", "/model/a/train"] {
        let events = call_at("api.example.com", path, &body, json_response("{}"));
        assert!(of_type(&events, "ai.request").is_empty(), "{path}");
    }
}
