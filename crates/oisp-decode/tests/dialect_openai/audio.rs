//! Speech and transcripts, and forms in general.

use serde_json::{Value, json};

use crate::support::*;
use crate::wire::{both_ways, call_to as call, form, output, stream};

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
    let events = crate::support::events(&steps);
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
    let events = crate::support::events(&steps);
    let request = one(&events, "ai.request");
    assert_eq!(request["confidence"]["completeness"], "partial");
    assert!(request["data"].get("model").is_none());
    assert_eq!(transcript(&events), "hi");
}
