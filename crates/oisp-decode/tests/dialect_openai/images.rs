//! Pictures, made and edited.

use serde_json::json;

use crate::support::*;
use crate::wire::{both_ways, call_to as call, form, output, stream};

#[test]
fn pictures_stand_as_length_and_hash_or_url() {
    let body = json!({"model": "gpt-image-1", "prompt": "a cat", "n": 2, "size": "1024x1024"});
    let answer = json!({
        "created": 1, "output_format": "webp",
        "data": [{"b64_json": "AAECAw==", "revised_prompt": "a grey cat"}, {"url": "https://pics.example/1.png"}],
        "usage": {"input_tokens": 5, "output_tokens": 100, "total_tokens": 105, "input_tokens_details": {"text_tokens": 5, "image_tokens": 0}}
    });
    let events = call(
        "/v1/images/generations",
        &body,
        json_response(&answer.to_string()),
    );
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["request_type"], "image");
    assert_eq!(request["data"]["messages"][0]["content"], "a cat");
    assert_eq!(request["attrs"]["gen_ai.request.choice.count"], 2);
    assert_eq!(request["attrs"]["gen_ai.output.type"], "image");
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "full");
    assert_eq!(
        response["data"]["usage"],
        json!({"prompt_tokens": 5, "completion_tokens": 100, "total_tokens": 105})
    );
    let parts = output(&events);
    assert_eq!(
        (&parts[0]["length"], &parts[0]["mime_type"]),
        (&json!(4), &json!("image/webp"))
    );
    assert_eq!(parts[1], json!({"type": "text", "content": "a grey cat"}));
    assert_eq!(parts[2]["uri"], "https://pics.example/1.png");
    assert!(!response.to_string().contains("AAEC"));
}

#[test]
fn an_edit_is_a_form_with_pictures() {
    let file = "; filename=\"a.png\"\r\nContent-Type: image/png";
    let parts = [
        ("model", "", "gpt-image-1"),
        ("prompt", "", "add a hat"),
        ("n", "", "3"),
        ("stream", "", "true"),
        ("image[]", file, "PNG1"),
        ("image[]", file, "PNG22"),
        ("mask", file, "M"),
    ];
    let request = form("api.openai.com", "/v1/images/edits", &parts);
    let answer = stream(&[
        json!({"type": "image_edit.partial_image", "b64_json": "AA==", "partial_image_index": 0}),
        json!({"type": "image_edit.completed", "b64_json": "AAECAw==", "output_format": "png", "usage": {"input_tokens": 7, "output_tokens": 9, "total_tokens": 16}}),
    ]);
    let events = both_ways(&request, &answer);
    let request = one(&events, "ai.request");
    let data = &request["data"];
    assert_eq!(
        (&data["model"]["id"], &data["streaming"]),
        (&json!("gpt-image-1"), &json!(true))
    );
    assert_eq!(data["messages"][0]["content"], "add a hat");
    assert_eq!(data["image_count"], 3);
    assert_eq!(request["attrs"]["gen_ai.request.choice.count"], 3);
    let given = &request["ext"]["oisp"]["input_messages"][0]["parts"];
    assert_eq!(
        (
            &given[1]["length"],
            &given[1]["filename"],
            &given[1]["mime_type"]
        ),
        (&json!(5), &json!("a.png"), &json!("image/png"))
    );
    let response = one(&events, "ai.response");
    assert_eq!(
        output(&events).as_array().unwrap().len(),
        1,
        "the picture that is done"
    );
    assert_eq!(output(&events)[0]["length"], 4);
    assert_eq!(response["data"]["usage"]["total_tokens"], 16);
    assert!(response["data"]["time_to_first_token_ms"].is_number());
}

#[test]
fn an_edit_may_be_json_and_may_fail() {
    let body = json!({"model": "m", "prompt": "p", "images": [{"image_url": "https://pics.example/a.png"}, {"file_id": "file-1"}]});
    let error = stream(&[
        json!({"type": "error", "error": {"type": "t", "message": "blocked", "code": "moderation_blocked"}}),
    ]);
    let events = call("/v1/images/edits", &body, error);
    let given = &one(&events, "ai.request")["ext"]["oisp"]["input_messages"][0]["parts"];
    assert_eq!(given[0]["uri"], "https://pics.example/a.png");
    assert_eq!(given[1]["file_id"], "file-1");
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"type": "t", "message": "blocked", "code": "moderation_blocked"})
    );
    assert_eq!(data["success"], false);
}
