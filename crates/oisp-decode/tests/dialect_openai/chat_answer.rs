//! Answers of chat completions, of OpenAI and the compatible servers.

use serde_json::json;

use crate::support::*;
use crate::wire::{answered_chat as answered, call, parts};

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
