//! Chat completions of OpenAI, Azure and the compatible servers.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn call(request: Vec<u8>, response: Vec<u8>) -> Vec<Value> {
    events(&[Out(request), In(response), Close])
}

/// The answer to some question.
fn answered(body: &Value) -> Value {
    let events = call(chat_request(ASK), json_response(&body.to_string()));
    one(&events, "ai.response").clone()
}

fn wire(chunks: &[Value]) -> Vec<u8> {
    let events: Vec<_> = chunks
        .iter()
        .map(|chunk| format!("data: {chunk}"))
        .collect();
    let mut events: Vec<_> = events.iter().map(String::as_str).collect();
    events.push("data: [DONE]");
    sse_response(&events)
}

/// The answer of a stream, which is the same byte by byte.
fn streamed(chunks: &[Value]) -> Value {
    let wire = wire(chunks);
    let whole = call(chat_request(ASK), wire.clone());
    let mut steps = vec![Out(chat_request(ASK))];
    steps.extend(wire.iter().map(|byte| In(vec![*byte])));
    steps.push(Close);
    let split = events(&steps);
    let response = one(&whole, "ai.response");
    let bytewise = one(&split, "ai.response");
    assert_eq!(response["ext"], bytewise["ext"]);
    for field in ["choices", "tool_calls", "usage", "error", "model"] {
        assert_eq!(response["data"][field], bytewise["data"][field], "{field}");
    }
    response.clone()
}

fn delta(delta: Value, finish: Value) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

fn parts(response: &Value) -> &Value {
    &response["ext"]["oisp"]["output_messages"][0]["parts"]
}

#[test]
fn a_request_keeps_every_kind_of_content() {
    let body = json!({
        "model": "m", "seed": 7, "n": 2, "top_k": 40, "reasoning_effort": "low", "service_tier": "flex",
        "response_format": {"type": "json_schema", "json_schema": {"name": "x"}},
        "metadata": {"session_id": "sess-1"}, "web_search_options": {},
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}},
        "tools": [{"type": "custom", "custom": {"name": "shell", "description": "runs"}}, {"type": "code_interpreter"}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "https://pics.example/a.png", "detail": "low"}},
                {"type": "image_url", "image_url": "data:image/png;base64,AAEC"},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "AAECAw=="}},
                {"type": "file", "file": {"file_id": "file-1"}},
                {"type": "video_url", "video_url": {"url": "https://pics.example/a.mp4"}},
                {"type": "document_url", "document_url": "https://pics.example/a.pdf"},
                {"type": "input_audio", "input_audio": "AAEC"},
                {"type": "mystery"}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "ok"}],
             "tool_calls": [{"id": "t1", "type": "custom", "custom": {"name": "shell", "input": "ls"}}]},
            {"role": "function", "name": "ls", "content": "a"},
            {"role": "assistant", "content": "so", "reasoning_content": "deep", "audio": {"id": "audio_1"}}
        ]
    });
    let events = call(
        chat_request(&body.to_string()),
        json_response(&answer("ok")),
    );
    let request = one(&events, "ai.request");
    let data = &request["data"];
    assert_eq!(data["messages"][0]["content"], "see");
    assert_eq!(data["messages"][0]["image_count"], 2);
    assert_eq!(data["messages"][1]["content"], "ok", "no thinking");
    assert_eq!(data["messages"][2]["role"], "tool");
    assert_eq!(data["tool_choice"], "required");
    assert_eq!(
        data["tools"][0],
        json!({"name": "shell", "type": "function", "description": "runs"})
    );
    assert_eq!(data["tools"][1]["type"], "code_interpreter");
    let attrs = &request["attrs"];
    assert_eq!(attrs["gen_ai.request.seed"], 7);
    assert_eq!(attrs["gen_ai.request.choice.count"], 2);
    assert_eq!(attrs["gen_ai.request.top_k"], 40);
    assert_eq!(attrs["gen_ai.request.reasoning.level"], "low");
    assert_eq!(attrs["gen_ai.output.type"], "json");
    assert_eq!(attrs["openai.request.service_tier"], "flex");
    assert_eq!(attrs["oisp.request.web_search_options"], true);
    let parts = request["ext"]["oisp"]["input_messages"].as_array().unwrap();
    let of = |message: usize, part: usize| &parts[message]["parts"][part];
    assert_eq!(of(0, 0)["uri"], "https://pics.example/a.png");
    assert_eq!(of(0, 1)["length"], 3);
    assert_eq!(
        (&of(0, 2)["length"], &of(0, 2)["filename"]),
        (&json!(4), &json!("a.pdf"))
    );
    assert_eq!(of(0, 3), &json!({"type": "file", "file_id": "file-1"}));
    assert_eq!(of(0, 4)["modality"], "video");
    assert_eq!(of(0, 5)["modality"], "document");
    assert_eq!(
        (&of(0, 6)["modality"], &of(0, 6)["length"]),
        (&json!("audio"), &json!(3))
    );
    assert_eq!(of(0, 7), &json!({"type": "mystery"}));
    assert_eq!(of(1, 0), &json!({"type": "reasoning", "content": "hm"}));
    assert_eq!(of(1, 1)["arguments"], "ls");
    assert_eq!(of(2, 0)["content"], "deep");
    assert_eq!(of(2, 1)["file_id"], "audio_1");
}

#[test]
fn a_session_of_the_body_makes_one_conversation() {
    let ask = |session: &str, text: &str| {
        let body = json!({"model": "m", "session_id": session, "messages": [{"role": "user", "content": text}]});
        let events = call(
            chat_request(&body.to_string()),
            json_response(&answer("ok")),
        );
        one(&events, "ai.request")["data"]["conversation_id"].clone()
    };
    assert_eq!(ask("a", "one"), ask("a", "two"));
    assert_ne!(ask("a", "one"), ask("b", "one"));
}

#[test]
fn an_answer_keeps_audio_pictures_sources_and_thinking() {
    let response = answered(&json!({
        "id": "1", "model": "m", "provider": "Upstream",
        "citations": ["https://a.example"], "search_results": [{"url": "https://b.example", "title": "B", "snippet": "long"}],
        "choices": [{"index": 0, "finish_reason": "eos_token", "native_finish_reason": "STOP", "message": {
            "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"},
                        {"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "b"}],
            "annotations": [{"type": "url_citation", "url_citation": {"url": "https://c.example", "title": "C", "start_index": 0, "end_index": 1, "content": "long"}}],
            "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC"}}],
            "audio": {"id": "audio_1", "data": "AAECAw==", "transcript": "spoken", "expires_at": 1}}}]
    }));
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "ab");
    assert_eq!(response["data"]["finish_reason"], "stop");
    assert_eq!(
        response["attrs"]["gen_ai.response.finish_reasons"],
        json!(["eos_token"])
    );
    assert_eq!(
        response["attrs"]["oisp.response.native_finish_reason"],
        "STOP"
    );
    assert_eq!(
        response["attrs"]["oisp.response.upstream_provider"],
        "Upstream"
    );
    let parts = parts(&response);
    assert_eq!(parts[0], json!({"type": "reasoning", "content": "hm"}));
    assert_eq!(parts[1]["sources"][0]["reference_ids"], json!([1]));
    assert_eq!(
        (&parts[2]["modality"], &parts[2]["length"]),
        (&json!("image"), &json!(3))
    );
    assert_eq!(
        parts[3]["sources"][0],
        json!({"type": "url_citation", "url": "https://c.example", "title": "C", "start_index": 0, "end_index": 1})
    );
    assert_eq!(
        (&parts[4]["length"], &parts[4]["transcript"]),
        (&json!(4), &json!("spoken"))
    );
    let listed = &response["ext"]["oisp"]["output_parts"];
    assert_eq!(
        listed[0],
        json!({"type": "citations", "sources": [{"url": "https://a.example"}]})
    );
    assert_eq!(
        listed[1]["sources"][0],
        json!({"url": "https://b.example", "title": "B"})
    );
    assert!(!response.to_string().contains("long"));
}

#[test]
fn words_of_compatible_servers_are_normalised() {
    let words = [
        ("stop_sequence", "stop"),
        ("COMPLETE", "stop"),
        ("model_length", "length"),
        ("tool_use", "tool_calls"),
        ("content_filtered", "content_filter"),
        ("insufficient_system_resource", "error"),
        ("moon", "other"),
    ];
    for (raw, word) in words {
        let choice = json!({"index": 0, "message": {"content": "x"}, "finish_reason": raw});
        let response = answered(&json!({"id": "1", "choices": [choice]}));
        assert_eq!(response["data"]["finish_reason"], word);
        assert_eq!(response["attrs"]["gen_ai.response.finish_reasons"][0], raw);
    }
}

#[test]
fn usage_cost_and_times_of_compatible_servers() {
    let response = answered(&json!({
        "id": "1", "system_fingerprint": "fp_ollama", "timings": {"prompt_ms": 1.5, "cache_n": 4},
        "choices": [{"index": 0, "message": {"content": "x", "reasoning": "hm"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "cost": 0.25, "queue_time": 0.5,
                  "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 1}}
    }));
    assert_eq!(
        response["data"]["usage"],
        json!({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "cached_tokens": 4, "reasoning_tokens": 2, "total_cost_usd": 0.25})
    );
    assert_eq!(response["attrs"]["oisp.usage.queue_time"], 0.5);
    assert_eq!(response["attrs"]["oisp.usage.prompt_ms"], 1.5);
    assert_eq!(response["attrs"]["gen_ai.usage.audio.output_tokens"], 1);
    let events = call(
        post("127.0.0.1:11434", "/v1/chat/completions", "", ASK),
        json_response(
            r#"{"id":"1","system_fingerprint":"fp_ollama","choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}]}"#,
        ),
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["provider"]["name"],
        "ollama"
    );
}

#[test]
fn a_failure_has_its_message_in_every_form() {
    let forms = [
        (
            json!({"error": {"message": "no", "type": "t", "code": 400}}),
            json!({"type": "t", "message": "no", "code": "400"}),
        ),
        (
            json!({"error": {"message": "no", "type": null, "code": "content_filter", "status": 400}}),
            json!({"message": "no", "code": "content_filter"}),
        ),
        (
            json!([{"error": {"code": 404, "message": "no", "status": "NOT_FOUND"}}]),
            json!({"type": "NOT_FOUND", "message": "no", "code": "404"}),
        ),
        (
            json!({"object": "error", "message": "no", "type": "BadRequestError", "code": 400}),
            json!({"type": "BadRequestError", "message": "no", "code": "400"}),
        ),
        (
            json!({"object": "error", "message": {"detail": [{"loc": ["body", "x"], "msg": "bad"}]}, "type": "t"}),
            json!({"type": "t", "message": "body.x: bad"}),
        ),
        (
            json!({"code": "client", "error": "no"}),
            json!({"message": "no", "code": "client"}),
        ),
        (json!({"detail": "no"}), json!({"message": "no"})),
        (
            json!({"detail": [{"loc": ["body", 0, "model"], "msg": "field required"}]}),
            json!({"message": "body.0.model: field required"}),
        ),
    ];
    for (form, expected) in forms {
        let body = form.to_string();
        let response = format!(
            "HTTP/1.1 400 x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let events = call(chat_request(ASK), response.into_bytes());
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["error"], expected, "{form}");
        assert_eq!(data["success"], false);
    }
    let page =
        b"HTTP/1.1 502 x\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>".to_vec();
    let events = call(chat_request(ASK), page);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!((&data["success"], data.get("error")), (&json!(false), None));
}

#[test]
fn an_error_may_stand_in_a_choice_and_an_empty_one_is_none() {
    let response = answered(&json!({"id": "1", "error": {}, "choices": [
        {"index": 0, "message": {"content": "half"}, "finish_reason": "error", "error": {"code": 502, "message": "gone"}}]}));
    assert_eq!(
        response["data"]["error"],
        json!({"message": "gone", "code": "502"})
    );
    assert_eq!(response["data"]["success"], false);
    let response = answered(
        &json!({"id": "1", "error": "", "choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}),
    );
    assert_eq!(response["data"]["success"], true);
}

#[test]
fn a_stream_of_azure_begins_with_filters_and_a_stream_of_groq_ends_with_its_own_field() {
    let response = streamed(&[
        json!({"choices": [], "id": "", "model": "", "prompt_filter_results": []}),
        json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "a"}, "content_filter_results": {}, "finish_reason": null}],
               "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
        delta(
            json!({"content": [{"type": "text", "text": "b"}]}),
            json!("stop"),
        ),
        json!({"choices": [], "x_groq": {"id": "req", "usage": {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6, "total_time": 0.5}}}),
    ]);
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "ab");
    assert_eq!(response["data"]["model"]["id"], "m");
    assert_eq!(response["attrs"]["gen_ai.response.id"], "c");
    assert_eq!(
        response["data"]["usage"],
        json!({"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6})
    );

    let response = streamed(&[
        delta(json!({"content": "half"}), Value::Null),
        json!({"choices": [], "x_groq": {"id": "req", "error": "over capacity"}}),
    ]);
    assert_eq!(response["data"]["error"]["message"], "over capacity");
}

#[test]
fn tool_calls_of_a_stream_are_told_apart_however_they_are_numbered() {
    let tool = |id: Value, index: Value, name: &str, arguments: &str| {
        let call = json!({"id": id, "index": index, "type": "function", "function": {"name": name, "arguments": arguments}});
        delta(json!({"tool_calls": [call]}), Value::Null)
    };
    let forms = [
        // Whole, without position.
        vec![
            tool(json!("a"), Value::Null, "f", "{\"x\":1}"),
            tool(json!("b"), Value::Null, "g", "{}"),
        ],
        // The id and the name in every delta, without position.
        vec![
            tool(json!("a"), Value::Null, "f", "{\"x\""),
            tool(json!("a"), Value::Null, "f", ":1}"),
            tool(json!("b"), Value::Null, "g", "{}"),
        ],
        // Every call at the same position.
        vec![
            tool(json!("a"), json!(0), "f", "{\"x\":1}"),
            tool(json!("b"), json!(0), "g", "{}"),
        ],
        // Interleaved.
        vec![
            tool(json!("a"), json!(0), "f", "{\"x\""),
            tool(json!("b"), json!(1), "g", "{}"),
            tool(Value::Null, json!(0), "", ":1}"),
        ],
    ];
    for mut chunks in forms {
        chunks.push(delta(json!({}), json!("stop")));
        let response = streamed(&chunks);
        assert_eq!(
            response["data"]["tool_calls"],
            json!([{"id": "a", "name": "f", "type": "function", "arguments": {"x": 1}},
                   {"id": "b", "name": "g", "type": "function", "arguments": {}}])
        );
        assert_eq!(response["data"]["finish_reason"], "tool_calls");
    }
}

#[test]
fn thinking_audio_and_executed_tools_of_a_stream() {
    let response = streamed(&[
        delta(
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]}),
            Value::Null,
        ),
        delta(
            json!({"reasoning": "m", "reasoning_details": [{"type": "reasoning.text", "text": "m"}]}),
            Value::Null,
        ),
        delta(
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "!"}]}),
            Value::Null,
        ),
        delta(
            json!({"executed_tools": [{"index": 0, "type": "search", "arguments": "{\"query\":\"q\"}"}]}),
            Value::Null,
        ),
        delta(
            json!({"executed_tools": [{"index": 0, "type": "search", "arguments": "{\"query\":\"q\"}", "output": "found"}]}),
            Value::Null,
        ),
        delta(
            json!({"audio": {"id": "audio_1", "transcript": "spo"}}),
            Value::Null,
        ),
        delta(json!({"audio": {"data": "AAEC"}}), Value::Null),
        delta(
            json!({"audio": {"data": "Aw==", "transcript": "ken"}}),
            json!("stop"),
        ),
    ]);
    assert_eq!(
        response["data"]["tool_calls"],
        json!([{"name": "search", "type": "search", "arguments": {"query": "q"}}])
    );
    assert_eq!(
        response["data"]["finish_reason"], "stop",
        "the provider ran it"
    );
    let parts = parts(&response);
    assert_eq!(parts[0], json!({"type": "reasoning", "content": "hm!"}));
    assert_eq!(parts[1]["response"], "found");
    assert_eq!(parts[2]["transcript"], "spoken");
    assert_eq!(parts[2]["length"], 4);
}

#[test]
fn audio_and_text_are_never_joined_over_a_hole() {
    let wire = wire(&[
        delta(
            json!({"content": "before", "audio": {"data": "AAEC"}}),
            Value::Null,
        ),
        delta(json!({"content": "lost "}), Value::Null),
        delta(
            json!({"content": "after", "audio": {"data": "AAEC"}}),
            json!("stop"),
        ),
    ]);
    let lost = wire
        .windows(5)
        .position(|window| window == b"lost ")
        .unwrap();
    let events = events(&[
        Out(chat_request(ASK)),
        In(wire[..lost].to_vec()),
        GapIn(5),
        In(wire[lost + 5..].to_vec()),
        Close,
    ]);
    let response = one(&events, "ai.response");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        "before"
    );
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert!(parts(response)[0].get("length").is_none(), "{response}");
}

#[test]
fn paths_of_azure_name_the_model() {
    for path in [
        "/openai/deployments/my%20gpt/chat/completions?api-version=1",
        "/openai/deployments/my%20gpt/extensions/chat/completions",
    ] {
        let events = call(
            post(
                "x.openai.azure.com",
                path,
                "api-key: k\r\n",
                r#"{"messages":[{"role":"user","content":"x"}]}"#,
            ),
            json_response(&answer("ok")),
        );
        assert_eq!(one(&events, "ai.request")["data"]["model"]["id"], "my gpt");
    }
    let own_data = json!({"id": "1", "choices": [{"index": 0, "finish_reason": "stop", "messages": [
        {"role": "tool", "content": "{}"}, {"role": "assistant", "content": "said", "context": {"citations": [{"title": "T", "filepath": "a.md", "content": "long"}]}}]}]});
    let response = answered(&own_data);
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "said");
    assert_eq!(
        parts(&response)[0]["sources"],
        json!([{"title": "T", "filepath": "a.md"}])
    );
}
