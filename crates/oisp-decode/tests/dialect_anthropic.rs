//! What Anthropic's APIs say: messages with every kind of content, counting,
//! batches and the legacy completions.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn at(path: &str, body: &Value, response: Vec<u8>) -> Vec<Value> {
    let fields = "x-api-key: sk-ant-api03-madeup\r\nanthropic-version: 2023-06-01\r\n";
    let request = post("api.anthropic.com", path, fields, &body.to_string());
    events(&[Out(request), In(response), Close])
}

fn messages(body: &Value, response: Vec<u8>) -> Vec<Value> {
    at("/v1/messages", body, response)
}

fn ask() -> Value {
    json!({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
}

fn named(event: &Value) -> String {
    format!("event: {}\ndata: {event}", event["type"].as_str().unwrap())
}

fn stream(events: &[Value]) -> Vec<u8> {
    let events: Vec<_> = events.iter().map(named).collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

fn message(content: Value) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": content,
           "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 2}})
}

#[test]
fn a_request_tells_every_kind_of_block() {
    let body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 9, "top_k": 5, "stop_sequences": ["END"], "service_tier": "auto",
        "system": "be kind",
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {}}},
        "metadata": {"user_id": "user_ab_account_cd_session_11111111-2222-3333-4444-555555555555"},
        "tools": [
            {"name": "ls", "description": "lists", "input_schema": {}}, {"type": "code_execution_20250825", "name": "code_execution"},
            {"type": "computer_20250124", "name": "computer"}, {"type": "mcp_toolset", "mcp_server_name": "wiki"}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAAAAAA"}},
                {"type": "document", "title": "notes", "source": {"type": "text", "media_type": "text/plain", "data": "inside"}},
                {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}},
                {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
                {"type": "search_result", "source": "https://example.com", "title": "t", "content": [{"type": "text", "text": "found"}]},
                {"type": "container_upload", "file_id": "file_2"}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "redacted_thinking", "data": "b3BhcXVl"},
                {"type": "server_tool_use", "id": "st", "name": "web_search", "input": {"query": "q"}},
                {"type": "web_search_tool_result", "tool_use_id": "st", "content": [
                    {"type": "web_search_result", "url": "https://example.com", "title": "t", "encrypted_content": "b3BhcXVl"}]},
                {"type": "mcp_tool_use", "id": "mt", "name": "wiki", "server_name": "s", "input": {}},
                {"type": "mcp_tool_result", "tool_use_id": "mt", "is_error": true, "content": [{"type": "text", "text": "down"}]},
                {"type": "tool_use", "id": "tu", "name": "ls", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "tu", "is_error": true, "content": [
                    {"type": "text", "text": "one"}, {"type": "text", "text": "two"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]}]},
            {"role": "system", "content": "now be brief"}
        ]
    });
    let events = messages(&body, json_response(&message(json!([])).to_string()));
    let request = one(&events, "ai.request");
    let data = &request["data"];
    let said = data["messages"].as_array().unwrap().iter();
    let said: Vec<_> = said
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
            ("tool", Some("one\ntwo")),
            ("system", Some("now be brief"))
        ]
    );
    assert_eq!(
        (&data["messages"][1]["image_count"], &data["image_count"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(data["messages"][3]["tool_call_id"], "tu");
    assert_eq!(
        data["parameters"],
        json!({"max_tokens": 9, "stop": ["END"]})
    );
    let kinds = data["tools"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|tool| (&tool["name"], &tool["type"])).collect();
    assert_eq!(
        json!(kinds),
        json!([
            ["ls", "function"],
            ["code_execution", "code_interpreter"],
            ["computer", "computer_use"],
            ["wiki", "other"]
        ])
    );
    let attrs = &request["attrs"];
    for (key, value) in [
        ("gen_ai.request.top_k", json!(5)),
        ("gen_ai.request.reasoning.level", json!("high")),
        ("oisp.request.reasoning.budget_tokens", json!(1024)),
        ("gen_ai.output.type", json!("json")),
        ("openai.request.service_tier", json!("auto")),
    ] {
        assert_eq!(attrs[key], value, "{key}");
    }
    let parts = &request["ext"]["oisp"]["input_messages"];
    assert_eq!(
        json!([
            parts[0]["parts"][0]["length"],
            parts[0]["parts"][2]["length"]
        ]),
        json!([3, 6])
    );
    assert_eq!(
        parts[0]["parts"][3],
        json!({"type": "document", "title": "notes", "content": "inside"})
    );
    assert_eq!(parts[0]["parts"][4]["content"], "a\nb");
    assert_eq!(parts[0]["parts"][6]["content"], "found");
    let assistant = parts[1]["parts"].as_array().unwrap();
    let types: Vec<_> = assistant
        .iter()
        .map(|part| part["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "reasoning",
            "redacted_thinking",
            "server_tool_call",
            "server_tool_call_response",
            "server_tool_call",
            "server_tool_call_response",
            "tool_call"
        ]
    );
    assert_eq!(
        assistant[3]["response"],
        json!([{"type": "web_search_result", "url": "https://example.com", "title": "t"}])
    );
    assert_eq!(assistant[5]["is_error"], true);
    assert!(
        !request.to_string().contains("b3BhcXVl"),
        "what only the provider can read is left out"
    );
}

#[test]
fn a_session_is_the_clients_own() {
    let conversation = |user: &str| {
        let mut body = ask();
        body["metadata"] = json!({ "user_id": user });
        let events = messages(&body, json_response(&message(json!([])).to_string()));
        one(&events, "ai.request")["data"]["conversation_id"].clone()
    };
    let session = conversation("user_a_account_b_session_S1");
    assert_eq!(
        session,
        conversation(r#"{"device_id":"d","session_id":"S1"}"#)
    );
    assert_ne!(session, conversation("user_a_account_b_session_S2"));
    assert_eq!(
        conversation("user_a"),
        conversation("user_b"),
        "a user is no session"
    );
}

#[test]
fn an_answer_tells_server_tools_citations_and_all_usage() {
    let mut answer = message(json!([
        {"type": "server_tool_use", "id": "st", "name": "bash_code_execution", "input": {"command": "ls"}},
        {"type": "bash_code_execution_tool_result", "tool_use_id": "st", "content":
            {"type": "bash_code_execution_result", "stdout": "a.txt", "stderr": "", "return_code": 0, "content": []}},
        {"type": "text", "text": "see ", "citations": [{"type": "web_search_result_location", "url": "https://example.com",
            "title": "t", "cited_text": "c", "encrypted_index": "b3BhcXVl"}]},
        {"type": "text", "text": "this"},
        {"type": "compaction", "content": "in short"},
        {"type": "tool_use", "id": "tu", "name": "ls", "input": {}}
    ]));
    answer["usage"] = json!({
        "input_tokens": 10, "output_tokens": 7, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, "service_tier": "standard",
        "output_tokens_details": {"thinking_tokens": 4}, "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
        "iterations": [{"type": "message", "input_tokens": 10, "output_tokens": 7},
                       {"type": "compaction", "input_tokens": 50, "output_tokens": 5},
                       {"type": "compaction", "input_tokens": 1, "output_tokens": 1}]});
    let events = messages(&ask(), json_response(&answer.to_string()));
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "see this");
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        data["tool_calls"],
        json!([
        {"id": "st", "name": "bash_code_execution", "type": "server_tool_use", "arguments": {"command": "ls"}},
        {"id": "tu", "name": "ls", "type": "function", "arguments": {}}])
    );
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 140, "completion_tokens": 7, "total_tokens": 147,
                                    "cached_tokens": 100, "reasoning_tokens": 4})
    );
    let attrs = &response["attrs"];
    for (key, value) in [
        ("gen_ai.usage.cache_creation.input_tokens", json!(30)),
        ("oisp.usage.cache_creation_1h.input_tokens", json!(20)),
        ("oisp.usage.web_search_requests", json!(2)),
        ("oisp.usage.compaction.input_tokens", json!(51)),
        ("gen_ai.conversation.compacted", json!(true)),
        ("openai.response.service_tier", json!("standard")),
    ] {
        assert_eq!(attrs[key], value, "{key}");
    }
    let parts = &response["ext"]["oisp"]["output_messages"][0]["parts"];
    assert_eq!(parts[0]["response"]["stdout"], "a.txt");
    assert_eq!(parts[1]["citation"]["url"], "https://example.com");
    assert_eq!(
        parts[2],
        json!({"type": "compaction", "content": "in short"})
    );
    assert_eq!(
        of_type(&events, "agent.tool_call").len(),
        1,
        "the provider ran the other"
    );
    assert!(!response.to_string().contains("b3BhcXVl"));
}

#[test]
fn a_refusal_and_a_pause_say_so() {
    let mut refused = message(json!([]));
    refused["stop_reason"] = "refusal".into();
    refused["stop_details"] =
        json!({"type": "refusal", "category": "cyber", "explanation": "not this"});
    let events = messages(&ask(), json_response(&refused.to_string()));
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["finish_reason"], "content_filter");
    assert_eq!(response["attrs"]["oisp.response.refusal.category"], "cyber");
    assert_eq!(
        response["ext"]["oisp"]["output_messages"][0]["parts"][0],
        json!({"type": "refusal", "content": "not this"})
    );

    let mut paused = message(json!([{"type": "text", "text": "wait"}]));
    paused["stop_reason"] = "pause_turn".into();
    let events = messages(&ask(), json_response(&paused.to_string()));
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["finish_reason"], "other");
    assert_eq!(
        response["attrs"]["gen_ai.response.finish_reasons"],
        json!(["pause_turn"])
    );
}

/// A stream with a server tool, its result, citations and a client tool.
fn long_stream() -> Vec<Value> {
    let block = |index: u64, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta = |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: u64| json!({"type": "content_block_stop", "index": index});
    vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude-sonnet-4-5", "content": [],
            "usage": {"input_tokens": 10, "output_tokens": 1, "service_tier": "standard"}}}),
        block(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        delta(0, json!({"type": "thinking_delta", "thinking": "hm"})),
        delta(0, json!({"type": "signature_delta", "signature": "c2ln"})),
        stop(0),
        block(
            1,
            json!({"type": "server_tool_use", "id": "st", "name": "web_search", "input": {}}),
        ),
        delta(
            1,
            json!({"type": "input_json_delta", "partial_json": "{\"query\":"}),
        ),
        delta(
            1,
            json!({"type": "input_json_delta", "partial_json": " \"q\"}"}),
        ),
        stop(1),
        block(
            2,
            json!({"type": "web_search_tool_result", "tool_use_id": "st", "content": [
            {"type": "web_search_result", "url": "https://example.com", "title": "t", "encrypted_content": "b3BhcXVl"}]}),
        ),
        stop(2),
        block(3, json!({"type": "text", "text": "", "citations": []})),
        delta(3, json!({"type": "text_delta", "text": "He says "})),
        delta(
            3,
            json!({"type": "citations_delta", "citation": {"type": "web_search_result_location", "url": "https://example.com"}}),
        ),
        delta(3, json!({"type": "text_delta", "text": "héllo."})),
        stop(3),
        block(4, json!({"type": "compaction", "content": null})),
        delta(
            4,
            json!({"type": "compaction_delta", "content": "in short"}),
        ),
        stop(4),
        block(
            5,
            json!({"type": "tool_use", "id": "tu", "name": "ls", "input": {}}),
        ),
        stop(5),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
            "usage": {"input_tokens": 400, "output_tokens": 42, "server_tool_use": {"web_search_requests": 1}}}),
        json!({"type": "message_stop"}),
    ]
}

fn is_the_long_answer(response: &Value) {
    let data = &response["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "He says héllo.");
    assert_eq!(
        data["tool_calls"],
        json!([
        {"id": "st", "name": "web_search", "type": "server_tool_use", "arguments": {"query": "q"}},
        {"id": "tu", "name": "ls", "type": "function", "arguments": {}}])
    );
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 400, "completion_tokens": 42, "total_tokens": 442})
    );
    assert_eq!(response["attrs"]["oisp.usage.web_search_requests"], 1);
    let parts = response["ext"]["oisp"]["output_messages"][0]["parts"]
        .as_array()
        .unwrap();
    let types: Vec<_> = parts
        .iter()
        .map(|part| part["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "reasoning",
            "server_tool_call_response",
            "citation",
            "compaction"
        ]
    );
    assert_eq!(parts[3]["content"], "in short");
}

#[test]
fn a_stream_tells_the_same_however_it_is_cut() {
    let mut body = ask();
    body["stream"] = true.into();
    let answer = stream(&long_stream());
    is_the_long_answer(one(&messages(&body, answer.clone()), "ai.response"));
    let fields = "anthropic-version: 2023-06-01\r\n";
    let request = post(
        "api.anthropic.com",
        "/v1/messages?beta=true",
        fields,
        &body.to_string(),
    );
    let mut steps = vec![Out(request)];
    steps.extend(answer.iter().map(|byte| In(vec![*byte])));
    is_the_long_answer(one(&events(&steps), "ai.response"));
}

#[test]
fn an_input_that_comes_whole_and_in_deltas_is_told_once() {
    let start = |input: Value| {
        json!({"type": "content_block_start", "index": 0, "content_block":
            {"type": "tool_use", "id": "tu", "name": "ls", "input": input}})
    };
    let delta = |json: &str| {
        json!({"type": "content_block_delta", "index": 0, "delta":
            {"type": "input_json_delta", "partial_json": json}})
    };
    let input = json!({"path": "a"});
    for events in [
        vec![start(input.clone())],
        vec![start(input.clone()), delta("")],
        vec![start(input.clone()), delta("{\"path\":"), delta("\"a\"}")],
        vec![start(json!({})), delta(""), delta("{\"path\":\"a\"}")],
    ] {
        let events = messages(&ask(), stream(&events));
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["tool_calls"][0]["arguments"], input);
    }
}

#[test]
fn a_stream_with_a_hole_or_an_error_tells_what_came() {
    let events = long_stream();
    let whole = stream(&events);
    let lost = b"says ";
    let hole = whole
        .windows(lost.len())
        .position(|window| window == lost)
        .unwrap();
    let fields = "anthropic-version: 2023-06-01\r\n";
    let request = post(
        "api.anthropic.com",
        "/v1/messages",
        fields,
        &ask().to_string(),
    );
    let torn = support::events(&[
        Out(request),
        In(whole[..hole].to_vec()),
        GapIn(lost.len() as u64),
        In(whole[hole + lost.len()..].to_vec()),
    ]);
    let response = one(&torn, "ai.response");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        Value::Null,
        "nothing is joined over the hole"
    );
    assert_eq!(
        response["data"]["usage"]["completion_tokens"], 42,
        "the count is of the whole"
    );
    assert_eq!(response["confidence"]["completeness"], "partial");

    let mut failed: Vec<_> = events[..13].to_vec();
    failed.push(
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    );
    let failed = messages(&ask(), stream(&failed));
    let data = &one(&failed, "ai.response")["data"];
    assert_eq!(data["success"], false);
    assert_eq!(
        data["error"],
        json!({"type": "overloaded_error", "message": "Overloaded"})
    );
    assert_eq!(data["choices"][0]["message"]["content"], "He says ");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 10}),
        "the output was not counted to its end"
    );
}

#[test]
fn counting_and_batches_are_no_chats() {
    let events = at(
        "/v1/messages/count_tokens",
        &ask(),
        json_response(r#"{"input_tokens": 14}"#),
    );
    let request = one(&events, "ai.request");
    assert_eq!(
        (
            &request["data"]["request_type"],
            &request["attrs"]["gen_ai.operation.name"]
        ),
        (&json!("other"), &json!("count_tokens"))
    );
    assert_eq!(request["data"]["messages"][0]["content"], "hi");
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["usage"], json!({"prompt_tokens": 14}));
    assert_eq!(response["confidence"]["completeness"], "full");

    let each = json!({"custom_id": "a", "params": ask()});
    let batch = json!({"requests": [each, each]});
    let status = r#"{"id":"msgbatch_1","type":"message_batch","processing_status":"in_progress","request_counts":{}}"#;
    let events = at("/v1/messages/batches", &batch, json_response(status));
    let request = one(&events, "ai.request");
    assert_eq!(request["attrs"]["oisp.batch.request_count"], 2);
    assert_eq!(request["data"]["model"]["id"], "claude-sonnet-4-5");
    assert_eq!(
        one(&events, "ai.response")["attrs"]["gen_ai.response.id"],
        "msgbatch_1"
    );
}

#[test]
fn legacy_completions_are_read_whole_and_streamed() {
    let body = json!({"model": "claude-2.1", "prompt": "\n\nHuman: hi\n\nAssistant:", "max_tokens_to_sample": 50, "stream": true});
    let whole = r#"{"type":"completion","id":"compl_1","completion":" Hello!","stop_reason":"stop_sequence","model":"claude-2.1"}"#;
    let part = |text: &str, stop: Value| json!({"type": "completion", "id": "compl_1", "completion": text, "stop_reason": stop, "model": "claude-2.1"});
    let named = stream(&[
        part(" Hel", Value::Null),
        part("lo!", Value::Null),
        part("", json!("stop_sequence")),
    ]);
    let mut repeated = [
        part(" Hel", Value::Null),
        part(" Hello!", json!("stop_sequence")),
    ];
    repeated
        .iter_mut()
        .for_each(|event| event["truncated"] = false.into());
    let unnamed: Vec<_> = repeated
        .iter()
        .map(|event| format!("data: {event}"))
        .collect();
    let unnamed = sse_response(&unnamed.iter().map(String::as_str).collect::<Vec<_>>());
    for answer in [json_response(whole), named, unnamed] {
        let events = at("/v1/complete", &body, answer);
        let request = &one(&events, "ai.request")["data"];
        assert_eq!(
            (
                &request["request_type"],
                &request["parameters"]["max_tokens"]
            ),
            (&json!("completion"), &json!(50))
        );
        let data = &one(&events, "ai.response")["data"];
        assert_eq!(data["choices"][0]["message"]["content"], " Hello!");
        assert_eq!(data["finish_reason"], "stop");
        assert!(data.get("usage").is_none());
    }
}
