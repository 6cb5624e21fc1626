//! OpenAI's completions, embeddings, moderations, batches and assistants.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn call(path: &str, body: &Value, response: Vec<u8>) -> Vec<Value> {
    let request = post("api.openai.com", path, "", &body.to_string());
    events(&[Out(request), In(response), Close])
}

fn stream(events: &[(&str, Value)]) -> Vec<u8> {
    let events: Vec<_> = events
        .iter()
        .map(|(name, event)| match *name {
            "" => format!("data: {event}"),
            name => format!("event: {name}\ndata: {event}"),
        })
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

fn contents(request: &Value) -> Vec<Option<&str>> {
    let messages = request["data"]["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["content"].as_str())
        .collect()
}

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
    let wire = stream(&[
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
        stream(&[("", json!({"value": "a"})), ("", json!({"value": "b"}))]),
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "ab"
    );
    let events = call(
        "/v1/completions",
        &ask,
        stream(&[("error", json!({"message": "full"}))]),
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
fn a_run_asks_for_tools_and_gets_them() {
    let body = json!({"assistant_id": "asst_1", "model": "gpt-4o", "instructions": "be kind", "additional_messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "tools": [{"type": "function", "function": {"name": "ls"}}, {"type": "file_search"}]});
    let run = json!({"id": "run_1", "object": "thread.run", "assistant_id": "asst_1", "thread_id": "thread_1", "model": "gpt-4o-1", "status": "requires_action", "usage": null, "last_error": null,
        "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "ls", "arguments": "{\"p\":1}"}}]}}});
    let events = call(
        "/v1/threads/thread_1/runs",
        &body,
        json_response(&run.to_string()),
    );
    let request = one(&events, "ai.request");
    assert_eq!(
        (
            &request["data"]["request_type"],
            &request["attrs"]["oisp.dialect"]
        ),
        (&json!("other"), &json!("openai.assistants"))
    );
    assert_eq!(contents(request), [Some("be kind"), Some("hi")]);
    assert_eq!(request["attrs"]["gen_ai.agent.id"], "asst_1");
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["model"]["id"], "gpt-4o-1");
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        data["tool_calls"][0],
        json!({"id": "call_1", "name": "ls", "type": "function", "arguments": {"p": 1}})
    );

    let outputs = json!({"tool_outputs": [{"tool_call_id": "call_1", "output": "a.txt"}]});
    let queued = json!({"id": "run_1", "object": "thread.run", "status": "queued"});
    let later = call(
        "/v1/threads/thread_1/runs/run_1/submit_tool_outputs",
        &outputs,
        json_response(&queued.to_string()),
    );
    let message = &one(&later, "ai.request")["data"]["messages"][0];
    assert_eq!(
        (
            &message["role"],
            &message["tool_call_id"],
            &message["content"]
        ),
        (&json!("tool"), &json!("call_1"), &json!("a.txt"))
    );
    assert_eq!(
        one(&later, "ai.request")["data"]["conversation_id"],
        request["data"]["conversation_id"]
    );
    let response = one(&later, "ai.response");
    assert!(response["data"].get("finish_reason").is_none());
    assert_eq!(response["confidence"]["completeness"], "full");
}

#[test]
fn a_streamed_run_joins_its_messages() {
    let say = |text: &str| {
        (
            "thread.message.delta",
            json!({"object": "thread.message.delta", "delta": {"content": [{"index": 0, "type": "text", "text": {"value": text}}]}}),
        )
    };
    let step = |call: Value| {
        (
            "thread.run.step.delta",
            json!({"object": "thread.run.step.delta", "delta": {"step_details": {"type": "tool_calls", "tool_calls": [call]}}}),
        )
    };
    let wire = stream(&[
        (
            "thread.run.created",
            json!({"object": "thread.run", "id": "run_1", "model": "m-1", "status": "queued"}),
        ),
        step(
            json!({"index": 0, "id": "call_1", "type": "code_interpreter", "code_interpreter": {"input": "1+", "outputs": []}}),
        ),
        step(json!({"index": 0, "type": "code_interpreter", "code_interpreter": {"input": "1"}})),
        step(
            json!({"index": 0, "type": "code_interpreter", "code_interpreter": {"outputs": [{"type": "logs", "logs": "2"}]}}),
        ),
        say("it "),
        say("is 2"),
        (
            "thread.run.completed",
            json!({"object": "thread.run", "id": "run_1", "model": "m-1", "status": "completed", "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}),
        ),
    ]);
    let request = post(
        "api.openai.com",
        "/v1/threads/runs",
        "OpenAI-Beta: assistants=v2\r\n",
        r#"{"assistant_id":"a","stream":true,"thread":{"messages":[{"role":"user","content":"1+1?"}]}}"#,
    );
    let mut steps = vec![Out(request)];
    steps.extend(wire.iter().map(|byte| In(vec![*byte])));
    let events = events(&steps);
    assert_eq!(contents(one(&events, "ai.request")), [Some("1+1?")]);
    let response = one(&events, "ai.response");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        "it is 2"
    );
    assert_eq!(
        response["data"]["tool_calls"][0]["type"],
        "code_interpreter"
    );
    assert_eq!(response["data"]["tool_calls"][0]["arguments"], "1+1");
    assert_eq!(
        (
            &response["data"]["finish_reason"],
            &response["data"]["usage"]["total_tokens"]
        ),
        (&json!("stop"), &json!(7))
    );
    assert_eq!(
        response["ext"]["oisp"]["output_messages"][0]["parts"][0]["response"][0]["logs"],
        "2"
    );
}

#[test]
fn a_run_that_failed_says_why_and_other_threads_are_no_calls() {
    let run = json!({"id": "run_1", "status": "failed", "last_error": {"code": "rate_limit_exceeded", "message": "slow down"}});
    let events = call(
        "/v1/threads/thread_1/runs",
        &json!({"assistant_id": "a"}),
        json_response(&run.to_string()),
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"message": "slow down", "code": "rate_limit_exceeded"})
    );
    for path in [
        "/threads/6f1c/runs",
        "/v1/threads/thread_1/messages",
        "/v1/threads",
        "/v1/threads/thread_1/runs/run_1/cancel",
    ] {
        assert!(
            call(
                path,
                &json!({"assistant_id": "a", "input": {}}),
                json_response("{}")
            )
            .is_empty(),
            "{path}"
        );
    }
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
