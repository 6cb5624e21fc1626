//! Runs of assistants.

use serde_json::{Value, json};

use crate::support::*;
use crate::wire::{call_to as call, contents, events_stream};

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
    let wire = events_stream(&[
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
