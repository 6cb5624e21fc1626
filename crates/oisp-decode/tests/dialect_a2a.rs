//! Messages to other agents, in both versions and both bindings.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

const HOST: &str = "agent.example.test";

fn rpc(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": "r-1", "method": method, "params": params})
}

fn result(result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": "r-1", "result": result})
}

fn ask(path: &str, body: &Value) -> Step {
    Out(post(HOST, path, "", &body.to_string()))
}

fn exchange(path: &str, body: &Value, answer: Vec<u8>) -> Vec<Value> {
    events(&[ask(path, body), In(answer), Close])
}

fn document(body: &Value) -> Vec<u8> {
    json_response(&body.to_string())
}

fn stream(messages: &[Value]) -> Vec<u8> {
    let events: Vec<_> = messages
        .iter()
        .map(|message| format!("data: {message}"))
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Bytewise, the answer must be the same to the last field.
fn streamed(path: &str, body: &Value, messages: &[Value]) -> Vec<Value> {
    let wire = stream(messages);
    let whole = exchange(path, body, wire.clone());
    let mut steps = vec![ask(path, body)];
    steps.extend(wire.iter().map(|byte| In(vec![*byte])));
    steps.push(Close);
    let said = |events: &[Value]| one(events, "ai.response")["data"]["choices"].clone();
    assert_eq!(said(&events(&steps)), said(&whole));
    whole
}

fn old_message() -> Value {
    rpc(
        "message/send",
        json!({"message": {"kind": "message", "role": "user", "messageId": "m-1", "contextId": "c-1", "taskId": "t-0",
            "parts": [{"kind": "text", "text": "book"}, {"kind": "text", "text": "a table"},
                      {"kind": "file", "file": {"name": "map.png", "mimeType": "image/png", "bytes": "AAAA"}},
                      {"kind": "data", "data": {"seats": 2}}]}}),
    )
}

fn new_message(text: &str) -> Value {
    json!({"message": {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"text": text}]}})
}

#[test]
fn a_message_with_every_kind_of_part() {
    let answer = result(
        json!({"kind": "message", "role": "agent", "messageId": "m-2", "contextId": "c-1",
               "parts": [{"kind": "text", "text": "do"}, {"kind": "text", "text": "ne"}]}),
    );
    let events = exchange("/a2a", &old_message(), document(&answer));
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["request_type"], "other");
    assert_eq!(request["data"]["streaming"], false);
    let message = &request["data"]["messages"][0];
    assert_eq!(message["role"], "user");
    assert_eq!(message["content"], "book\na table");
    assert_eq!(message["has_images"], true);
    let parts = &request["ext"]["oisp"]["input_messages"][0]["parts"];
    assert_eq!(parts[0]["length"], 3);
    assert_eq!(parts[0]["name"], "map.png");
    assert_eq!(parts[1], json!({"type": "data", "data": {"seats": 2}}));
    let attrs = &request["attrs"];
    assert_eq!(attrs["oisp.dialect"], "a2a");
    assert_eq!(attrs["gen_ai.operation.name"], "invoke_agent");
    assert_eq!(attrs["rpc.method"], "message/send");
    assert_eq!(attrs["jsonrpc.request.id"], "r-1");
    assert_eq!(attrs["oisp.a2a.context_id"], "c-1");
    assert_eq!(attrs["oisp.a2a.task_id"], "t-0");
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "done");
    assert_eq!(response["data"]["success"], true);
    assert_eq!(response["attrs"]["gen_ai.response.id"], "m-2");
}

#[test]
fn one_context_is_one_conversation() {
    let ask_in = |context: &str| {
        let mut message = old_message();
        message["params"]["message"]["contextId"] = context.into();
        ask("/a2a", &message)
    };
    let answer = || In(document(&result(json!({"kind": "message", "parts": []}))));
    let events = events(&[
        ask_in("c-1"),
        answer(),
        ask_in("c-2"),
        answer(),
        ask_in("c-1"),
        answer(),
    ]);
    let ids: Vec<_> = of_type(&events, "ai.request")
        .iter()
        .map(|event| event["data"]["conversation_id"].clone())
        .collect();
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_task_gives_its_artifacts_or_what_it_says() {
    let outcome = |task: Value| {
        let events = exchange(
            "/",
            &rpc("SendMessage", new_message("x")),
            document(&result(json!({"task": task}))),
        );
        one(&events, "ai.response").clone()
    };
    let done = outcome(
        json!({"id": "t-1", "contextId": "c-9", "status": {"state": "TASK_STATE_COMPLETED", "message": {"parts": [{"text": "all done"}]}},
        "artifacts": [{"artifactId": "a", "parts": [{"text": "one "}, {"url": "https://files.example.test/p.pdf", "mediaType": "application/pdf"}]},
                      {"artifactId": "b", "parts": [{"text": "two"}, {"raw": "AAAA", "filename": "x.bin"}]}],
        "history": [{"role": "ROLE_USER", "parts": [{"text": "x"}]}]}),
    );
    let choice = &done["data"]["choices"][0];
    assert_eq!(choice["message"]["content"], "one two");
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(
        done["attrs"]["gen_ai.response.finish_reasons"],
        json!(["TASK_STATE_COMPLETED"])
    );
    assert_eq!(done["attrs"]["oisp.a2a.context_id"], "c-9");
    let parts = &done["ext"]["oisp"]["output_messages"][0]["parts"];
    assert_eq!(parts[0]["uri"], "https://files.example.test/p.pdf");
    assert_eq!(parts[1]["length"], 3);
    let asks = outcome(
        json!({"id": "t-1", "status": {"state": "TASK_STATE_INPUT_REQUIRED", "message": {"parts": [{"text": "which day?"}]}}}),
    );
    assert_eq!(
        asks["data"]["choices"][0]["message"]["content"],
        "which day?"
    );
    assert_eq!(asks["data"]["choices"][0]["finish_reason"], "other");
    let failed = outcome(
        json!({"id": "t-1", "status": {"state": "TASK_STATE_FAILED", "message": {"parts": [{"text": "no tables"}]}}}),
    );
    assert_eq!(failed["data"]["success"], false);
    assert_eq!(
        failed["data"]["error"],
        json!({"type": "task_failed", "message": "no tables"})
    );
    let begun = outcome(json!({"id": "t-1", "status": {"state": "TASK_STATE_SUBMITTED"}}));
    assert_eq!(begun["data"]["choices"][0].get("finish_reason"), None);
    assert_eq!(begun["confidence"]["completeness"], "full");
}

#[test]
fn artifacts_grow_in_a_stream_of_0_3() {
    let artifact = |id: &str, text: &str, append: bool| {
        result(
            json!({"kind": "artifact-update", "taskId": "t-1", "contextId": "c-1", "append": append, "lastChunk": false,
            "artifact": {"artifactId": id, "parts": [{"kind": "text", "text": text}]}}),
        )
    };
    let status = |state: &str, last: bool| {
        result(
            json!({"kind": "status-update", "taskId": "t-1", "final": last, "status": {"state": state,
            "message": {"role": "agent", "parts": [{"kind": "text", "text": "a moment"}]}}}),
        )
    };
    let events = streamed(
        "/a2a",
        &rpc("message/stream", old_message()["params"].clone()),
        &[
            result(json!({"kind": "task", "id": "t-1", "status": {"state": "submitted"}})),
            status("working", false),
            artifact("a", "Hel", false),
            artifact("b", "World", false),
            artifact("a", "lo ", true),
            artifact("b", "draft", false),
            artifact("b", " 🌍", true),
            artifact("lost", "never begun", true),
            result(
                json!({"kind": "status-update", "taskId": "t-1", "final": true, "status": {"state": "completed"}}),
            ),
        ],
    );
    let response = one(&events, "ai.response");
    let choice = &response["data"]["choices"][0];
    assert_eq!(choice["message"]["content"], "Hello draft 🌍");
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(one(&events, "ai.request")["data"]["streaming"], true);
    assert!(response["data"]["time_to_first_token_ms"].is_number());
    assert_eq!(response["attrs"]["oisp.a2a.task_id"], "t-1");
}

#[test]
fn http_and_json_of_both_versions() {
    let new = streamed(
        "/tenant/message:stream",
        &new_message("hi"),
        &[
            json!({"task": {"id": "t", "status": {"state": "TASK_STATE_WORKING"}}}),
            json!({"artifactUpdate": {"artifact": {"artifactId": "a", "parts": [{"text": "par"}]}}}),
            json!({"artifactUpdate": {"append": true, "artifact": {"artifactId": "a", "parts": [{"text": "tial"}]}, "lastChunk": true}}),
            json!({"statusUpdate": {"taskId": "t", "status": {"state": "TASK_STATE_COMPLETED"}}}),
        ],
    );
    assert_eq!(
        one(&new, "ai.response")["data"]["choices"][0]["message"]["content"],
        "partial"
    );
    let old = json!({"request": {"message_id": "m", "role": "ROLE_USER", "context_id": "c-7",
        "content": [{"text": "hi"}, {"file": {"file_with_uri": "https://x.test/a", "mime_type": "audio/wav"}}]}});
    let answer = json!({"message": {"messageId": "m-2", "role": "ROLE_AGENT", "content": [{"text": "hello"}]}});
    let events = exchange("/v1/message:send", &old, document(&answer));
    let request = one(&events, "ai.request");
    assert_eq!(
        request["confidence"]["ai_detection_method"],
        "known_endpoint"
    );
    assert_eq!(request["data"]["messages"][0]["content"], "hi");
    assert_eq!(request["attrs"]["oisp.a2a.context_id"], "c-7");
    assert_eq!(
        request["ext"]["oisp"]["input_messages"][0]["parts"][0]["modality"],
        "audio"
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "hello"
    );
}

#[test]
fn errors_of_both_bindings() {
    let of_rpc = exchange(
        "/a2a",
        &rpc("SendMessage", new_message("x")),
        document(
            &json!({"jsonrpc": "2.0", "id": "r-1", "error": {"code": -32004, "message": "unsupported"}}),
        ),
    );
    let error = &one(&of_rpc, "ai.response")["data"]["error"];
    assert_eq!(*error, json!({"message": "unsupported", "code": "-32004"}));
    let body = json!({"error": {"code": 404, "status": "NOT_FOUND", "message": "no such task"}})
        .to_string();
    let refused = format!(
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let of_rest = exchange("/message:send", &new_message("x"), refused.into_bytes());
    let response = &one(&of_rest, "ai.response")["data"];
    assert_eq!(response["success"], false);
    assert_eq!(response["error"]["type"], "NOT_FOUND");
}

#[test]
fn a_question_about_a_task_fetches_its_answer() {
    let task = json!({"kind": "task", "id": "t-1", "status": {"state": "completed"},
                      "artifacts": [{"artifactId": "a", "parts": [{"kind": "text", "text": "late"}]}]});
    for (method, answer) in [
        ("tasks/get", task.clone()),
        (
            "GetTask",
            json!({"id": "t-1", "status": {"state": "TASK_STATE_COMPLETED"}, "artifacts": task["artifacts"]}),
        ),
    ] {
        let events = exchange(
            "/a2a",
            &rpc(method, json!({"id": "t-1"})),
            document(&result(answer)),
        );
        let request = one(&events, "ai.request");
        assert_eq!(request["attrs"]["gen_ai.operation.name"], "fetch_response");
        assert_eq!(request["attrs"]["oisp.a2a.task_id"], "t-1");
        assert_eq!(
            one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
            "late"
        );
    }
}

#[test]
fn text_is_never_joined_over_a_gap() {
    let artifact = |text: &str, append: bool| {
        format!(
            "data: {}\n\n",
            result(
                json!({"artifactUpdate": {"append": append, "artifact": {"artifactId": "a", "parts": [{"text": text}]}}})
            )
        )
    };
    let (first, lost, last) = (
        artifact("one ", false),
        artifact("two ", true),
        artifact("three", true),
    );
    let said = "data: {\"jsonrpc\":\"2.0\",\"result\":{\"statusUpdate\":{\"status\":{\"state\":\"TASK_STATE_COMPLETED\",\"message\":{\"parts\":[{\"text\":\"ok\"}]}}}}}\n\n";
    let length = first.len() + lost.len() + last.len() + said.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {length}\r\n\r\n"
    );
    let events = events(&[
        ask("/a2a", &rpc("SendStreamingMessage", new_message("x"))),
        inn(&(head + &first)),
        GapIn(lost.len() as u64),
        inn(&(last + said)),
        Close,
    ]);
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "one ");
    assert_eq!(response["confidence"]["completeness"], "partial");
}

#[test]
fn what_is_no_message_to_an_agent_makes_no_event() {
    for (path, body) in [
        ("/a2a", rpc("SendMessage", json!({"to": "bob"}))),
        ("/a2a", rpc("tasks/get", json!({"taskId": "t"}))),
        ("/a2a", rpc("ListTasks", json!({}))),
        (
            "/v1/projects/p/messages:send",
            json!({"message": {"token": "x"}}),
        ),
        ("/message:send", json!({"message": "hello"})),
    ] {
        let events = exchange(path, &body, document(&json!({"ok": true})));
        assert!(events.is_empty(), "{path} {body}: {events:#?}");
    }
}
