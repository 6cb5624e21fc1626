//! Requests of chat completions.

use serde_json::json;

use crate::support::*;
use crate::wire::{answered_chat as answered, call, parts};

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
