//! Pictures, speech and transcripts of OpenAI's API, uploads included.

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

/// A POST of a form: name, further parameters and fields of the head, content.
fn form(host: &str, path: &str, parts: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (name, more, content) in parts {
        body.push_str(&format!(
            "--made-up\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--made-up--\r\n");
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=made-up\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn stream(events: &[Value]) -> Vec<u8> {
    let events: Vec<_> = events
        .iter()
        .map(|event| format!("data: {event}"))
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The events, which are the same byte by byte.
fn both_ways(request: &[u8], response: &[u8]) -> Vec<Value> {
    let whole = events(&[Out(request.to_vec()), In(response.to_vec()), Close]);
    let out = request.iter().map(|byte| Out(vec![*byte]));
    let bytes = out.chain(response.iter().map(|byte| In(vec![*byte])));
    let split = events(&bytes.chain([Close]).collect::<Vec<_>>());
    assert_eq!(whole.len(), split.len());
    for (one, other) in whole.iter().zip(&split) {
        assert_eq!(one["ext"], other["ext"]);
        assert_eq!(one["data"]["choices"], other["data"]["choices"]);
        assert_eq!(one["data"]["messages"], other["data"]["messages"]);
    }
    whole
}

fn output(events: &[Value]) -> &Value {
    &one(events, "ai.response")["ext"]["oisp"]["output_parts"]
}

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

#[test]
fn speech_is_bytes_or_events_with_bytes() {
    let body =
        json!({"model": "tts-1", "input": "say it", "instructions": "softly", "voice": "alloy"});
    let audio = response("Content-Type: audio/mpeg\r\n", &[0xff, 0xfb, 0x00]);
    let events = call("/v1/audio/speech", &body, audio);
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["request_type"], "audio");
    assert_eq!(
        request["data"]["messages"][0],
        json!({"role": "system", "content": "softly", "content_length": 6})
    );
    assert_eq!(request["data"]["messages"][1]["content"], "say it");
    assert_eq!(request["attrs"]["oisp.request.voice"], "alloy");
    let part = &output(&events)[0];
    assert_eq!(
        (&part["length"], &part["mime_type"]),
        (&json!(3), &json!("audio/mpeg"))
    );
    let hash = part["hash"].clone();

    let pieces = stream(&[
        json!({"type": "speech.audio.delta", "audio": "//s="}),
        json!({"type": "speech.audio.delta", "audio": "AA=="}),
        json!({"type": "speech.audio.done", "usage": {"input_tokens": 2, "output_tokens": 8, "total_tokens": 10}}),
    ]);
    let request = post("api.openai.com", "/v1/audio/speech", "", &body.to_string());
    let events = both_ways(&request, &pieces);
    assert_eq!(output(&events)[0]["hash"], hash);
    assert_eq!(
        one(&events, "ai.response")["data"]["usage"]["total_tokens"],
        10
    );

    let lost = pieces
        .windows(4)
        .position(|window| window == b"//s=")
        .unwrap();
    let steps = [
        Out(request),
        In(pieces[..lost].to_vec()),
        GapIn(4),
        In(pieces[lost + 4..].to_vec()),
        Close,
    ];
    let events = support::events(&steps);
    assert!(
        output(&events)[0].get("hash").is_none(),
        "half of it has no hash"
    );
    assert_eq!(
        one(&events, "ai.response")["confidence"]["completeness"],
        "partial"
    );
}

fn transcribe(answer: &[u8]) -> Vec<Value> {
    let audio = "; filename=\"a.wav\"\r\nContent-Type: audio/wav";
    let parts = [
        ("file", audio, "RIFF"),
        ("model", "", "whisper-1"),
        ("prompt", "", "names: Ana"),
        ("temperature", "", "0.5"),
        ("language", "", "en"),
    ];
    let request = form("api.openai.com", "/v1/audio/transcriptions", &parts);
    both_ways(&request, answer)
}

fn transcript(events: &[Value]) -> &Value {
    &one(events, "ai.response")["data"]["choices"][0]["message"]["content"]
}

#[test]
fn a_transcription_is_read_in_every_form() {
    let verbose = json!({"task": "transcribe", "language": "english", "duration": 9.5, "text": "hello Ana", "segments": [], "usage": {"type": "duration", "seconds": 10}});
    let events = transcribe(&json_response(&verbose.to_string()));
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["model"]["id"], "whisper-1");
    assert_eq!(request["data"]["messages"][0]["content"], "names: Ana");
    assert_eq!(request["data"]["parameters"]["temperature"], 0.5);
    assert_eq!(request["attrs"]["oisp.request.language"], "en");
    let heard = &request["ext"]["oisp"]["input_messages"][0]["parts"][0];
    assert_eq!(
        (&heard["modality"], &heard["length"]),
        (&json!("audio"), &json!(4))
    );
    let response = one(&events, "ai.response");
    assert_eq!(transcript(&events), "hello Ana");
    assert!(
        response["data"].get("usage").is_none(),
        "no tokens were told"
    );
    assert_eq!(response["attrs"]["oisp.usage.seconds"], 10);

    let tokens = json!({"text": "hello", "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 4, "total_tokens": 18, "input_token_details": {"text_tokens": 0, "audio_tokens": 14}}});
    let events = transcribe(&json_response(&tokens.to_string()));
    assert_eq!(
        one(&events, "ai.response")["data"]["usage"]["prompt_tokens"],
        14
    );
    assert_eq!(
        one(&events, "ai.response")["attrs"]["gen_ai.usage.audio.input_tokens"],
        14
    );

    let text = transcribe(&response_of("text/plain; charset=utf-8", "hello Ana\n"));
    assert_eq!(transcript(&text), "hello Ana");
    let subtitles = "1\n00:00:00,000 --> 00:00:01,000\nhello";
    assert_eq!(
        transcript(&transcribe(&response_of("text/plain", subtitles))),
        subtitles
    );
    let page = transcribe(&response_of("text/html", "<html>"));
    assert_eq!(
        one(&page, "ai.response")["confidence"]["reasons"][0],
        "body_not_readable"
    );
}

fn response_of(kind: &str, body: &str) -> Vec<u8> {
    response(&format!("Content-Type: {kind}\r\n"), body.as_bytes())
}

#[test]
fn a_streamed_transcription_is_its_last_event() {
    let events = transcribe(&stream(&[
        json!({"type": "transcript.text.delta", "delta": "hel"}),
        json!({"type": "transcript.text.delta", "delta": "lo"}),
        json!({"type": "transcript.text.done", "text": "hello", "usage": {"type": "tokens", "input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}),
    ]));
    assert_eq!(transcript(&events), "hello");
    assert_eq!(
        one(&events, "ai.response")["data"]["usage"]["total_tokens"],
        3
    );
    let events = transcribe(&stream(&[
        json!({"type": "transcript.text.delta", "delta": "hel"}),
        json!({"error": {"message": "broke"}}),
    ]));
    assert_eq!(transcript(&events), "hel");
    assert_eq!(
        one(&events, "ai.response")["data"]["error"]["message"],
        "broke"
    );
}

#[test]
fn forms_for_others_are_nobodys_business() {
    let parts = [
        ("file", "; filename=\"a\"", "x"),
        ("model", "", "m"),
        ("messages", "", "[]"),
    ];
    let upload = form("files.example", "/upload", &parts);
    assert!(events(&[Out(upload), In(json_response("{}")), Close]).is_empty());
    let files = form(
        "api.openai.com",
        "/v1/files",
        &[
            ("purpose", "", "batch"),
            ("file", "; filename=\"a\"", "{\"model\":1,\"messages\":[]}"),
        ],
    );
    assert!(events(&[Out(files), In(json_response("{}")), Close]).is_empty());
}

#[test]
fn a_form_that_was_not_captured_whole_is_partial() {
    let request = form(
        "api.openai.com",
        "/v1/audio/transcriptions",
        &[
            ("file", "; filename=\"a\"", "RIFF"),
            ("model", "", "whisper-1"),
        ],
    );
    let at = request.len() - 20;
    let steps = [
        Out(request[..at].to_vec()),
        GapOut(5),
        Out(request[at + 5..].to_vec()),
        In(json_response(r#"{"text":"hi"}"#)),
        Close,
    ];
    let events = events(&steps);
    let request = one(&events, "ai.request");
    assert_eq!(request["confidence"]["completeness"], "partial");
    assert!(request["data"].get("model").is_none());
    assert_eq!(transcript(&events), "hi");
}
