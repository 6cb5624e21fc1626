//! The Responses API: every kind of item, counts, compaction.

use serde_json::{Value, json};

use crate::support::*;
use crate::wire::{answered_responses as answered, call_to as call, text_of};

#[test]
fn a_request_keeps_every_kind_of_item() {
    let body = json!({
        "model": "m", "instructions": "be kind", "conversation": {"id": "conv_1"}, "previous_response_id": "resp_0",
        "reasoning": {"effort": "high"}, "text": {"format": {"type": "json_schema"}}, "truncation": "auto", "background": true,
        "prompt": {"id": "pmpt_1", "version": "2"}, "service_tier": "priority",
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []},
        "tools": [{"type": "mcp", "server_label": "s"}, {"type": "computer_use_preview"}, {"type": "file_search"}, {"type": "code_interpreter"}],
        "input": [
            {"role": "developer", "content": "rules"},
            {"role": "user", "content": [{"type": "input_text", "text": "see"}, {"type": "input_image", "file_id": "file-1"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAEC"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "zzz"},
            {"type": "mcp_call", "id": "mcp_1", "name": "ask", "server_label": "s", "arguments": "{\"q\":1}", "output": "found"},
            {"type": "custom_tool_call", "call_id": "c1", "name": "sh", "input": "ls"},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
            {"type": "computer_call_output", "call_id": "c2", "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAEC"}},
            {"type": "shell_call_output", "call_id": "c3", "output": [{"stdout": "out", "stderr": "err", "outcome": {"type": "exit", "exit_code": 0}}]},
            {"type": "local_shell_call_output", "id": "c4", "output": "done"},
            {"type": "mcp_approval_response", "approval_request_id": "r", "approve": true},
            {"type": "item_reference", "id": "msg_1"},
            {"id": "msg_2"},
            {"type": "compaction", "encrypted_content": "zzz"}
        ]
    });
    let events = call(
        "/v1/responses",
        &body,
        json_response(r#"{"id":"r","status":"completed","output":[]}"#),
    );
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
                message["tool_call_id"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("system", Some("be kind"), None),
            ("system", Some("rules"), None),
            ("user", Some("see"), None),
            ("assistant", None, None),
            ("assistant", None, None),
            ("assistant", None, None),
            ("tool", Some("a\nb"), Some("c1")),
            ("tool", None, Some("c2")),
            ("tool", Some("out\nerr"), Some("c3")),
            ("tool", Some("done"), Some("c4")),
            ("user", None, None),
            ("assistant", None, None),
            ("assistant", None, None),
            ("assistant", None, None),
        ]
    );
    assert_eq!(data["tool_choice"], "auto");
    let kinds: Vec<_> = data["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["other", "computer_use", "file_search", "code_interpreter"]
    );
    let attrs = &request["attrs"];
    assert_eq!(attrs["gen_ai.request.previous_response.id"], "resp_0");
    assert_eq!(attrs["gen_ai.request.reasoning.level"], "high");
    assert_eq!(attrs["gen_ai.output.type"], "json");
    assert_eq!(attrs["gen_ai.prompt.name"], "pmpt_1");
    assert_eq!(attrs["oisp.request.background"], true);
    let parts = &request["ext"]["oisp"]["input_messages"];
    assert_eq!(parts[0]["parts"][0]["file_id"], "file-1");
    assert_eq!(
        (
            &parts[0]["parts"][1]["length"],
            &parts[0]["parts"][1]["filename"]
        ),
        (&json!(3), &json!("a.pdf"))
    );
    assert_eq!(parts[1]["parts"][0]["content"], "hm");
    assert_eq!(
        parts[2]["parts"][0],
        json!({"type": "server_tool_call", "id": "mcp_1", "name": "ask", "arguments": {"q": 1}})
    );
    assert_eq!(parts[2]["parts"][1]["response"], "found");
    assert_eq!(parts[4]["parts"][0]["length"], 3);
    assert_eq!(
        parts[5]["parts"][0],
        json!({"type": "mcp_approval_response", "id": "r", "approve": true, "reason": null})
    );
    assert!(!request.to_string().contains("zzz"));
}

#[test]
fn an_answer_keeps_every_kind_of_item() {
    let body = json!({
        "id": "resp", "model": "m-1", "status": "completed", "service_tier": "default", "error": null,
        "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, "cost_in_usd_ticks": 5_000_000_000_u64,
                  "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2}, "output_tokens_details": {"reasoning_tokens": 1}},
        "output": [
            {"type": "mcp_list_tools", "id": "l", "server_label": "s", "tools": [{"name": "ask", "input_schema": {}}]},
            {"type": "code_interpreter_call", "id": "ci", "code": "1+1", "container_id": "x", "outputs": [{"type": "logs", "logs": "2"}, {"type": "image", "url": "data:image/png;base64,AAEC"}]},
            {"type": "file_search_call", "id": "fs", "queries": ["q"], "results": null},
            {"type": "image_generation_call", "id": "ig", "result": "AAECAw==", "output_format": "png", "revised_prompt": "a cat"},
            {"type": "mcp_call", "id": "mc", "name": "ask", "server_label": "s", "arguments": "{}", "output": null, "error": "refused"},
            {"type": "shell_call", "call_id": "sh", "action": {"commands": ["ls"]}, "environment": {"type": "container_reference"}},
            {"type": "shell_call_output", "call_id": "sh", "output": [{"stdout": "a"}]},
            {"type": "tool_search_call", "id": "ts", "execution": "server", "arguments": {"q": 1}},
            {"type": "custom_tool_call", "id": "ctc", "call_id": "xs_call_1", "name": "x_keyword_search", "input": "{\"query\":\"q\"}"},
            {"type": "mcp_approval_request", "id": "ar", "name": "rm", "server_label": "s", "arguments": "{\"f\":1}"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "see", "annotations": [{"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 3}]}]},
            {"type": "shell_call", "call_id": "lo", "action": {"commands": ["pwd"]}, "environment": {"type": "local"}},
            {"type": "apply_patch_call", "call_id": "ap", "operation": {"type": "delete_file", "path": "a"}},
            {"type": "compaction", "encrypted_content": "zzz"}
        ]
    });
    let response = answered(json_response(&body.to_string()));
    let data = &response["data"];
    assert_eq!(text_of(&response), "see");
    let calls: Vec<_> = data["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| {
            (
                call["type"].as_str().unwrap(),
                call["id"].as_str().unwrap(),
                call["arguments"].clone(),
            )
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("code_interpreter_call", "ci", json!({"code": "1+1"})),
            ("file_search_call", "fs", json!({"queries": ["q"]})),
            ("image_generation_call", "ig", json!("")),
            ("mcp_call", "mc", json!({})),
            ("shell_call", "sh", json!({"commands": ["ls"]})),
            ("tool_search_call", "ts", json!({"q": 1})),
            ("custom_tool_call", "xs_call_1", json!({"query": "q"})),
            ("function", "lo", json!({"commands": ["pwd"]})),
            (
                "function",
                "ap",
                json!({"type": "delete_file", "path": "a"})
            ),
        ]
    );
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cached_tokens": 3, "reasoning_tokens": 1, "total_cost_usd": 0.5})
    );
    assert_eq!(
        response["attrs"]["gen_ai.usage.cache_creation.input_tokens"],
        2
    );
    let parts = response["ext"]["oisp"]["output_messages"][0]["parts"]
        .as_array()
        .unwrap();
    assert_eq!(parts[0]["tools"], json!(["ask"]));
    assert_eq!(parts[1]["response"][0]["logs"], "2");
    assert_eq!(parts[1]["response"][1]["url"]["length"], 3);
    assert_eq!(
        (&parts[2]["length"], &parts[2]["mime_type"]),
        (&json!(4), &json!("image/png"))
    );
    assert_eq!(parts[3], json!({"type": "text", "content": "a cat"}));
    assert_eq!(parts[4]["response"], "refused");
    assert_eq!(
        (&parts[5]["id"], &parts[5]["response"][0]["stdout"]),
        (&json!("sh"), &json!("a"))
    );
    assert_eq!(parts[6]["arguments"], json!({"f": 1}));
    assert_eq!(parts[7]["sources"][0]["url"], "https://a.example");
    assert_eq!(parts[8], json!({"type": "compaction"}));
    assert!(!response.to_string().contains("zzz"));
}

#[test]
fn refusals_and_ends_have_their_words() {
    let refusal = json!({"id": "r", "status": "completed", "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}]});
    let response = answered(json_response(&refusal.to_string()));
    assert_eq!(response["data"]["finish_reason"], "content_filter");
    let ends = [
        (
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
            json!("content_filter"),
        ),
        (json!({"status": "cancelled"}), json!("other")),
        (json!({"status": "queued"}), Value::Null),
    ];
    for (mut end, word) in ends {
        end["output"] = json!([]);
        let response = answered(json_response(&end.to_string()));
        assert_eq!(response["data"]["finish_reason"], word, "{end}");
    }
}

#[test]
fn counts_and_compactions_are_no_chat() {
    let body = json!({"model": "m", "input": "hi"});
    let counted = json_response(r#"{"object":"response.input_tokens","input_tokens":11}"#);
    let events = call("/v1/responses/input_tokens", &body, counted);
    assert_eq!(one(&events, "ai.request")["data"]["request_type"], "other");
    let response = one(&events, "ai.response");
    assert_eq!(
        response["ext"]["oisp"]["output_parts"][0],
        json!({"type": "token_count", "input_tokens": 11})
    );
    assert_eq!(response["confidence"]["completeness"], "full");
    assert!(response["data"].get("usage").is_none());

    let compacted = json_response(
        r#"{"id":"r","object":"response.compaction","output":[{"type":"compaction","encrypted_content":"z"}],"usage":{"input_tokens":5,"output_tokens":2}}"#,
    );
    let events = call("/v1/responses/compact", &body, compacted);
    assert_eq!(
        one(&events, "ai.request")["attrs"]["oisp.dialect"],
        "openai.responses.compact"
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["usage"]["total_tokens"],
        7
    );
}

#[test]
fn only_bodies_of_the_api_are_calls() {
    let ok = || json_response("{}");
    for (path, body) in [
        ("/v1/forms/7/responses", json!({"input": "hi"})),
        ("/v1/responses", json!({"answers": []})),
        ("/responses", json!({"input": "hi"})),
    ] {
        assert!(call(path, &body, ok()).is_empty(), "{path}");
    }
    for path in [
        "/responses",
        "/backend-api/codex/responses",
        "/openai/responses?api-version=1",
        "/openai/v1/responses",
    ] {
        let events = call(
            path,
            &json!({"model": "m", "input": [{"role": "user", "content": "hi"}]}),
            ok(),
        );
        assert_eq!(
            one(&events, "ai.request")["attrs"]["oisp.dialect"],
            "openai.responses",
            "{path}"
        );
    }
}
