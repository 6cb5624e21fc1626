//! What calls and answers of Cohere, Writer, AI21 and Aleph Alpha say.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn call(host: &str, path: &str, body: &Value, answer: Vec<u8>) -> Vec<Value> {
    let request = post(host, path, "", &body.to_string());
    events(&[Out(request), In(answer), Close])
}

fn cohere(path: &str, body: &Value, answer: &Value) -> Vec<Value> {
    call(
        "api.cohere.com",
        path,
        body,
        json_response(&answer.to_string()),
    )
}

fn said(events: &[Value]) -> Vec<(String, Option<String>)> {
    let messages = one(events, "ai.request")["data"]["messages"]
        .as_array()
        .unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    messages
        .iter()
        .map(|message| (text(&message["role"]).unwrap(), text(&message["content"])))
        .collect()
}

fn some(role: &str, content: &str) -> (String, Option<String>) {
    (role.into(), Some(content.into()))
}

#[test]
fn version_2_reads_messages_and_bills() {
    let body = json!({
        "model": "command-a", "stream": false, "max_tokens": 9, "p": 0.5, "k": 3, "seed": 1, "tool_choice": "REQUIRED",
        "response_format": {"type": "json_object"}, "documents": ["d1", {"id": "x", "data": {"text": "d2"}}],
        "tools": [{"type": "function", "function": {"name": "read", "description": "reads", "parameters": {}}}],
        "messages": [
            {"role": "system", "content": "be kind"},
            {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
            {"role": "assistant", "tool_plan": "I will", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{\"p\":1}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "document", "document": {"data": "found"}}]}]
    });
    let answer = json!({
        "id": "a1", "finish_reason": "TOOL_CALL",
        "message": {"role": "assistant", "tool_plan": "plan", "content": [{"type": "thinking", "thinking": "!"}, {"type": "text", "text": "yo"}],
            "tool_calls": [{"id": "c2", "type": "function", "function": {"name": "read", "arguments": "{}"}}],
            "citations": [{"start": 0, "end": 2, "text": "yo", "sources": [{"type": "document", "id": "x", "document": {"text": "d2"}}]}]},
        "usage": {"billed_units": {"input_tokens": 7, "output_tokens": 2}, "tokens": {"input_tokens": 70, "output_tokens": 3}, "cached_tokens": 5}
    });
    let events = cohere("/v2/chat", &body, &answer);
    assert_eq!(
        said(&events),
        [
            some("system", "be kind"),
            some("user", "look"),
            ("assistant".into(), None),
            some("tool", "found")
        ]
    );
    let request = one(&events, "ai.request");
    assert_eq!(
        request["data"]["parameters"],
        json!({"top_p": 0.5, "max_tokens": 9})
    );
    assert_eq!(request["data"]["tool_choice"], "required");
    assert_eq!(request["data"]["messages"][3]["tool_call_id"], "c1");
    assert_eq!(
        (
            &request["attrs"]["gen_ai.request.top_k"],
            &request["attrs"]["gen_ai.output.type"]
        ),
        (&json!(3), &json!("json"))
    );
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "yo");
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        (
            &data["usage"]["prompt_tokens"],
            &data["usage"]["completion_tokens"],
            &data["usage"]["cached_tokens"]
        ),
        (&json!(7), &json!(2), &json!(5))
    );
    let parts = &response["ext"]["oisp"]["output_messages"][0]["parts"];
    assert_eq!(parts[0], json!({"type": "reasoning", "content": "plan!"}));
    assert_eq!(parts[1]["sources"], json!(["x"]));
}

fn v2_stream() -> Vec<String> {
    let event = |value: Value| format!("event: {}\ndata: {value}", value["type"].as_str().unwrap());
    let message = |kind: &str, index: u64, message: Value| {
        event(json!({"type": kind, "index": index, "delta": {"message": message}}))
    };
    vec![
        event(
            json!({"type": "message-start", "id": "a1", "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []}}}),
        ),
        message("tool-plan-delta", 0, json!({"tool_plan": "pl"})),
        message("tool-plan-delta", 0, json!({"tool_plan": "an"})),
        message(
            "content-start",
            0,
            json!({"content": {"type": "text", "text": ""}}),
        ),
        message("content-delta", 0, json!({"content": {"text": "one "}})),
        message("content-delta", 0, json!({"content": {"text": "two"}})),
        message(
            "tool-call-start",
            0,
            json!({"tool_calls": {"id": "c1", "type": "function", "function": {"name": "read", "arguments": ""}}}),
        ),
        message(
            "tool-call-delta",
            0,
            json!({"tool_calls": {"function": {"arguments": "{\"p\""}}}),
        ),
        message(
            "tool-call-delta",
            0,
            json!({"tool_calls": {"function": {"arguments": ":1}"}}}),
        ),
        event(
            json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": {"billed_units": {"input_tokens": 7, "output_tokens": 2}}}}),
        ),
        "data: [DONE]".into(),
    ]
}

fn sse(events: &[String]) -> Vec<u8> {
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_stream_of_version_2_is_the_same_however_it_is_cut() {
    let body = json!({"model": "command-a", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let request = post("api.cohere.com", "/v2/chat", "", &body.to_string());
    let answer = sse(&v2_stream());
    let mut bytewise = vec![Out(request.clone())];
    bytewise.extend(answer.iter().map(|byte| In(vec![*byte])));
    for steps in [vec![Out(request), In(answer)], bytewise] {
        let events = events(&steps);
        let response = one(&events, "ai.response");
        let data = &response["data"];
        assert_eq!(data["choices"][0]["message"]["content"], "one two");
        assert_eq!(
            data["tool_calls"][0],
            json!({"id": "c1", "name": "read", "type": "function", "arguments": {"p": 1}})
        );
        assert_eq!(data["usage"]["total_tokens"], 9);
        assert_eq!(
            response["ext"]["oisp"]["output_messages"][0]["parts"][0]["content"],
            "plan"
        );
        assert!(data["time_to_first_token_ms"].is_number());
    }
}

#[test]
fn a_torn_stream_of_version_2_says_only_what_came_first() {
    let body = json!({"model": "command-a", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let events_of = v2_stream();
    let text = |events: &[String]| {
        events
            .iter()
            .map(|event| format!("{event}\n\n"))
            .collect::<String>()
    };
    let (before, lost, after) = (
        text(&events_of[..5]),
        text(&events_of[5..6]),
        text(&events_of[6..]),
    );
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {}\r\n\r\n",
        before.len() + lost.len() + after.len()
    );
    let request = post("api.cohere.com", "/v2/chat", "", &body.to_string());
    let events = events(&[
        Out(request),
        inn(&(head + &before)),
        GapIn(lost.len() as u64),
        inn(&after),
        Close,
    ]);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "one ");
    assert!(data.get("tool_calls").is_none());
}

#[test]
fn version_1_reads_history_results_and_repeats() {
    let body = json!({
        "message": "", "model": "command-r", "preamble": "be kind", "conversation_id": "s1",
        "chat_history": [{"role": "USER", "message": "hi"}, {"role": "CHATBOT", "message": "yo", "tool_calls": [{"name": "read", "parameters": {"p": 1}}]}],
        "tool_results": [{"call": {"name": "read", "parameters": {"p": 1}}, "outputs": [{"r": 2}]}],
        "tools": [{"name": "read", "description": "reads", "parameter_definitions": {}}]
    });
    let whole = json!({
        "response_id": "r1", "generation_id": "g1", "text": "done", "finish_reason": "MAX_TOKENS",
        "tool_calls": [{"name": "read", "parameters": {"p": 2}}],
        "meta": {"billed_units": {"input_tokens": 3, "output_tokens": 4}, "tokens": {"input_tokens": 30, "output_tokens": 4}}
    });
    let check = |events: &[Value]| {
        let data = &one(events, "ai.response")["data"];
        assert_eq!(data["choices"][0]["message"]["content"], "done");
        assert_eq!(data["finish_reason"], "length");
        assert_eq!(data["tool_calls"][0]["arguments"], json!({"p": 2}));
        assert_eq!(data["usage"]["total_tokens"], 7);
    };
    let events = cohere("/v1/chat", &body, &whole);
    assert_eq!(
        said(&events),
        [
            some("system", "be kind"),
            some("user", "hi"),
            some("assistant", "yo"),
            some("tool", "[{\"r\":2}]")
        ]
    );
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][3]["name"],
        "read"
    );
    check(&events);

    let lines = [
        json!({"event_type": "stream-start", "generation_id": "g1"}),
        json!({"event_type": "text-generation", "text": "do"}),
        json!({"event_type": "text-generation", "text": "ne"}),
        json!({"event_type": "stream-end", "finish_reason": "MAX_TOKENS", "response": whole}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let answer = response("Content-Type: application/stream+json\r\n", text.as_bytes());
    let events = call("api.cohere.com", "/v1/chat", &body, answer);
    check(&events);

    let cut = &text[..text.find("ne\"").unwrap()];
    let answer = response("Content-Type: application/stream+json\r\n", cut.as_bytes());
    let events = call("api.cohere.com", "/v1/chat", &body, answer);
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "do"
    );
}

#[test]
fn errors_of_cohere_have_a_message() {
    let body = json!({"model": "gone", "messages": [{"role": "user", "content": "hi"}]});
    let error = r#"{"id":"e1","message":"model was removed"}"#;
    let answer = format!(
        "HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{error}",
        error.len()
    );
    let events = call("api.cohere.com", "/v2/chat", &body, answer.into_bytes());
    assert_eq!(
        one(&events, "ai.response")["data"]["error"],
        json!({"message": "model was removed"})
    );

    let end =
        json!({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "overloaded"}});
    let events = call(
        "api.cohere.com",
        "/v2/chat",
        &body,
        sse(&[format!("data: {end}")]),
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        (&data["success"], &data["finish_reason"]),
        (&json!(false), &json!("error"))
    );
    assert_eq!(data["error"]["message"], "overloaded");
}

#[test]
fn vectors_and_ranks_are_counted() {
    let vector: Vec<f64> = (0..384).map(f64::from).collect();
    let body = json!({"model": "embed-v4.0", "texts": ["a", "b"], "input_type": "search_document", "embedding_types": ["float"]});
    let answer = json!({"id": "e", "embeddings": {"float": [vector, vector]}, "texts": ["a", "b"], "meta": {"billed_units": {"input_tokens": 6}}});
    let events = cohere("/v2/embed", &body, &answer);
    assert_eq!(said(&events), [some("user", "a"), some("user", "b")]);
    let data = &one(&events, "ai.embedding")["data"];
    assert_eq!(
        (&data["input_count"], &data["dimensions"]),
        (&json!(2), &json!(384))
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["usage"]["prompt_tokens"],
        6
    );

    let packed: Vec<i64> = vec![-3; 48];
    let answer = json!({"id": "e", "embeddings": {"ubinary": [packed]}});
    let events = cohere("/v2/embed", &body, &answer);
    assert_eq!(one(&events, "ai.embedding")["data"]["dimensions"], 384);

    let body = json!({"model": "rerank-2-lite", "query": "q", "documents": ["a", {"text": "b"}], "top_k": 1});
    let answer = json!({"object": "list", "data": [{"relevance_score": 0.5, "index": 1}], "model": "rerank-2-lite", "usage": {"total_tokens": 43}});
    let events = call(
        "api.voyageai.com",
        "/v1/rerank",
        &body,
        json_response(&answer.to_string()),
    );
    assert_eq!(said(&events), [some("user", "q")]);
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["usage"]["total_tokens"], 43);
    assert_eq!(response["ext"]["oisp"]["output_parts"][0]["results"], 1);
}

#[test]
fn texts_to_go_on_with() {
    let body = json!({"prompt": "hi", "model": "command", "max_tokens": 9, "num_generations": 2});
    let answer = json!({"id": "g", "generations": [{"text": "yo", "finish_reason": "COMPLETE"}, {"text": "ye", "finish_reason": "ERROR_TOXIC"}], "meta": {"billed_units": {"input_tokens": 1, "output_tokens": 2}}});
    let events = cohere("/v1/generate", &body, &answer);
    assert_eq!(
        one(&events, "ai.request")["attrs"]["gen_ai.request.choice.count"],
        2
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][1]["finish_reason"], "content_filter");
    assert_eq!(data["usage"]["total_tokens"], 3);

    let body = json!({"model": "luminous-base", "prompt": [{"type": "text", "data": "hi"}, {"type": "image", "data": "AAAA"}], "maximum_tokens": 9});
    let answer = json!({"model_version": "1", "completions": [{"completion": "yo", "finish_reason": "maximum_tokens"}], "num_tokens_prompt_total": 1, "num_tokens_generated": 2});
    let events = call(
        "api.aleph-alpha.com",
        "/complete",
        &body,
        json_response(&answer.to_string()),
    );
    assert_eq!(said(&events), [some("user", "hi")]);
    assert_eq!(one(&events, "ai.request")["data"]["image_count"], 1);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        (&data["finish_reason"], &data["usage"]["total_tokens"]),
        (&json!("length"), &json!(3))
    );

    let body = json!({"prompt": "hi", "maxTokens": 9, "presencePenalty": {"scale": 0.5}});
    let answer = json!({"id": "x", "completions": [{"data": {"text": "yo"}, "finishReason": {"reason": "length"}}]});
    let events = call(
        "api.ai21.com",
        "/studio/v1/j2-ultra/complete",
        &body,
        json_response(&answer.to_string()),
    );
    let data = &one(&events, "ai.request")["data"];
    assert_eq!(
        (
            &data["model"]["id"],
            &data["parameters"]["presence_penalty"]
        ),
        (&json!("j2-ultra"), &json!(0.5))
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["finish_reason"],
        "length"
    );
}

#[test]
fn writer_is_told_from_cohere_by_its_body() {
    let body = json!({"model": "palmyra-x4", "messages": [{"role": "user", "content": "hi"}]});
    let answer = json!({"id": "w", "choices": [{"index": 0, "message": {"content": "yo"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1, "prompt_token_details": {"cached_tokens": 2}}});
    let events = call(
        "gateway.example.com",
        "/v1/chat",
        &body,
        json_response(&answer.to_string()),
    );
    assert_eq!(
        one(&events, "ai.request")["attrs"]["oisp.dialect"],
        "writer.chat"
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["usage"]["cached_tokens"],
        2
    );
}

#[test]
fn other_traffic_on_such_paths_makes_no_event() {
    let others = [
        ("/v1/chat", json!({"room": 1, "text": "hi"})),
        ("/v1/generate", json!({"prompt": "a report"})),
        ("/v1/embed", json!({"texts": ["a"]})),
        ("/v1/rerank", json!({"query": {"near": 1}, "documents": 3})),
        ("/complete", json!({"prompt": "done?", "task": 1})),
    ];
    for (path, body) in others {
        let events = call("app.example.com", path, &body, json_response("{}"));
        assert!(of_type(&events, "ai.request").is_empty(), "{path}");
    }
}
