//! What calls and answers say, in each dialect.

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

fn openai(body: &Value, response: Vec<u8>) -> Vec<Value> {
    call(chat_request(&body.to_string()), response)
}

fn anthropic(body: &Value, response: Vec<u8>) -> Vec<Value> {
    let fields = "x-api-key: sk-ant-api03-madeup\r\nanthropic-version: 2023-06-01\r\n";
    call(
        post(
            "api.anthropic.com",
            "/v1/messages",
            fields,
            &body.to_string(),
        ),
        response,
    )
}

fn chunk(delta: Value, finish: Value) -> String {
    let chunk = json!({"id": "c1", "model": "gpt-4o", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    format!("data: {chunk}")
}

fn stream(events: &[String]) -> Vec<u8> {
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn an_openai_stream_joins_text_tools_and_usage() {
    let tool = |index: u64, rest: Value| {
        let mut call = rest;
        call["index"] = index.into();
        json!({"tool_calls": [call]})
    };
    let answer = stream(&[
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"content": "let me "}), Value::Null),
        chunk(json!({"content": "look"}), Value::Null),
        chunk(
            tool(
                0,
                json!({"id": "call_1", "type": "function", "function": {"name": "read", "arguments": ""}}),
            ),
            Value::Null,
        ),
        chunk(
            tool(0, json!({"function": {"arguments": "{\"path\":"}})),
            Value::Null,
        ),
        chunk(
            tool(
                1,
                json!({"id": "call_2", "type": "function", "function": {"name": "list", "arguments": "not json"}}),
            ),
            Value::Null,
        ),
        chunk(
            tool(0, json!({"function": {"arguments": "\"a.txt\"}"}})),
            Value::Null,
        ),
        chunk(json!({}), json!("tool_calls")),
        format!(
            "data: {}",
            json!({"id": "c1", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 9}})
        ),
        "data: [DONE]".to_owned(),
    ]);
    let events = openai(
        &json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "go"}]}),
        answer,
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "let me look");
    assert_eq!(
        data["tool_calls"][0],
        json!({"id": "call_1", "name": "read", "type": "function", "arguments": {"path": "a.txt"}})
    );
    assert_eq!(data["tool_calls"][1]["arguments"], "not json");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14})
    );
    assert_eq!(data["finish_reason"], "tool_calls");
    assert!(data["time_to_first_token_ms"].is_number());
    let calls = of_type(&events, "agent.tool_call");
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["data"]["tool"]["name"], "read");
    assert_eq!(calls[0]["data"]["arguments"], json!({"path": "a.txt"}));
    assert_eq!(calls[0]["related_events"][0]["relationship"], "caused_by");
}

#[test]
fn an_openai_request_with_every_kind_of_content() {
    let body = json!({
        "model": "gpt-4o", "temperature": 0.5, "max_completion_tokens": 100, "stop": "END", "tool_choice": {"type": "function"},
        "tools": [{"type": "function", "function": {"name": "read", "description": "reads"}}],
        "messages": [
            {"role": "developer", "content": "rules"},
            {"role": "user", "content": [
                {"type": "text", "text": "one"}, {"type": "text", "text": "two"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "read", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "result"}
        ]
    });
    let events = openai(&body, json_response(&answer("ok")));
    let request = one(&events, "ai.request");
    let data = &request["data"];
    let messages = data["messages"].as_array().unwrap();
    let roles: Vec<_> = messages
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
    assert_eq!(messages[1]["content"], "one\ntwo");
    assert_eq!(messages[1]["image_count"], 1);
    assert_eq!(messages[3]["tool_call_id"], "c");
    assert!(messages[2].get("content").is_none());
    assert_eq!(data["tool_choice"], "specific");
    assert_eq!(
        data["parameters"],
        json!({"temperature": 0.5, "max_tokens": 100, "stop": ["END"]})
    );
    let parts = &request["ext"]["oisp"]["input_messages"];
    assert_eq!(parts[0]["parts"][0]["length"], 3);
    assert!(
        !request.to_string().contains("AAAA"),
        "bytes stand as length and hash"
    );
    assert_eq!(parts[1]["parts"][0]["type"], "tool_call");
}

#[test]
fn an_openai_error_and_a_refusal() {
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]});
    let error = r#"{"error":{"message":"Rate limit","type":"rate_limit_error","code":"rate_limit_exceeded"}}"#;
    let response = format!(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Length: {}\r\n\r\n{error}",
        error.len()
    );
    let events = openai(&body, response.into_bytes());
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["success"], false);
    assert_eq!(
        data["error"],
        json!({"type": "rate_limit_error", "message": "Rate limit", "code": "rate_limit_exceeded"})
    );
    assert!(data.get("choices").is_none());

    let refusal = json!({"id": "1", "choices": [{"index": 0, "message": {"content": null, "refusal": "no"}, "finish_reason": "stop"}]});
    let events = openai(&body, json_response(&refusal.to_string()));
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["finish_reason"], "content_filter");
    assert_eq!(
        response["ext"]["oisp"]["output_messages"][0]["parts"][0],
        json!({"type": "refusal", "content": "no"})
    );
}

#[test]
fn an_error_after_status_200_is_a_failure() {
    let answer = stream(&[
        chunk(json!({"content": "half"}), Value::Null),
        format!(
            "data: {}",
            json!({"error": {"message": "overloaded", "type": "server_error"}})
        ),
    ]);
    let events = openai(
        &json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "x"}]}),
        answer,
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        (&data["success"], &data["status_code"]),
        (&json!(false), &json!(200))
    );
    assert_eq!(data["error"]["message"], "overloaded");
    assert_eq!(data["choices"][0]["message"]["content"], "half");
}

#[test]
fn an_anthropic_stream_with_thinking_tools_and_cache() {
    let event = |value: Value| format!("event: {}\ndata: {value}", value["type"].as_str().unwrap());
    let answer = stream(&[
        event(
            json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude-sonnet-4-5", "content": [],
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 5, "output_tokens": 1}}}),
        ),
        event(json!({"type": "ping"})),
        event(
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
        ),
        event(
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        ),
        event(json!({"type": "content_block_stop", "index": 0})),
        event(
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        ),
        event(
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Ja."}}),
        ),
        event(
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "tu", "name": "ls", "input": {}}}),
        ),
        event(
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"a\""}}),
        ),
        event(
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ":1}"}}),
        ),
        event(json!({"type": "content_block_stop", "index": 2})),
        event(
            json!({"type": "content_block_start", "index": 3, "content_block": {"type": "tool_use", "id": "tv", "name": "pwd", "input": {}}}),
        ),
        event(json!({"type": "content_block_stop", "index": 3})),
        event(
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 42}}),
        ),
        event(json!({"type": "message_stop"})),
    ]);
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let events = anthropic(&body, answer);
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["provider"]["name"], "anthropic");
    assert_eq!(data["choices"][0]["message"]["content"], "Ja.");
    assert_eq!(data["tool_calls"][0]["arguments"], json!({"a": 1}));
    assert_eq!(data["tool_calls"][1]["arguments"], json!({}));
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 115, "completion_tokens": 42, "total_tokens": 157, "cached_tokens": 100})
    );
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        response["attrs"]["gen_ai.response.finish_reasons"],
        json!(["tool_use"])
    );
    assert_eq!(
        response["ext"]["oisp"]["output_messages"][0]["parts"][0]["content"],
        "hm"
    );
}

#[test]
fn an_anthropic_request_keeps_tool_results_in_their_place() {
    let body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 9, "system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        "tool_choice": {"type": "any"}, "tools": [{"name": "ls", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search"}],
        "messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": [{"type": "text", "text": "ok"}, {"type": "tool_use", "id": "tu", "name": "ls", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "tu", "content": [{"type": "text", "text": "file.txt"}]},
                {"type": "text", "text": "and now?"}]}
        ]
    });
    let whole = json!({"id": "msg", "type": "message", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "done"}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 2}});
    let events = anthropic(&body, json_response(&whole.to_string()));
    let data = &one(&events, "ai.request")["data"];
    let messages = data["messages"].as_array().unwrap();
    let said: Vec<_> = messages
        .iter()
        .map(|message| {
            (
                message["role"].as_str().unwrap(),
                message["content"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("system", "a\nb"),
            ("user", "go"),
            ("assistant", "ok"),
            ("tool", "file.txt"),
            ("user", "and now?")
        ]
    );
    assert_eq!(messages[3]["tool_call_id"], "tu");
    assert_eq!(data["tool_choice"], "required");
    assert_eq!(data["tools"][1]["type"], "other");
    let response = &one(&events, "ai.response")["data"];
    assert_eq!(
        response["usage"],
        json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
    );
}

#[test]
fn an_anthropic_error_has_the_providers_message() {
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_x"}"#;
    let response = format!(
        "HTTP/1.1 529 x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{error}",
        error.len()
    );
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let events = anthropic(&body, response.into_bytes());
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"type": "overloaded_error", "message": "Overloaded"})
    );
    assert_eq!(data["success"], false);
}

#[test]
fn a_hole_in_a_stream_never_joins_the_text_around_it() {
    let whole = stream(&[
        chunk(json!({"content": "before "}), Value::Null),
        chunk(json!({"content": "lost "}), Value::Null),
        chunk(json!({"content": "after"}), Value::Null),
        chunk(json!({}), json!("stop")),
        format!(
            "data: {}",
            json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 3}})
        ),
    ]);
    let lost = whole
        .windows(5)
        .position(|window| window == b"lost ")
        .unwrap();
    let steps = [
        Out(chat_request(ASK)),
        In(whole[..lost].to_vec()),
        GapIn(5),
        In(whole[lost + 5..].to_vec()),
    ];
    let events = events(&steps);
    let response = one(&events, "ai.response");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        "before "
    );
    assert_eq!(response["data"]["usage"]["completion_tokens"], 3);
    assert_eq!(response["confidence"]["completeness"], "partial");
}

#[test]
fn a_gateway_on_an_unknown_host_is_other_whatever_it_speaks() {
    let request = post("127.0.0.1:8080", "/gateway/llm", "", ASK);
    let events = call(request, json_response(&answer("ok")));
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["provider"]["name"], "other");
    assert_eq!(request["attrs"]["oisp.dialect"], "openai.chat");
    assert_eq!(
        request["confidence"]["ai_detection_method"],
        "payload_inspection"
    );
    assert_eq!(request["data"]["streaming"], false, "as it was sent");
}

#[test]
fn an_answer_in_another_form_is_not_taken_for_an_empty_one() {
    let request = post("api.example.com", "/v9/talk", "", ASK);
    let events = call(
        request,
        json_response(r#"{"id":"1","message":{"content":[{"type":"text","text":"hi"}]}}"#),
    );
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert_eq!(response["confidence"]["reasons"][0], "body_not_readable");
}

#[test]
fn an_answer_whose_form_is_not_told_is_known_by_its_first_field() {
    let body = r#"data: {"id":"c","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}"#;
    let events = call(
        chat_request(ASK),
        response("", format!("{body}\n\n").as_bytes()),
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "hi"
    );
}

fn responses(body: &Value, response: Vec<u8>) -> Vec<Value> {
    call(
        post("api.openai.com", "/v1/responses", "", &body.to_string()),
        response,
    )
}

/// An answer of the Responses API with every kind of item.
fn items() -> Value {
    json!({
        "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-4o-2024-08-06", "error": null,
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
            {"type": "message", "id": "msg_1", "role": "assistant", "content": [
                {"type": "output_text", "text": "one "}, {"type": "output_text", "text": "two"}]},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "read", "arguments": "{\"path\":\"a\"}"}
        ],
        "usage": {"input_tokens": 20, "input_tokens_details": {"cached_tokens": 8},
                  "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 29}
    })
}

fn is_the_answer(event: &Value) {
    let data = &event["data"];
    assert_eq!(data["model"]["id"], "gpt-4o-2024-08-06");
    assert_eq!(data["choices"][0]["message"]["content"], "one two");
    assert_eq!(data["finish_reason"], "tool_calls");
    let usage = json!({"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29, "cached_tokens": 8, "reasoning_tokens": 4});
    assert_eq!(data["usage"], usage);
    assert_eq!(data["tool_calls"][0]["type"], "web_search_call");
    assert_eq!(
        data["tool_calls"][1],
        json!({"id": "call_1", "name": "read", "type": "function", "arguments": {"path": "a"}})
    );
    assert_eq!(
        event["ext"]["oisp"]["output_messages"][0]["parts"][0]["content"],
        "hm"
    );
    assert_eq!(
        event["attrs"]["gen_ai.response.finish_reasons"],
        json!(["completed"])
    );
}

#[test]
fn a_responses_call_reads_items_in_and_out() {
    let body = json!({
        "model": "gpt-4o", "instructions": "be kind", "max_output_tokens": 50,
        "tools": [{"type": "function", "name": "read"}, {"type": "web_search"}],
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "look"}, {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]},
            {"type": "function_call", "call_id": "c", "name": "read", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "text of a"}
        ]
    });
    let events = responses(&body, json_response(&items().to_string()));
    let request = one(&events, "ai.request");
    let data = &request["data"];
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
            ("user", Some("look")),
            ("assistant", None),
            ("tool", Some("text of a"))
        ]
    );
    assert_eq!(data["messages"][3]["tool_call_id"], "c");
    assert_eq!(data["parameters"]["max_tokens"], 50);
    assert_eq!(
        data["tools"][1],
        json!({"name": "web_search", "type": "other"})
    );
    assert_eq!(request["attrs"]["oisp.dialect"], "openai.responses");
    is_the_answer(one(&events, "ai.response"));
    assert_eq!(
        of_type(&events, "agent.tool_call").len(),
        1,
        "the provider ran the search itself"
    );
}

#[test]
fn a_responses_stream_is_its_last_event() {
    let event = |value: Value| format!("event: {}\ndata: {value}", value["type"].as_str().unwrap());
    let begun = json!({"type": "response.created", "response": {"id": "resp_1", "model": "gpt-4o-2024-08-06", "status": "in_progress", "output": []}});
    let delta = json!({"type": "response.output_text.delta", "output_index": 2, "delta": "one "});
    let added = json!({"type": "response.output_item.added", "output_index": 3, "item": {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": ""}});
    let arguments = json!({"type": "response.function_call_arguments.delta", "output_index": 3, "delta": "{\"path\""});
    let body = json!({"model": "gpt-4o", "input": "hi", "stream": true});
    let begin = [event(begun), event(delta), event(added), event(arguments)];
    let last = event(json!({"type": "response.completed", "response": items()}));

    let whole: Vec<_> = begin.iter().cloned().chain([last]).collect();
    let events = responses(&body, stream(&whole));
    is_the_answer(one(&events, "ai.response"));
    assert!(one(&events, "ai.response")["data"]["time_to_first_token_ms"].is_number());

    let cut = stream(&begin);
    let cut = cut[..cut.len() - 5].to_vec();
    let events = responses(&body, cut);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "one ");
    assert_eq!(response["data"]["tool_calls"][0]["arguments"], "{\"path\"");
    assert!(
        response["data"].get("usage").is_none() && response["data"].get("finish_reason").is_none()
    );
}

#[test]
fn a_responses_answer_that_is_incomplete_or_failed_says_why() {
    let body = json!({"model": "gpt-4o", "input": "hi"});
    let mut cut = items();
    cut["status"] = "incomplete".into();
    cut["incomplete_details"] = json!({"reason": "max_output_tokens"});
    let events = responses(&body, json_response(&cut.to_string()));
    assert_eq!(
        one(&events, "ai.response")["data"]["finish_reason"],
        "length"
    );

    let failure = "data: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"overloaded\"}"
        .to_owned();
    let events = responses(&body, stream(&[failure]));
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        (&data["success"], &data["error"]["message"]),
        (&json!(false), &json!("overloaded"))
    );
}

#[test]
fn what_an_absent_field_means_is_not_guessed_for_an_unknown_endpoint() {
    let body = r#"{"model":"llama","messages":[{"role":"user","content":"hi"}]}"#;
    let events = call(
        post("localhost:9999", "/talk", "", body),
        json_response(&answer("ok")),
    );
    assert!(
        one(&events, "ai.request")["data"]
            .get("streaming")
            .is_none()
    );
}

fn chunks_of(steps: &[Step]) -> Vec<Value> {
    let mut decoder = oisp_decode::Decoder::new(oisp_decode::HashKey::new([1; 32]));
    decoder.stream_chunks(true);
    let mut events = Vec::new();
    for raw in raw(steps) {
        decoder.push(&raw, &mut events);
    }
    let events: Vec<_> = events.iter().map(|event| json!(event)).collect();
    let chunks = of_type(&events, "ai.streaming_chunk");
    chunks
        .into_iter()
        .map(|event| event["data"].clone())
        .collect()
}

#[test]
fn the_pieces_of_an_answer_are_told_only_to_who_asks_and_add_up_to_it() {
    let started = json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "read", "arguments": "{"}}]});
    let steps = [
        Out(chat_request(ASK)),
        In(stream(&[
            chunk(json!({"role": "assistant", "content": ""}), Value::Null),
            chunk(json!({"content": "one "}), Value::Null),
            chunk(json!({"content": "two"}), Value::Null),
            chunk(started, Value::Null),
            chunk(json!({}), json!("tool_calls")),
        ])),
        Close,
    ];
    assert!(of_type(&events(&steps), "ai.streaming_chunk").is_empty());
    let told: Vec<_> = chunks_of(&steps)
        .into_iter()
        .map(|mut data| {
            let id = data.as_object_mut().unwrap().remove("request_id");
            assert!(id.is_some_and(|id| id.is_string()));
            data
        })
        .collect();
    assert_eq!(
        told,
        [
            json!({"chunk_index": 0, "delta": {"role": "assistant", "content": "one "}}),
            json!({"chunk_index": 1, "delta": {"content": "two"}}),
            json!({"chunk_index": 2, "delta": {"tool_calls": [{"id": "c1", "name": "read", "type": "function"}]}}),
            json!({"chunk_index": 3, "delta": {}, "finish_reason": "tool_calls"}),
        ]
    );
}

#[test]
fn a_stream_that_does_not_say_so_is_read_all_the_same() {
    let body = stream(&[chunk(json!({"content": "hello"}), json!("stop"))]);
    let body = String::from_utf8(body).unwrap();
    for kind in [
        "Content-Type: text/plain\r\n",
        "",
        "Content-Type: application/json\r\n",
    ] {
        let answer = body.replace("Content-Type: text/event-stream\r\n", kind);
        let events = events(&[Out(chat_request(ASK)), In(answer.into_bytes())]);
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["choices"][0]["message"]["content"], "hello", "{kind}");
    }
}

fn priced(host: &str, model: &str) -> Value {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    let answer = json!({"id": "c", "model": model, "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "yes"}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 600}}});
    let request = post(host, "/v1/chat/completions", "", &body.to_string());
    let steps = [Out(request), In(json_response(&answer.to_string())), Close];
    let events = decode_priced(&raw(&steps));
    one(&events, "ai.response").clone()
}

#[test]
fn a_call_costs_what_its_provider_lists_for_its_model() {
    let response = priced("api.openai.com", "gpt-4o");
    let usage = &response["data"]["usage"];
    // 400 fresh and 600 cached tokens at 2.50 and 1.25, 100 at 10 a million.
    let close = |value: &Value, usd: f64| (value.as_f64().unwrap() - usd).abs() < 1e-12;
    assert!(close(&usage["input_cost_usd"], 0.001_75), "{usage}");
    assert!(close(&usage["output_cost_usd"], 0.001), "{usage}");
    assert!(close(&usage["total_cost_usd"], 0.002_75), "{usage}");
    assert_eq!(response["attrs"]["oisp.cost.source"], "genai-prices");
    assert!(response["attrs"]["oisp.cost.version"].is_string());
    assert_eq!(response["data"]["model"]["family"], "gpt-4");
}

#[test]
fn what_nobody_lists_has_no_cost() {
    for (host, model) in [
        ("api.openai.com", "no-such-model"),
        ("localhost:8000", "gpt-4o"),
    ] {
        let response = priced(host, model);
        assert!(response["data"]["usage"].get("total_cost_usd").is_none());
        assert!(response["attrs"].get("oisp.cost.source").is_none());
    }
}
